/* SPDX-License-Identifier: Apache-2.0 */
/* What Accept-Encoding and If-None-Match say, and that what was coded can be read again. */
#include "common/http/encoding.h"

#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "tests/lib/unit.h"

START_TEST(the_client_chooses)
{
    static const struct {
        const char *accept;
        enum encoding e;
    } cases[] = {
        {NULL, ENCODING_IDENTITY},
        {"", ENCODING_IDENTITY},
        {"identity", ENCODING_IDENTITY},
        {"gzip", ENCODING_GZIP},
        {"GZip", ENCODING_GZIP},
        {"gzip, deflate, br, zstd", ENCODING_ZSTD},
        {"gzip;q=1.0, zstd;q=0.9", ENCODING_GZIP},
        {"gzip;q=0.001,zstd;q=0", ENCODING_GZIP},
        {"gzip;q=0", ENCODING_IDENTITY},
        {"*", ENCODING_ZSTD},
        {"*;q=0", ENCODING_IDENTITY},
        {"*,zstd;q=0", ENCODING_GZIP},
        {" zstd ; q=0.5 , gzip ; q=0.5 ", ENCODING_ZSTD},
        {"br, deflate", ENCODING_IDENTITY},
        {"gzip;q=", ENCODING_IDENTITY},
        {"gzip;q=2", ENCODING_IDENTITY},
        {"gzip;q=1.5", ENCODING_IDENTITY},
        {"gzip;q=0.1234", ENCODING_IDENTITY},
        {"gzip;q=-1", ENCODING_IDENTITY},
        {"gzip;q=.5", ENCODING_IDENTITY},
        {"gzip;v=1;q=0.2", ENCODING_GZIP},
        {",,;,gzip", ENCODING_GZIP},
        {"gzipped", ENCODING_IDENTITY},
        {"x-gzip", ENCODING_IDENTITY},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_msg(encoding_choose(cases[i].accept) == cases[i].e, "\"%s\"", cases[i].accept);
}
END_TEST

START_TEST(only_text_shrinks)
{
    ck_assert(encoding_shrinks("text/html; charset=utf-8"));
    ck_assert(encoding_shrinks("application/json"));
    ck_assert(encoding_shrinks("application/problem+json"));
    ck_assert(encoding_shrinks("image/svg+xml"));
    ck_assert(!encoding_shrinks("application/zstd"));
    ck_assert(!encoding_shrinks("application/octet-stream"));
    ck_assert(!encoding_shrinks(NULL));
}
END_TEST

static size_t read_gzip(const struct buf *b, char *out, size_t room)
{
    z_stream z = {
        .next_in = (Bytef *)b->data,
        .avail_in = (uInt)b->len,
        .next_out = (Bytef *)out,
        .avail_out = (uInt)room,
    };

    ck_assert_int_eq(inflateInit2(&z, 31), Z_OK);
    ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
    inflateEnd(&z);
    return z.total_out;
}

START_TEST(what_was_coded_can_be_read)
{
    static char text[200000], back[sizeof(text)];
    struct str body = {text, sizeof(text)};
    struct buf b;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i * i % 23);
    ck_assert(encoding_apply(ENCODING_GZIP, body, &b));
    ck_assert_uint_lt(b.len, sizeof(text) / 10);
    ck_assert_uint_eq(read_gzip(&b, back, sizeof(back)), sizeof(text));
    ck_assert_mem_eq(back, text, sizeof(text));
    buf_fini(&b);

    memset(back, 0, sizeof(back));
    ck_assert(encoding_apply(ENCODING_ZSTD, body, &b));
    ck_assert_uint_lt(b.len, sizeof(text) / 10);
    ck_assert_uint_eq(ZSTD_decompress(back, sizeof(back), b.data, b.len), sizeof(text));
    ck_assert_mem_eq(back, text, sizeof(text));
    buf_fini(&b);
}
END_TEST

START_TEST(what_does_not_shrink_stays)
{
    char noise[4096];
    struct buf b;

    random_bytes(noise, sizeof(noise));
    for (int e = 0; e < ENCODING_COUNT; e++) {
        ck_assert(!encoding_apply((enum encoding)e, (struct str){noise, sizeof(noise)}, &b));
        ck_assert(!encoding_apply((enum encoding)e, (struct str){"", 0}, &b));
        ck_assert(!encoding_apply((enum encoding)e, STR("a"), &b));
    }
    ck_assert(!encoding_apply(ENCODING_IDENTITY, (struct str){noise, 10}, &b));
}
END_TEST

START_TEST(tags)
{
    static const struct {
        const char *header, *tag;
        bool matches;
    } cases[] = {
        {NULL, "\"a\"", false},      {"\"a\"", "\"a\"", true},  {"W/\"a\"", "\"a\"", true},
        {"\"a\"", "W/\"a\"", true},  {"\"b\"", "\"a\"", false}, {"\"b\" , W/\"a\"", "\"a\"", true},
        {"*", "\"a\"", true},        {"a", "\"a\"", false},     {"", "\"a\"", false},
        {"w/\"a\"", "\"a\"", false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_msg(encoding_tag_matches(cases[i].header, cases[i].tag) == cases[i].matches, "%s",
                      cases[i].header);
}
END_TEST

UNIT_MAIN("http/encoding", the_client_chooses, only_text_shrinks, what_was_coded_can_be_read,
          what_does_not_shrink_stays, tags)
