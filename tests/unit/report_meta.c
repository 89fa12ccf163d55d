/* SPDX-License-Identifier: Apache-2.0 */
/* meta and record: round trips, and every way in which a report can be refused. */
#include "common/report/meta.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "common/report/record.h"
#include "tests/lib/unit.h"

#define ID "0192d0a1-7c4e-7abc-9def-0123456789ab"

static struct arena arena;
static struct crash_meta meta;
static struct meta_error error;

static int parse(const char *json)
{
    return meta_parse(str_from(json), &arena, &meta, &error);
}

static int set(const char *name, const char *value)
{
    return meta_set_field(&meta, &arena, str_from(name), str_from(value), &error);
}

START_TEST(missing_is_unknown)
{
    ck_assert_int_eq(parse("{}"), 0);
    ck_assert_ptr_null(meta.crash_id);
    ck_assert(meta.pid == META_UNKNOWN && meta.signal == META_UNKNOWN);
    ck_assert_int_eq(meta.encoding, CORE_IDENTITY);
    ck_assert_int_eq(parse("{\"pid\":null,\"future\":[1,{}]}"), 0);
    ck_assert(meta.pid == META_UNKNOWN);
}
END_TEST

START_TEST(round_trip)
{
    static const char text[] =
        "{\"crash_id\":\"" ID "\",\"timestamp\":\"2026-11-21T07:49:00.123456Z\","
        "\"hostname\":\"web1\",\"executable\":\"/usr/bin/\xc3\xa4\",\"pid\":42,\"uid\":4294967294,"
        "\"signal\":11,\"restricted\":true,\"encoding\":\"zstd\",\"core_bytes\":99,"
        "\"tags\":{\"stage\":\"prod\"},\"threads\":[{\"tid\":42,\"name\":\"main\"},{\"tid\":43}],"
        "\"modules\":[{\"path\":\"/usr/bin/x\",\"build_id\":\"abcd\",\"start\":\"0x7f0000000000\","
        "\"end\":\"0xffffffffffffffff\",\"offered\":true}]}";
    _cleanup_buf_ struct buf b;

    buf_init(&b, META_JSON_MAX);
    ck_assert_int_eq(parse(text), 0);
    ck_assert_uint_eq(meta.n_threads, 2);
    ck_assert_uint_eq(meta.modules[0].end, UINT64_MAX);
    ck_assert(meta.restricted && meta.modules[0].offered && meta.encoding == CORE_ZSTD);
    meta_format(&meta, &b);
    ck_assert_int_eq(buf_error(&b), 0);
    ck_assert_str_eq(buf_text(&b), text);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *json;
        int outcome;
        const char *pointer;
    } cases[] = {
        {"", META_MALFORMED, ""},
        {"[]", META_MALFORMED, ""},
        {"{\"pid\":1", META_MALFORMED, ""},
        {"{\"pid\":1,\"pid\":2}", META_MALFORMED, ""},
        {"{} {}", META_MALFORMED, ""},
        {"[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]", META_MALFORMED, ""},
        {"{\"pid\":\"1\"}", META_OUT_OF_BOUNDS, "/pid"},
        {"{\"pid\":-1}", META_OUT_OF_BOUNDS, "/pid"},
        {"{\"pid\":99999999999}", META_OUT_OF_BOUNDS, "/pid"},
        {"{\"hostname\":7}", META_OUT_OF_BOUNDS, "/hostname"},
        {"{\"timestamp\":\"yesterday\"}", META_OUT_OF_BOUNDS, "/timestamp"},
        {"{\"encoding\":\"gzip\"}", META_OUT_OF_BOUNDS, "/encoding"},
        {"{\"restricted\":1}", META_OUT_OF_BOUNDS, "/restricted"},
        {"{\"crash_id\":\"../../x\"}", META_OUT_OF_BOUNDS, "/crash_id"},
        {"{\"threads\":{}}", META_OUT_OF_BOUNDS, "/threads"},
        {"{\"threads\":[{\"tid\":1},{}]}", META_OUT_OF_BOUNDS, "/threads/1"},
        {"{\"modules\":[7]}", META_OUT_OF_BOUNDS, "/modules/0"},
        {"{\"modules\":[{\"build_id\":\"../x\"}]}", META_OUT_OF_BOUNDS, "/modules/0"},
        {"{\"modules\":[{\"start\":12}]}", META_OUT_OF_BOUNDS, "/modules/0"},
        {"{\"tags\":{\"a\":1}}", META_OUT_OF_BOUNDS, "/tags"},
        {"{\"log\":{}}", META_OUT_OF_BOUNDS, "/log"},
        {"{\"log\":[1]}", META_OUT_OF_BOUNDS, "/log"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_msg(parse(cases[i].json) == cases[i].outcome, "%s", cases[i].json);
        ck_assert_msg(strcmp(error.pointer, cases[i].pointer) == 0, "%s: %s", cases[i].json,
                      error.pointer);
        ck_assert_msg(cases[i].outcome == 0 || error.message[0], "%s: no message", cases[i].json);
    }
}
END_TEST

