/* SPDX-License-Identifier: Apache-2.0 */
/* Header lines as libmicrohttpd leaves them (its NULs written as in its buffer), and the verdict on
 * each. That the buffer does look so is shown by http_exchange, which sends the same requests over
 * a socket. */
#include "common/http/framing.h"

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define EOL "\0\0"

static int check(const char *block, size_t n, bool http10, unsigned *ret_fields)
{
    struct framing f = {.http10 = http10};
    int r = framing_block(&f, (struct str){block, n});

    *ret_fields = f.fields;
    return r;
}

START_TEST(blocks)
{
    static const struct {
        const char *block;
        size_t n;
        int result;
        unsigned fields;
    } cases[] = {
#define CASE(block, result, fields) {block, sizeof(block) - 1, result, fields}
        CASE(EOL EOL, 0, 0),
        CASE(EOL "Host\0 x" EOL EOL, 0, 1),
        CASE(EOL "Host\0x" EOL "A\0" EOL "B\0 \t1, 2\t3 " EOL EOL, 0, 3),
        CASE(EOL "Content-Length\0 10" EOL EOL, 0, 1),
        CASE(EOL "transfer-encoding\0 Chunked" EOL EOL, 0, 1),
        /* Two lines to us, but one with a NUL to the library: the caller compares the numbers. */
        CASE(EOL "A\0 1" EOL "B\0 2" EOL EOL, 0, 2),

        CASE("", FRAMING_BAD_LINE, 0),
        CASE("\0", FRAMING_BAD_LINE, 0),
        CASE(EOL, FRAMING_BAD_LINE, 0),
        CASE(EOL "\0", FRAMING_BAD_LINE, 0),
        CASE(EOL "Host\0 x" EOL, FRAMING_BAD_LINE, 1),
        CASE(EOL EOL "body", FRAMING_BAD_LINE, 0),
        CASE("\0Host\0 x" EOL EOL, FRAMING_BAD_LINE, 0),          /* LF after the request line */
        CASE(EOL "Host\0 x\0A\0 1" EOL EOL, FRAMING_BAD_LINE, 0), /* LF after a header */
        CASE(EOL "Host\0 x" EOL "\0", FRAMING_BAD_LINE, 1),       /* LF at the end */
        CASE(EOL "A\0 x\0y" EOL EOL, FRAMING_BAD_LINE, 0),        /* NUL in a value */
        CASE(EOL "A\0 x\0" EOL EOL, FRAMING_BAD_LINE, 1),         /* at its end */
        CASE(EOL "A\0\0x" EOL EOL, FRAMING_BAD_LINE, 0),          /* at its start */
        CASE(EOL "A\0 x\0\0Content-Length:5" EOL EOL, FRAMING_BAD_NAME, 1),
        CASE(EOL "A\0 x" EOL " folded" EOL EOL, FRAMING_BAD_NAME, 1),
        CASE(EOL "A\0 x" EOL " B\0 folded" EOL EOL, FRAMING_BAD_NAME, 1),

        CASE(EOL "Content-Length \0 5" EOL EOL, FRAMING_BAD_NAME, 0),
        CASE(EOL "A(\0 5" EOL EOL, FRAMING_BAD_NAME, 0),
        CASE(EOL "A\xff\0 5" EOL EOL, FRAMING_BAD_NAME, 0),
        CASE(EOL "A\0 x\ry" EOL EOL, FRAMING_BAD_VALUE, 0),
        CASE(EOL "A\0 \x01" EOL EOL, FRAMING_BAD_VALUE, 0),
        CASE(EOL "A\0 \x7f" EOL EOL, FRAMING_BAD_VALUE, 0),

        CASE(EOL "Host\0 x" EOL "host\0 x" EOL EOL, FRAMING_TWO_HOSTS, 2),
        CASE(EOL "Content-Length\0 5" EOL "Content-Length\0 5" EOL EOL, FRAMING_TWO_LENGTHS, 2),
        CASE(EOL "Content-Length\0 5, 5" EOL EOL, FRAMING_BAD_LENGTH, 1),
        CASE(EOL "Content-Length\0 +5" EOL EOL, FRAMING_BAD_LENGTH, 1),
        CASE(EOL "Content-Length\0 0x5" EOL EOL, FRAMING_BAD_LENGTH, 1),
        CASE(EOL "Content-Length\0 5 " EOL EOL, FRAMING_BAD_LENGTH, 1),
        CASE(EOL "Content-Length\0" EOL EOL, FRAMING_BAD_LENGTH, 1),
        CASE(EOL "Content-Length\0 18446744073709551616" EOL EOL, FRAMING_BAD_LENGTH, 1),
        CASE(EOL "Transfer-Encoding\0 gzip" EOL EOL, FRAMING_BAD_CODING, 1),
        CASE(EOL "Transfer-Encoding\0 gzip, chunked" EOL EOL, FRAMING_BAD_CODING, 1),
        CASE(EOL "Transfer-Encoding\0 chunked " EOL EOL, FRAMING_BAD_CODING, 1),
        CASE(EOL "Transfer-Encoding\0 chunked" EOL "Transfer-Encoding\0 chunked" EOL EOL,
             FRAMING_BAD_CODING, 2),
        CASE(EOL "Transfer-Encoding\0 chunked" EOL "Content-Length\0 5" EOL EOL, FRAMING_BOTH, 2),
        CASE(EOL "Content-Length\0 5" EOL "Transfer-Encoding\0 chunked" EOL EOL, FRAMING_BOTH, 2),
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned fields;
        int r = check(cases[i].block, cases[i].n, false, &fields);

        ck_assert_msg(r == cases[i].result, "row %zu: %d", i, r);
        ck_assert_msg(fields == cases[i].fields, "row %zu: %u fields", i, fields);
        ck_assert(r == 0 || framing_text(r)[0] != '\0');
    }
}
END_TEST

