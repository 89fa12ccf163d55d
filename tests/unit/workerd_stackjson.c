/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* The JSON of corral-workerd --fingerprint: what is accepted, where a mistake is said to be, what
 * comes out. */
#include "workerd/grouping/stackjson.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/ruleset.h"
#include "workerd/grouping/title.h"
#include "tests/lib/unit.h"

START_TEST(everything_may_be_missing)
{
    static const char *const texts[] = {
        "{}", "{\"frames\":[]}", "{\"frames\":null,\"signal\":null,\"x\":[1]}", "{\"frames\":[{}]}",
        "{\"frames\":[{\"function\":null,\"line\":null}]}"};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        _cleanup_arena_ struct arena a;
        struct stackjson_error error;
        struct crash_stack s;
        struct grouping g;

        arena_init(&a, 0);
        ck_assert_int_eq(stackjson_parse(str_from(texts[i]), &a, &s, &error), 0);
        fingerprint_make(ruleset_shipped(), &s, &a, &g);
        ck_assert_str_eq(title_make(&s, &g, &a), "crash");
    }
}
END_TEST

START_TEST(all_members)
{
    static const char text[] = "{\"signal\":\"segv\",\"si_code\":\"SEGV_MAPERR\",\"message\":\"m\","
                               "\"executable\":\"/bin/x\",\"frames\":["
                               "{\"function\":\"f\",\"file\":\"a.c\",\"line\":3,\"module\":\"/lib/"
                               "l.so\",\"build_id\":\"AB01\",\"offset\":\"0x1f\",\"inline\":true},"
                               "{\"function\":\"??\",\"offset\":31},{\"function\":\"<signal "
                               "handler called>\"},{\"offset\":\"31\"}]}";
    _cleanup_arena_ struct arena a;
    struct stackjson_error error;
    struct crash_stack s;

    arena_init(&a, 0);
    ck_assert_int_eq(stackjson_parse(str_from(text), &a, &s, &error), 0);
    ck_assert_int_eq(s.signal, SIGSEGV);
    ck_assert_str_eq(s.message, "m");
    ck_assert_str_eq(s.executable, "/bin/x");
    ck_assert_uint_eq(s.n_frames, 4);
    ck_assert_str_eq(s.frames[0].build_id, "ab01");
    ck_assert_uint_eq(s.frames[0].line, 3);
    ck_assert(s.frames[0].inlined);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(s.frames[i].offset, i == 2 ? 0 : 31);
    ck_assert_ptr_null(s.frames[1].function);
    ck_assert(s.frames[2].signal);
}
END_TEST

static const struct {
    const char *text;
    int line, column; /* of a syntax error */
    const char *pointer;
} mistakes[] = {
    {"", 1, 0, NULL},
    {"{\n \"frames\": [,]\n}", 2, 13, NULL},
    {"{\"a\":1,\"a\":2}", 1, 10, NULL},
    {"[]", 0, 0, "/"},
    {"{\"signal\":\"SIGNONE\"}", 0, 0, "/signal"},
    {"{\"signal\":65}", 0, 0, "/signal"},
    {"{\"signal\":1.5}", 0, 0, "/signal"},
    {"{\"si_code\":[]}", 0, 0, "/si_code"},
    {"{\"message\":1}", 0, 0, "/message"},
    {"{\"frames\":{}}", 0, 0, "/frames"},
    {"{\"frames\":[{},1]}", 0, 0, "/frames/1"},
    {"{\"frames\":[{},{},{\"line\":\"x\"}]}", 0, 0, "/frames/2/line"},
    {"{\"frames\":[{\"line\":-1}]}", 0, 0, "/frames/0/line"},
    {"{\"frames\":[{\"line\":4294967296}]}", 0, 0, "/frames/0/line"},
    {"{\"frames\":[{\"build_id\":\"xyz\"}]}", 0, 0, "/frames/0/build_id"},
    {"{\"frames\":[{\"offset\":\"0x\"}]}", 0, 0, "/frames/0/offset"},
    {"{\"frames\":[{\"offset\":-1}]}", 0, 0, "/frames/0/offset"},
    {"{\"frames\":[{\"inline\":2}]}", 0, 0, "/frames/0/inline"},
    {"{\"frames\":[{\"function\":\"a\\u0000\"}]}", 1, 30, NULL},
    {"{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}", 0, 0, "/"},
};

START_TEST(mistakes_have_a_place)
{
    _cleanup_arena_ struct arena a;
    struct stackjson_error error;
    struct crash_stack s = {.signal = 77};

    arena_init(&a, 0);
    ck_assert_int_eq(stackjson_parse(str_from(mistakes[_i].text), &a, &s, &error), -EBADMSG);
    ck_assert_int_eq(s.signal, 77);
    ck_assert(error.message[0] != '\0');
    if (mistakes[_i].pointer)
        ck_assert_str_eq(error.pointer, mistakes[_i].pointer);
    else
        ck_assert_int_eq(error.line, mistakes[_i].line);
    if (mistakes[_i].column > 0)
        ck_assert_msg(error.column > 0, "%s", mistakes[_i].text);
}
END_TEST

START_TEST(output)
{
    _cleanup_arena_ struct arena a;
    _cleanup_buf_ struct buf b;
    struct stackjson_error error;
    struct crash_stack s;
    struct grouping g;
    json_t *v;

    arena_init(&a, 0);
    buf_init(&b, 10000);
    ck_assert_int_eq(
        stackjson_parse(
            STR("{\"signal\":6,\"frames\":[{\"function\":\"abort\"},{\"function\":\"free\"},"
                "{\"function\":\"f(int)\",\"file\":\"/x/a.c\",\"line\":3}]}"),
            &a, &s, &error),
        0);
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    stackjson_format(&s, &g, title_make(&s, &g, &a), &b);
    v = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(v);
    ck_assert_str_eq(json_string_value(json_object_get(v, "title")),
                     "heap corruption in f() a.c:3");
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(v, "fingerprint"))), 64);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(v, "tags"), 0)),
                     "heap-corruption");
    ck_assert_uint_eq(json_array_size(json_object_get(v, "frames")), 3);
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_array_get(json_object_get(v, "frames"), 0), "verdict")),
                     "cut");
    ck_assert_str_eq(
        json_string_value(json_object_get(json_array_get(json_object_get(v, "frames"), 1), "rule")),
        "glibc-heap");
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_array_get(json_object_get(v, "frames"), 2), "verdict")),
                     "kept");
    ck_assert_str_eq(
        json_string_value(json_object_get(json_array_get(json_object_get(v, "frames"), 2), "name")),
        "f");
    json_decref(v);
}
END_TEST

UNIT_TABLES_MAIN("workerd/stackjson", {everything_may_be_missing, 1}, {all_members, 1},
                 {mistakes_have_a_place, ARRAY_SIZE(mistakes)}, {output, 1})