START_TEST(limits)
{
    _cleanup_buf_ struct buf b;

    buf_init(&b, META_JSON_MAX);
    buf_adds(&b, "{\"threads\":[");
    for (int i = 0; i <= META_THREADS_MAX; i++)
        buf_printf(&b, "%s{\"tid\":%d}", i ? "," : "", i);
    buf_adds(&b, "]}");
    ck_assert_int_eq(parse(buf_text(&b)), META_OUT_OF_BOUNDS);
    ck_assert_str_eq(error.pointer, "/threads");
    buf_clear(&b);
    buf_adds(&b, "{\"executable\":\"");
    for (int i = 0; i <= META_TEXT_MAX; i++)
        buf_addc(&b, 'x');
    buf_adds(&b, "\"}");
    ck_assert_int_eq(parse(buf_text(&b)), META_OUT_OF_BOUNDS);
    ck_assert_str_eq(error.pointer, "/executable");
}
END_TEST

START_TEST(lists_of_texts)
{
    static const char text[] =
        "{\"oom_score_adj\":-1000,\"open_files\":[\"0 /dev/null\"],\"environment\":[\"LANG=C\","
        "\"TOKEN\"],\"cut\":true,\"cut_fields\":[\"command_line\"]}";
    _cleanup_buf_ struct buf b = BUF_INIT(META_JSON_MAX);

    ck_assert_int_eq(parse(text), 0);
    ck_assert_uint_eq(meta.environment.n, 2);
    meta_cut(&meta, &arena, "threads");
    meta_cut(&meta, &arena, "command_line"); /* once is enough */
    ck_assert_uint_eq(meta.cut_fields.n, 2);
    meta_format(&meta, &b);
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "\"cut_fields\":[\"command_line\",\"threads\"]"));
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "\"environment\":[\"LANG=C\",\"TOKEN\"]"));
    ck_assert_int_eq(set("environment", "A=b"), META_MALFORMED);
    buf_clear(&b);
    buf_adds(&b, "{\"open_files\":[\"x\"");
    for (int i = 0; i < META_OPEN_FILES_MAX; i++)
        buf_adds(&b, ",\"x\"");
    buf_adds(&b, "]}");
    ck_assert_int_eq(parse(buf_text(&b)), META_OUT_OF_BOUNDS);
    ck_assert_str_eq(error.pointer, "/open_files");
}
END_TEST

/* A list may have been read, and then is full. */
START_TEST(no_more_fields_than_fit)
{
    static const char *const names[] = {"a", "b"};

    ck_assert_int_eq(parse("{\"cut_fields\":[\"a\"]}"), 0);
    for (size_t i = 0; i < 2 * META_CUT_FIELDS_MAX; i++)
        meta_cut(&meta, &arena, arena_printf(&arena, "%s%zu", names[i % 2], i));
    ck_assert_uint_eq(meta.cut_fields.n, META_CUT_FIELDS_MAX);
}
END_TEST

