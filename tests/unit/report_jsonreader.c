/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* The reader is held against jansson: what one of them refuses the other does, and what both take
 * has the same values. What jansson leaves to its caller (depth, number of values) as jsontree has
 * it. */
#include "common/report/jsonreader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/report/jsontext.h"
#include "tests/lib/jsontwin.h"
#include "tests/lib/unit.h"

#define VALUES_MAX 100u

static const char *const texts[] = {
    "",
    " ",
    "{}",
    " \t\r\n{ \t\r\n} \t\r\n",
    "{}x",
    "{}{}",
    "{",
    "}",
    "[]",
    "null",
    "1",
    "\v{}",
    "\xef\xbb\xbf{}",
    "{\"a\":1}",
    "{\"a\" : 1 , \"b\" : [ 1 , 2 ] }",
    "{\"a\":1,}",
    "{,\"a\":1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\"1}",
    "{a:1}",
    "{1:1}",
    "{\"a\":[1,]}",
    "{\"a\":[,1]}",
    "{\"a\":[1 2]}",
    "{\"a\":[1}",
    "{\"a\":{]}",
    /* words */
    "{\"a\":[true,false,null]}",
    "{\"a\":True}",
    "{\"a\":truex}",
    "{\"a\":tru}",
    "{\"a\":nul",
    "{\"a\":NaN}",
    "{\"a\":true1}",
    /* numbers */
    "{\"a\":[0,-0,1,-1,10,9223372036854775807,-9223372036854775808]}",
    "{\"a\":9223372036854775808}",
    "{\"a\":-9223372036854775809}",
    "{\"a\":99999999999999999999999999}",
    "{\"a\":01}",
    "{\"a\":00}",
    "{\"a\":-01}",
    "{\"a\":-}",
    "{\"a\":+1}",
    "{\"a\":--1}",
    "{\"a\":.5}",
    "{\"a\":5.}",
    "{\"a\":5.e1}",
    "{\"a\":[0.5,-0.0,1e5,1E+5,1e-5,1.25e0,0e0]}",
    "{\"a\":1e}",
    "{\"a\":1e+}",
    "{\"a\":1e1.5}",
    "{\"a\":1e308}",
    "{\"a\":1e309}",
    "{\"a\":-1e309}",
    "{\"a\":1e-400}",
    "{\"a\":99999999999999999999.5}",
    "{\"a\":0x10}",
    "{\"a\":1a}",
    "{\"a\":Infinity}",
    /* texts */
    "{\"a\":\"\"}",
    "{\"\":\"\"}",
    "{\"a\":\"b}",
    "{\"a\":\"b\\\"}",
    "{\"a\":\"b\\",
    "{\"a\":'b'}",
    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
    "{\"a\":\"\\a\"}",
    "{\"a\":\"\\v\"}",
    "{\"a\":\"\\'\"}",
    "{\"a\":\"\\0\"}",
    "{\"a\":\"\\U0041\"}",
    "{\"a\":\"\\u0041\\u00e9\\u20ac\\uABCD\\uabcd\"}",
    "{\"a\":\"\\u004\"}",
    "{\"a\":\"\\u004",
    "{\"a\":\"\\u00g1\"}",
    "{\"a\":\"\\u+041\"}",
    "{\"a\":\"\\u0000\"}",
    "{\"\\u0000\":1}",
    "{\"a\":\"x\\u0000y\"}",
    "{\"a\":\"\\ud83d\\udc0e\"}",
    "{\"a\":\"\\ud83d\"}",
    "{\"a\":\"\\ud83dx\"}",
    "{\"a\":\"\\ud83d\\n\"}",
    "{\"a\":\"\\ud83d\\ud83d\"}",
    "{\"a\":\"\\ud83d\\u0041\"}",
    "{\"a\":\"\\udc0e\"}",
    "{\"a\":\"\\udbff\\udfff\\ud800\\udc00\"}",
    "{\"a\":\"\\ud83d\\udc0",
    "{\"a\":\"line\nend\"}",
    "{\"a\":\"tab\tend\"}",
    "{\"a\":\"end\n\"}",
    "{\"a\":\"del\x7f\"}",
    "{\"a\":\"\x1f\"}",
    "{\"a\":\"\\\n\"}",
    "{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8e\xf4\x8f\xbf\xbf\"}",
    "{\"a\":\"\xc3\"}",
    "{\"a\":\"\xc3\\u00a9\"}",
    "{\"a\":\"\\\xc3\xa9\"}",
    "{\"a\":\"\xa9\"}",
    "{\"a\":\"\xc0\xaf\"}",
    "{\"a\":\"\xc1\xbf\"}",
    "{\"a\":\"\xe0\x80\xaf\"}",
    "{\"a\":\"\xed\xa0\x80\"}",
    "{\"a\":\"\xf4\x90\x80\x80\"}",
    "{\"a\":\"\xf5\x80\x80\x80\"}",
    "{\"a\":\"\xff\"}",
    "{\"a\":\xc3\xa9}",
    /* keys */
    "{\"a\":1,\"b\":2}",
    "{\"a\":1,\"a\":1}",
    "{\"a\":1,\"\\u0061\":1}",
    "{\"a\":1,\"b\":{\"a\":1}}",
    "{\"a\":[{\"x\":1,\"x\":1}]}",
    "{\"a\":{\"x\":1},\"a\":{}}",
    "{\"\":1,\"\":1}",
    "{\"ab\":1,\"ba\":1,\"aab\":1,\"aabb\":1,\"abab\":1,\"bb\":1,\"ab\":2}",
    "{\"\xc3\xa9\":1,\"\\u00e9\":1}",
    /* depth: JSON_DEPTH_MAX, and one more */
    "{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}",
    "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}",
    "{\"a\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[{}]}]}]}]}]}]}]}",
    "{\"a\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[]}]}]}]}]}]}]}]}",
    "{\"a\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[{\"b\":[1]}]}]}]}]}]}]}]}",
};

