/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes, pairs, cookies, and the target of a request: what comes out, and what is refused. */
#include "common/http/form.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/http/percent.h"
#include "common/http/target.h"
#include "tests/lib/unit.h"

static struct arena arena;

START_TEST(escapes)
{
    static const struct {
        const char *text;
        bool plus;
        const char *decoded; /* NULL: refused */
    } cases[] = {
        {"", false, ""},      {"abc", false, "abc"}, {"a%20b", false, "a b"}, {"a+b", false, "a+b"},
        {"a+b", true, "a b"}, {"%2B", true, "+"},    {"%c3%B6", false, "ö"},  {"%ff", false, "?"},
        {"%c3", false, "?"},  {"\xff", false, "?"},  {"%25zz", false, "%zz"}, {"%", false, NULL},
        {"%4", false, NULL},  {"a%4", false, NULL},  {"%zz", false, NULL},    {"%-1", false, NULL},
        {"% 1", false, NULL}, {"%00", false, NULL},  {"a%00b", false, NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *decoded = NULL;
        int r = percent_decode(&arena, str_from(cases[i].text), cases[i].plus, &decoded);

        ck_assert_msg(r == (cases[i].decoded ? 0 : PERCENT_BAD), "%s", cases[i].text);
        if (cases[i].decoded)
            ck_assert_str_eq(decoded, cases[i].decoded);
        else
            ck_assert_ptr_null(decoded);
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(a_nul_is_refused)
{
    char *decoded;

    ck_assert_int_eq(percent_decode(&arena, (struct str){"a\0b", 3}, false, &decoded), PERCENT_BAD);
    arena_fini(&arena);
}
END_TEST

START_TEST(pairs)
{
    struct form f;

    ck_assert_int_eq(form_parse(&arena, STR("a=1&b=x+y%21%3D&&c&=e&a=2&d=1=2"), &f), 0);
    ck_assert_uint_eq(f.n, 6);
    ck_assert_str_eq(form_get(&f, "a"), "1");
    ck_assert_str_eq(form_get(&f, "b"), "x y!=");
    ck_assert_str_eq(form_get(&f, "c"), "");
    ck_assert_str_eq(form_get(&f, ""), "e");
    ck_assert_str_eq(form_get(&f, "d"), "1=2");
    ck_assert_ptr_null(form_get(&f, "e"));
    ck_assert_int_eq(form_parse(&arena, STR(""), &f), 0);
    ck_assert_uint_eq(f.n, 0);
    ck_assert_int_eq(form_parse(&arena, STR("a=1&b=%"), &f), FORM_BAD);
    ck_assert_int_eq(form_parse(&arena, STR("%0=1"), &f), FORM_BAD);
    ck_assert_uint_eq(f.n, 0);
    arena_fini(&arena);
}
END_TEST

START_TEST(number_of_pairs)
{
    char text[2 * FORM_FIELDS_MAX + 2];
    struct form f;

    memset(text, '&', sizeof(text)); /* empty pairs do not count */
    ck_assert_int_eq(form_parse(&arena, (struct str){text, sizeof(text)}, &f), 0);
    for (size_t i = 0; i < sizeof(text); i += 2)
        text[i] = 'a';
    ck_assert_int_eq(form_parse(&arena, (struct str){text, sizeof(text) - 2}, &f), 0);
    ck_assert_uint_eq(f.n, FORM_FIELDS_MAX);
    ck_assert_int_eq(form_parse(&arena, (struct str){text, sizeof(text)}, &f), FORM_TOO_MANY);
    arena_fini(&arena);
}
END_TEST

START_TEST(cookies)
{
    static const struct {
        const char *header, *value; /* NULL: none */
    } cases[] = {
        {"s=1", "1"},   {"a=b; s=1", "1"},      {"a=b;s=1;c", "1"}, {"s=\"1 2\"", "1 2"},
        {"s=", ""},     {"s=a=b", "a=b"},       {"s=1; s=2", "1"},  {" s = 1 ", "1"},
        {"xs=1", NULL}, {"sx=1", NULL},         {"s", NULL},        {"", NULL},
        {";;;", NULL},  {"a=\"; s=1\"", "1\""}, {"S=1", NULL},      {"s=\"", "\""},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct str value = cookie_find(str_from(cases[i].header), STR("s"));

        ck_assert_msg((value.p != NULL) == (cases[i].value != NULL), "%s", cases[i].header);
        ck_assert_msg(!cases[i].value || str_eq(value, str_from(cases[i].value)), "%s: %.*s",
                      cases[i].header, (int)value.n, value.p);
    }
}
END_TEST

START_TEST(targets)
{
    static const struct {
        const char *raw, *base;
        int result;
        const char *path, *local, *a; /* the value of a in the query */
    } cases[] = {
        {"/", "", 0, "/", "/", NULL},
        {"/x%20y?a=1+2", "", 0, "/x y", "/x%20y?a=1+2", "1 2"},
        {"/x?", "", 0, "/x", "/x?", NULL},
        {"/x??a=1", "", 0, "/x", "/x??a=1", NULL},
        {"/x+y", "", 0, "/x+y", "/x+y", NULL},
        {"/a/../b", "", 0, "/a/../b", "/a/../b", NULL},
        {"http://host:1/x?a=1", "", 0, "/x", "/x?a=1", "1"},
        {"https://host", "", 0, "/", "/", NULL},
        {"/s/x?a=1", "/s", 0, "/x", "/x?a=1", "1"},
        {"/s", "/s", 0, "/", "/", NULL},
        {"/s/", "/s", 0, "/", "/", NULL},
        {"/s?a=1", "/s", 0, "/", "/?a=1", "1"},
        {"/sx", "/s", TARGET_OUTSIDE, NULL, NULL, NULL},
        {"/", "/s", TARGET_OUTSIDE, NULL, NULL, NULL},
        {"", "", TARGET_BAD, NULL, NULL, NULL},
        {"*", "", TARGET_BAD, NULL, NULL, NULL},
        {"x", "", TARGET_BAD, NULL, NULL, NULL},
        {"host:80", "", TARGET_BAD, NULL, NULL, NULL},
        {"ftp://host/x", "", TARGET_BAD, NULL, NULL, NULL},
        {"/%00", "", TARGET_BAD, NULL, NULL, NULL},
        {"/%2", "", TARGET_BAD, NULL, NULL, NULL},
        {"/?a=%2", "", TARGET_BAD, NULL, NULL, NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct target t;
        const char *a;

        ck_assert_msg(target_parse(&arena, cases[i].raw, cases[i].base, &t) == cases[i].result,
                      "%s", cases[i].raw);
        if (cases[i].result)
            continue;
        ck_assert_str_eq(t.path, cases[i].path);
        ck_assert_str_eq(t.local, cases[i].local);
        a = form_get(&t.query, "a");
        ck_assert_msg(a && cases[i].a ? strcmp(a, cases[i].a) == 0 : a == cases[i].a, "%s",
                      cases[i].raw);
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(json_objects)
{
    static const struct {
        const char *text;
        int result;
        const char *fields; /* as name=value;… */
    } cases[] = {
        {"{}", 0, ""},
        {"{\"a\":\"x\\u00e9\",\"b\":-2,\"c\":true,\"d\":null}", 0, "a=x\xc3\xa9;b=-2;c=true;"},
        {"{\"id\":[\"1\",\"2\"],\"e\":[]}", 0, "id=1;id=2;"},
        {"{\"a\":{}}", FORM_BAD, NULL},
        {"{\"a\":[1]}", FORM_BAD, NULL},
        {"{\"a\":1.5}", FORM_BAD, NULL},
        {"{\"a\":1,\"a\":2}", FORM_BAD, NULL},
        {"{\"a\":\"\\u0000\"}", FORM_BAD, NULL},
        {"{\"a\":1}x", FORM_BAD, NULL},
        {"[]", FORM_BAD, NULL},
        {"{", FORM_BAD, NULL},
        {"\"x\"", FORM_BAD, NULL},
        {"", FORM_BAD, NULL},
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *got = "";
        struct form f;

        ck_assert_msg(form_parse_json(&a, str_from(cases[i].text), &f) == cases[i].result, "%s",
                      cases[i].text);
        for (size_t k = 0; !cases[i].result && k < f.n; k++)
            got = arena_printf(&a, "%s%s=%s;", got, f.fields[k].name, f.fields[k].value);
        if (!cases[i].result)
            ck_assert_str_eq(got, cases[i].fields);
    }
}
END_TEST

START_TEST(json_of_too_many_values)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *text = "{\"a\":[\"\"";
    struct form f;

    for (size_t i = 1; i < FORM_FIELDS_MAX; i++)
        text = arena_printf(&a, "%s,\"\"", text);
    ck_assert_int_eq(form_parse_json(&a, str_from(arena_printf(&a, "%s]}", text)), &f), 0);
    ck_assert_uint_eq(f.n, FORM_FIELDS_MAX);
    ck_assert_int_eq(form_parse_json(&a, str_from(arena_printf(&a, "%s,\"\"]}", text)), &f),
                     FORM_TOO_MANY);
}
END_TEST

UNIT_MAIN("http/form", json_objects, json_of_too_many_values, escapes, a_nul_is_refused, pairs,
          number_of_pairs, cookies, targets)