START_TEST(plain_fields)
{
    meta_init(&meta);
    ck_assert_int_eq(set("executable", "/usr/bin/x"), 0);
    ck_assert_int_eq(set("signal", "SIGSEGV"), 0);
    ck_assert_int_eq(meta.signal, 11);
    ck_assert_int_eq(set("signal", "6"), 0);
    ck_assert_int_eq(set("timestamp", "1795247340"), 0);
    ck_assert(meta.crashed_at == 1795247340000000);
    ck_assert_int_eq(set("timestamp", "2026-11-21T07:49:00Z"), 0);
    ck_assert(meta.crashed_at == 1795247340000000);
    ck_assert_int_eq(set("tag.stage", "prod"), 0);
    ck_assert_uint_eq(meta.n_tags, 1);
    ck_assert_int_eq(set("tag.stage", "test"), META_OUT_OF_BOUNDS);
    ck_assert_uint_eq(meta.n_tags, 1);
    ck_assert_int_eq(set("pid", "x"), META_OUT_OF_BOUNDS);
    ck_assert_int_eq(set("signal", "SIGNOTHING"), META_OUT_OF_BOUNDS);
    ck_assert_int_eq(set("hostname", "\xff"), META_OUT_OF_BOUNDS);
    ck_assert_int_eq(set("restricted", "true"), META_MALFORMED);
    ck_assert_int_eq(set("nonsense", "1"), META_MALFORMED);
    ck_assert_str_eq(error.pointer, "nonsense");
}
END_TEST

START_TEST(record_round_trip)
{
    struct receipt r = {.received_at = 1795247340123456,
                        .token_id = "3",
                        .remote = "127.0.0.1",
                        .core_received = 10,
                        .core_stored = 5};
    struct crash_record back;
    _cleanup_buf_ struct buf b;

    buf_init(&b, META_JSON_MAX);
    memset(r.core_sha256, 'a', SHA256_TEXT_SIZE - 1);
    record_format(STR("{\"crash_id\":\"" ID "\",\"future\":true}"), &r, &b);
    ck_assert_int_eq(record_parse((struct str){b.data, b.len}, &arena, &back), 0);
    ck_assert(back.receipt.received_at == r.received_at);
    ck_assert_str_eq(back.receipt.core_sha256, r.core_sha256);
    ck_assert_str_eq(back.receipt.remote, "127.0.0.1");
    ck_assert_uint_eq(back.receipt.core_stored, 5);
    ck_assert_str_eq(back.meta.crash_id, ID);
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "\"future\":true"));
}
END_TEST

/* What is taken from a client must be readable in the record that is made of it. */
START_TEST(a_record_holds_the_deepest_report)
{
    struct receipt r = {.received_at = 1795247340123456, .token_id = "3", .remote = "127.0.0.1"};
    _cleanup_buf_ struct buf meta_json, b;
    struct crash_record back;

    buf_init(&meta_json, META_JSON_MAX);
    buf_init(&b, META_JSON_MAX);
    buf_adds(&meta_json, "{\"future\":");
    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        buf_addc(&meta_json, '[');
    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        buf_addc(&meta_json, ']');
    buf_addc(&meta_json, '}');
    ck_assert_int_eq(parse(buf_text(&meta_json)), 0);
    record_format(str_from(buf_text(&meta_json)), &r, &b);
    ck_assert_int_eq(record_parse((struct str){b.data, b.len}, &arena, &back), 0);
}
END_TEST

START_TEST(broken_records)
{
    static const char *const cases[] = {
        "",
        "{}",
        "{\"receipt\":{},\"meta\":{}}",
        "{\"receipt\":{\"received_at\":\"2026-11-21T07:49:00Z\",\"core_received\":1,\"core_"
        "stored\":1}}",
        "{\"receipt\":{\"received_at\":\"2026-11-21T07:49:00Z\",\"core_received\":-1,\"core_"
        "stored\":1},"
        "\"meta\":{}}",
        "{\"receipt\":{\"received_at\":\"2026-11-21T07:49:00Z\",\"core_received\":1,\"core_"
        "stored\":1},"
        "\"meta\":{\"pid\":\"x\"}}",
        "{\"receipt\":{\"received_at\":\"2026-11-21T07:49:00Z\",\"core_received\":1,\"core_"
        "stored\":1,"
        "\"core_sha256\":\"zz\"},\"meta\":{}}",
    };
    struct crash_record r;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_msg(record_parse(str_from(cases[i]), &arena, &r) == -EBADMSG, "%s", cases[i]);
}
END_TEST

UNIT_MAIN("report/meta and record", missing_is_unknown, round_trip, refused, limits, lists_of_texts,
          no_more_fields_than_fit, plain_fields, record_round_trip,
          a_record_holds_the_deepest_report, broken_records)