START_TEST(no_chunks_with_http_1_0)
{
    static const char block[] = EOL "Transfer-Encoding\0 chunked" EOL EOL;
    unsigned fields;

    ck_assert_int_eq(check(block, sizeof(block) - 1, true, &fields), FRAMING_BAD_CODING);
    ck_assert_int_eq(check(block, sizeof(block) - 1, false, &fields), 0);
}
END_TEST

static int check_many(size_t lines, size_t value_size)
{
    _cleanup_buf_ struct buf b;
    unsigned fields;

    buf_init(&b, 1024 * 1024);
    buf_add(&b, EOL, 2);
    for (size_t i = 0; i < lines; i++) {
        buf_add(&b, "A\0", 2);
        for (size_t j = 0; j < value_size; j++)
            buf_addc(&b, 'v');
        buf_add(&b, EOL, 2);
    }
    buf_add(&b, EOL, 2);
    return check(b.data, b.len, false, &fields);
}

START_TEST(limits)
{
    ck_assert_int_eq(check_many(FRAMING_FIELDS_MAX, 1), 0);
    ck_assert_int_eq(check_many(FRAMING_FIELDS_MAX + 1, 1), FRAMING_TOO_LARGE);
    ck_assert_int_eq(check_many(1, FRAMING_BYTES_MAX - 1), 0);
    ck_assert_int_eq(check_many(1, FRAMING_BYTES_MAX), FRAMING_TOO_LARGE);
}
END_TEST

START_TEST(request_lines)
{
    ck_assert_int_eq(framing_request(STR("GET"), STR("/a?b=%20~")), 0);
    ck_assert_int_eq(framing_request(STR("G T"), STR("/")), FRAMING_BAD_REQUEST);
    ck_assert_int_eq(framing_request(STR(""), STR("/")), FRAMING_BAD_REQUEST);
    ck_assert_int_eq(framing_request(STR("GET"), STR("/ ")), FRAMING_BAD_REQUEST);
    ck_assert_int_eq(framing_request(STR("GET"), STR("/\x7f")), FRAMING_BAD_REQUEST);
}
END_TEST

START_TEST(hosts)
{
    ck_assert_int_eq(framing_end(&(struct framing){.hosts = 1}), 0);
    ck_assert_int_eq(framing_end(&(struct framing){.hosts = 0}), FRAMING_NO_HOST);
    ck_assert_int_eq(framing_end(&(struct framing){.http10 = true}), 0);
}
END_TEST

UNIT_MAIN("http/framing", blocks, request_lines, hosts, no_chunks_with_http_1_0, limits)