START_TEST(jansson_says_the_same)
{
    struct str text = str_from(texts[_i]);

    ck_assert_msg(jsontwin_agrees(text, VALUES_MAX), "%s", texts[_i]);
}
END_TEST

/* Bytes that no literal can have. */
START_TEST(a_nul_is_no_json)
{
    static const char inside[] = "{\"a\":\"x\0y\"}", between[] = "{\"a\":\0001}", behind[] = "{}\0";
    static const char after_number[] = "{\"a\":[0\0]}";

    ck_assert(jsontwin_agrees((struct str){inside, sizeof inside - 1}, VALUES_MAX));
    ck_assert(jsontwin_agrees((struct str){between, sizeof between - 1}, VALUES_MAX));
    ck_assert(jsontwin_agrees((struct str){behind, sizeof behind - 1}, VALUES_MAX));
    ck_assert(jsontwin_agrees((struct str){after_number, sizeof after_number - 1}, VALUES_MAX));
}
END_TEST

/* Each prefix of a text that has everything. */
START_TEST(what_is_cut_is_refused)
{
    static const char whole[] =
        " {\"a\" : [0, -12.5e+3, true, false, null, {}], \"\\ud83d\\udc0e\xe2\x82\xac\": \"\\n\"} ";

    for (size_t n = 0; n <= strlen(whole); n++)
        ck_assert_msg(jsontwin_agrees((struct str){whole, n}, VALUES_MAX), "%zu", n);
}
END_TEST

/* An array of n numbers, and an object of n members, the last with the key of `twin`. */
static void make_array(struct buf *b, size_t n)
{
    jsontext_array(b, "a");
    for (size_t i = 0; i < n; i++)
        jsontext_int(b, NULL, 1);
    jsontext_end_array(b);
}

static void make_object(struct buf *b, size_t n, size_t twin)
{
    char key[32];

    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof key, "key%zu", i + 1 == n ? twin : i);
        jsontext_int(b, key, 1);
    }
}

