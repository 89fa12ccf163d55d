/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: every type, every mistake with its line and its words. */
#include "common/base/conf.h"

#include <errno.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

struct sample {
    char *listen, *optional;
    bool enabled;
    uint64_t threads, core_max;
    int64_t timeout;
};

#define AT(member) offsetof(struct sample, member)
static const struct conf_key keys[] = {
    {"listen", CONF_TEXT, AT(listen), "127.0.0.1:8600", 0, 0, "Where to listen."},
    {"optional", CONF_TEXT, AT(optional), NULL, 0, 0, "May be missing."},
    {"enabled", CONF_BOOL, AT(enabled), "yes", 0, 0, "A switch."},
    {"threads", CONF_UINT, AT(threads), "4", 1, 64, "How many."},
    {"core_max", CONF_SIZE, AT(core_max), "2G", 1024, 0, "How large."},
    {"timeout", CONF_DURATION, AT(timeout), "10s", 0, 86400000000, "How long."},
};

static struct sample target;
static struct conf_error error;

static int parse(const char *text)
{
    conf_fini(keys, ARRAY_SIZE(keys), &target);
    conf_defaults(keys, ARRAY_SIZE(keys), &target);
    memset(&error, 0, sizeof(error));
    return conf_parse(keys, ARRAY_SIZE(keys), str_from(text), &target, &error);
}

START_TEST(defaults)
{
    ck_assert_int_eq(parse(""), 0);
    ck_assert_str_eq(target.listen, "127.0.0.1:8600");
    ck_assert_ptr_null(target.optional);
    ck_assert(target.enabled);
    ck_assert_uint_eq(target.threads, 4);
    ck_assert_uint_eq(target.core_max, 2ull << 30);
    ck_assert_int_eq(target.timeout, 10000000);
}
END_TEST

START_TEST(values)
{
    ck_assert_int_eq(parse("# comment\n\n listen = \"unix:/run/x y\"\nenabled=off\nthreads = 64\r\n"
                           "core_max = 512K\ntimeout = 5min\noptional ="),
                     0);
    ck_assert_str_eq(target.listen, "unix:/run/x y");
    ck_assert_str_eq(target.optional, "");
    ck_assert(!target.enabled);
    ck_assert_uint_eq(target.threads, 64);
    ck_assert_uint_eq(target.core_max, 512 << 10);
    ck_assert_int_eq(target.timeout, 300000000);
    ck_assert_int_eq(parse("timeout = 250 ms"), 0);
    ck_assert_int_eq(target.timeout, 250000);
}
END_TEST

START_TEST(mistakes)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *words;
    } cases[] = {
        {"lisen = x", 1, "unknown key \"lisen\"; did you mean \"listen\"?"},
        {"\n\ntime_out = 1s", 3, "did you mean \"timeout\"?"},
        {"threads = 4\nthreads = 5", 2, "given twice, first on line 1"},
        {"threads = 0", 1, "out of range: 1 to 64"},
        {"threads = four", 1, "must be a whole number, not \"four\""},
        {"core_max = 1", 1, "at least 1024 bytes"},
        {"core_max = 5X", 1, "must be a size"},
        {"core_max = 99999999999T", 1, "out of range"},
        {"timeout = 3 weeks", 1, "must be a duration"},
        {"enabled = maybe", 1, "must be yes or no"},
        {"[section]", 1, "sections are not used"},
        {"listen", 1, "expected `key = value`"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_msg(parse(cases[i].text) == -EINVAL, "%s", cases[i].text);
        ck_assert_msg(error.line == cases[i].line, "%s: line %u", cases[i].text, error.line);
        ck_assert_msg(strstr(error.message, cases[i].words) != NULL, "%s: %s", cases[i].text,
                      error.message);
    }
}
END_TEST

START_TEST(a_line_too_long_is_a_mistake)
{
    static char text[CONF_LINE_MAX + 20] = "listen = ";

    memset(text + 9, 'x', CONF_LINE_MAX);
    ck_assert_int_eq(parse(text), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error.message, "longer"));
}
END_TEST

START_TEST(a_missing_file_says_so)
{
    conf_fini(keys, ARRAY_SIZE(keys), &target);
    ck_assert_int_eq(conf_load(keys, ARRAY_SIZE(keys), "/no/such/file", &target, &error), -ENOENT);
    ck_assert_ptr_nonnull(strstr(error.message, "No such file"));
}
END_TEST

START_TEST(the_sample_is_valid_and_changes_nothing)
{
    _cleanup_buf_ struct buf b;

    buf_init(&b, CONF_FILE_MAX);
    conf_sample(keys, ARRAY_SIZE(keys), "sample", &b);
    ck_assert_int_eq(parse(buf_text(&b)), 0);
    ck_assert_uint_eq(target.threads, 4);
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "#core_max = 2G"));
}
END_TEST

UNIT_MAIN("base/conf", defaults, values, mistakes, a_line_too_long_is_a_mistake,
          a_missing_file_says_so, the_sample_is_valid_and_changes_nothing)
