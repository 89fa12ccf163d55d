/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* Whatever bytes go in, the writer's output is JSON that jansson reads back; the bounds are counted
 * as jansson would build them. */
#include "common/report/jsontext.h"

#include <string.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(members_and_elements)
{
    _cleanup_buf_ struct buf b;

    buf_init(&b, 1000);
    jsontext_object(&b, NULL);
    jsontext_string(&b, "a", "x");
    jsontext_string(&b, "missing", NULL);
    jsontext_int(&b, "b", -5);
    jsontext_array(&b, "c");
    jsontext_hex(&b, NULL, UINT64_MAX);
    jsontext_bool(&b, NULL, false);
    jsontext_object(&b, NULL);
    jsontext_end_object(&b);
    jsontext_end_array(&b);
    jsontext_bool(&b, "d", true);
    jsontext_end_object(&b);
    ck_assert_str_eq(buf_text(&b),
                     "{\"a\":\"x\",\"b\":-5,\"c\":[\"0xffffffffffffffff\",false,{}],\"d\":true}");
}
END_TEST

/* Each byte alone, and each pair with a lead byte, as value and as key. */
START_TEST(any_bytes_become_json)
{
    for (int high = 0; high < 256; high++) {
        for (int low = 0; low < 256; low++) {
            char text[] = {(char)high, (char)low, 'z'};
            _cleanup_buf_ struct buf b;
            json_t *v;

            buf_init(&b, 100);
            jsontext_array(&b, NULL);
            jsontext_slice(&b, NULL, (struct str){text, sizeof(text)});
            jsontext_end_array(&b);
            v = json_loadb(buf_text(&b), b.len, JSON_ALLOW_NUL, NULL);
            ck_assert_msg(v != NULL, "%02x %02x: %s", high, low, buf_text(&b));
            ck_assert_int_eq(json_string_value(json_array_get(
                                 v, 0))[json_string_length(json_array_get(v, 0)) - 1],
                             'z');
            json_decref(v);
        }
    }
}
END_TEST

START_TEST(text_survives)
{
    static const char text[] = "quote \" backslash \\ newline \n tab \t euro \xe2\x82\xac"
                               "\xc3\xa9\"\xc3\xa9\\\xf0\x9f\x90\x8e\"\xe2\x82\xac\n";
    _cleanup_buf_ struct buf b;
    json_t *v;

    buf_init(&b, 1000);
    jsontext_object(&b, NULL);
    jsontext_string(&b, text, text);
    jsontext_end_object(&b);
    v = json_loads(buf_text(&b), 0, NULL);
    ck_assert_ptr_nonnull(v);
    ck_assert_str_eq(json_string_value(json_object_get(v, text)), text);
    json_decref(v);
}
END_TEST

START_TEST(numbers_are_whole)
{
    _cleanup_buf_ struct buf b;

    buf_init(&b, 1000);
    jsontext_array(&b, NULL);
    jsontext_int(&b, NULL, INT64_MIN);
    jsontext_int(&b, NULL, INT64_MAX);
    jsontext_int(&b, NULL, 0);
    jsontext_hex(&b, NULL, 0);
    jsontext_hex(&b, NULL, 0xa0b);
    jsontext_end_array(&b);
    ck_assert_str_eq(buf_text(&b),
                     "[-9223372036854775808,9223372036854775807,0,\"0x0\",\"0xa0b\"]");
}
END_TEST

static const struct {
    const char *json;
    unsigned depth;
    size_t values;
    bool bounded;
} bounds[] = {
    {"1", 0, 1, true},
    {"[]", 1, 2, true},
    {"[]", 0, 2, false},
    {"[[[]]]", 3, 10, true},
    {"[[[]]]", 2, 10, false},
    {"[{},{},{}]", 2, 10, true},
    {"[1,2,3]", 1, 4, true},
    {"[1,2,3]", 1, 3, false},
    {"{\"a\":1,\"b\":2}", 1, 3, true},
    {"{\"a\":1,\"b\":2}", 1, 2, false},
    {"\"[[[[[[\"", 0, 1, true},
    {"\"\\\"[[[[[[,,,\"", 0, 1, true},
    {"[\"\\\\\",[[]]]", 2, 10, false},
    {"]]]]]]", 0, 1, true},
    {"\"unended [[[ \\", 0, 1, true},
    {"", 0, 1, true},
};

START_TEST(bounded)
{
    ck_assert_msg(jsontext_bounded(str_from(bounds[_i].json), bounds[_i].depth,
                                   bounds[_i].values) == bounds[_i].bounded,
                  "%s", bounds[_i].json);
}
END_TEST

UNIT_TABLES_MAIN("report/jsontext", {members_and_elements, 1}, {any_bytes_become_json, 1},
                 {text_survives, 1}, {numbers_are_whole, 1}, {bounded, ARRAY_SIZE(bounds)})