static bool agrees(const struct buf *b, size_t values_max)
{
    return jsontwin_agrees((struct str){buf_text(b), b->len}, values_max);
}

START_TEST(values_are_counted_alike)
{
    for (size_t n = VALUES_MAX - 5; n < VALUES_MAX + 5; n++) {
        _cleanup_buf_ struct buf b = BUF_INIT(10000);

        jsontext_object(&b, NULL);
        make_array(&b, n);
        jsontext_end_object(&b);
        ck_assert_msg(agrees(&b, VALUES_MAX), "%zu", n);
    }
}
END_TEST

/* Few keys, as many as are compared one by one, and many. */
START_TEST(a_key_given_twice_is_found_wherever_it_stands)
{
    static const size_t sizes[] = {2, 3, 30, 63, 64, 65, 66, 67, 1000};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        for (size_t twin = 0; twin < sizes[i]; twin += 1 + sizes[i] / 40) {
            _cleanup_buf_ struct buf b = BUF_INIT(100000);

            jsontext_object(&b, NULL);
            make_object(&b, sizes[i], twin);
            jsontext_end_object(&b);
            ck_assert_msg(agrees(&b, 10000), "%zu of %zu", twin, sizes[i]);
        }
    }
}
END_TEST

/* --- What the caller wants --- */

static struct jsonreader reader(const char *json, struct arena *a)
{
    struct jsonreader r;

    jsonreader_init(&r, str_from(json), VALUES_MAX, a);
    return r;
}

START_TEST(a_value_of_another_kind_is_a_mistake)
{
    static const char *const values[] = {"{}", "[]", "\"0xg\"", "1.5", "true1", "null"};

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct jsonreader integer = reader(values[i], &a), truth = reader(values[i], &a);
        struct jsonreader address = reader(values[i], &a);
        int64_t n = 7;
        uint64_t at = 7;
        bool yes = false;

        ck_assert(!jsonreader_integer(&integer, &n) && n == 7);
        ck_assert(!jsonreader_address(&address, &at) && at == 7);
        ck_assert_int_eq(jsonreader_end(&integer), -EBADMSG);
        ck_assert(!jsonreader_bool(&truth, &yes) || jsonreader_end(&truth) == -EBADMSG);
    }
}
END_TEST

START_TEST(a_text_longer_than_asked_for_is_a_mistake)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct jsonreader fits = reader("\"\\u20ac\"", &a), not = reader("\"\\u20ac\"", &a);
    struct str text = {0};

    ck_assert(jsonreader_text(&fits, 3, &text) && text.n == 3);
    ck_assert_int_eq(jsonreader_end(&fits), 0);
    ck_assert(!jsonreader_text(&not, 2, &text));
    ck_assert_int_eq(jsonreader_end(&not ), -EBADMSG);
}
END_TEST

START_TEST(after_a_mistake_there_is_nothing)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct jsonreader r = reader("{\"a\":1,\"b\":2}", &a);
    struct str key, text;

    jsonreader_object(&r);
    ck_assert(jsonreader_member(&r, &key) && str_eq(key, STR("a")));
    ck_assert(!jsonreader_text(&r, 10, &text));
    ck_assert(!jsonreader_member(&r, &key));
    ck_assert(!jsonreader_element(&r));
    ck_assert_int_eq(jsonreader_end(&r), -EBADMSG);
    jsonreader_fini(&r);
}
END_TEST

UNIT_TABLES_MAIN("report/jsonreader", {jansson_says_the_same, ARRAY_SIZE(texts)},
                 {a_nul_is_no_json, 1}, {what_is_cut_is_refused, 1}, {values_are_counted_alike, 1},
                 {a_key_given_twice_is_found_wherever_it_stands, 1},
                 {a_value_of_another_kind_is_a_mistake, 1},
                 {a_text_longer_than_asked_for_is_a_mistake, 1},
                 {after_a_mistake_there_is_nothing, 1})
