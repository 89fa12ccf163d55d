/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/app.h"

#include <fcntl.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define SAMPLE "etc/dashd.conf"

/* What -t would say; NULL when all is well. */
static const char *check(const char *text)
{
    struct dashd_conf conf = {0};
    struct conf_error e = {0};
    const char *wrong;

    conf_defaults(dashd_keys, dashd_keys_n, &conf);
    ck_assert_msg(conf_parse(dashd_keys, dashd_keys_n, str_from(text), &conf, &e) == 0, "%s",
                  e.message);
    wrong = dashd_conf_check(&conf);
    conf_fini(dashd_keys, dashd_keys_n, &conf);
    return wrong;
}

START_TEST(sample_is_the_table)
{
    _cleanup_buf_ struct buf expected, file;

    buf_init(&expected, CONF_FILE_MAX);
    buf_init(&file, CONF_FILE_MAX);
    conf_sample(dashd_keys, dashd_keys_n, "corral-dashd", &expected);
    ck_assert_int_eq(io_read_file(AT_FDCWD, SAMPLE, &file), 0);
    ck_assert_str_eq(buf_text(&file), buf_text(&expected));
    ck_assert_ptr_null(check(buf_text(&file)));
}
END_TEST

START_TEST(addresses_are_checked)
{
    static const char *const good[] = {"", "base_path = /corral", "base_path = /a/b",
                                       "public_url = https://crash.example/corral"};
    static const char *const bad[] = {
        "base_path = corral",         "base_path = /corral/",    "base_path = /",
        "base_path = /a b",           "base_path = '/a\"b'",     "base_path = /a;Secure",
        "public_url = crash.example", "public_url = https://x/", "public_url = javascript:a()",
        "public_url = \"http://a'b\""};

    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        ck_assert_msg(!check(good[i]), "%s: %s", good[i], check(good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(check(bad[i]), "%s is accepted", bad[i]);
}
END_TEST

UNIT_MAIN("dashd/app", sample_is_the_table, addresses_are_checked)
