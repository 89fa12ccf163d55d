/* SPDX-License-Identifier: Apache-2.0 */
/* The streaming reader: each body is fed whole, byte by byte and in every way of two pieces, and
 * must say the same each time. */
#include "common/http/multipart.h"

#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define TYPE       "multipart/form-data; boundary=b-1"
#define PART(name) "--b-1\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define END        "--b-1--\r\n"
#define STOPPED    -125 /* a value of a callback's own */

/* What was called, as text: [name|filename|type]data; */
struct transcript {
    struct buf b;
    const char *stop_at; /* this callback returns STOPPED */
};

static int stop(struct transcript *t, const char *callback)
{
    return t->stop_at && strcmp(t->stop_at, callback) == 0 ? STOPPED : 0;
}

static int on_part(void *arg, struct str name, struct str filename, struct str type)
{
    struct transcript *t = arg;

    buf_printf(&t->b, "[%.*s|%.*s|%.*s]", (int)name.n, name.p, filename.p ? (int)filename.n : 1,
               filename.p ? filename.p : "-", (int)type.n, type.p);
    return stop(t, "part");
}

static int on_data(void *arg, const void *p, size_t n)
{
    struct transcript *t = arg;

    ck_assert_uint_gt(n, 0);
    buf_add(&t->b, p, n);
    return stop(t, "data");
}

static int on_part_end(void *arg)
{
    struct transcript *t = arg;

    buf_addc(&t->b, ';');
    return stop(t, "part_end");
}

static const struct multipart_events events = {on_part, on_data, on_part_end};

/* Feeds the pieces [0, cut), [cut, n) or, with cut 0, one byte at a time. The bytes are in a heap
 * block of their own size, so that the sanitizer sees any look beyond them. */
static int feed(struct multipart *m, const char *body, size_t n, size_t cut)
{
    int r = 0;

    for (size_t at = 0; at < n && r == 0;) {
        size_t piece = cut == 0 ? 1 : at == 0 ? cut : n - cut;
        char *copy = malloc(piece);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, body + at, piece);
        r = multipart_feed(m, copy, piece);
        free(copy);
        at += piece;
    }
    return r;
}

static void check_cut(const char *type, const char *body, size_t n, size_t cut, int want,
                      const char *want_text, size_t want_n)
{
    struct transcript t = {0};
    struct multipart *m;
    int r;

    buf_init(&t.b, 1024 * 1024);
    ck_assert_int_eq(multipart_new(type, &events, &t, &m), 0);
    r = feed(m, body, n, cut);
    if (r == 0)
        r = multipart_finish(m);
    else
        ck_assert_int_eq(multipart_feed(m, "x", 1), r); /* it stays where it failed */
    ck_assert_msg(r == want, "cut %zu: %d instead of %d\n%s", cut, r, want, body);
    ck_assert_msg(!want_text ||
                      (t.b.len == want_n && memcmp(buf_text(&t.b), want_text, want_n) == 0),
                  "cut %zu: %s instead of %s", cut, buf_text(&t.b), want_text);
    multipart_free(m);
    buf_fini(&t.b);
}

static void check(const char *type, const char *body, size_t n, int want, const char *want_text,
                  size_t want_n)
{
    for (size_t cut = 0; cut <= n; cut++)
        check_cut(type, body, n, cut, want, want_text, want_n);
}

#define CASE(body, text)                                                                           \
    {                                                                                              \
        body, sizeof(body) - 1, text, sizeof(text) - 1                                             \
    }

START_TEST(bodies_that_are_read)
{
    static const struct {
        const char *body;
        size_t n;
        const char *text;
        size_t text_n;
    } cases[] = {
        CASE(PART("a") "1\r\n" END, "[a|-|]1;"),
        CASE(PART("a") "1\r\n" PART("b") "2\r\n" END, "[a|-|]1;[b|-|]2;"),
        CASE(PART("a") "\r\n" END, "[a|-|];"),
        CASE(PART("a") END, "[a|-|];"), /* the empty line is the delimiter's line end */
        CASE(PART("a") "--b-2\r\n" END, "[a|-|]--b-2;"),
        CASE(PART("a") "-\r\n" END, "[a|-|]-;"),
        CASE(PART("a") "\r\n\r\n" END, "[a|-|]\r\n;"),
        CASE(PART("a") "\r\r\n\n\r\n\r\n" END, "[a|-|]\r\r\n\n\r\n;"),
        CASE(PART("a") "x\r\n--b-\r\n--b\r\n-\r\n\r\n" END, "[a|-|]x\r\n--b-\r\n--b\r\n-\r\n;"),
        CASE(PART("a") "x--b-1\r\n" END, "[a|-|]x--b-1;"), /* not at the start of a line */
        CASE(PART("a") "x\n--b-1\r\n" END, "[a|-|]x\n--b-1;"),
        CASE(PART("a") "x\r--b-1\r\n" END, "[a|-|]x\r--b-1;"),
        CASE(PART("a") "\0\xff\r\n" END, "[a|-|]\0\xff;"),
        CASE("preamble\r\n--b-0\r\n--b-\r\n" PART("a") "1\r\n" END "epilogue\r\n" PART("z"),
             "[a|-|]1;"),
        CASE("\r\n" PART("a") "1\r\n--b-1--", "[a|-|]1;"),
        CASE(END, ""),
        CASE("--b-1 \t \r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b-1--", "[a|-|]1;"),
        CASE("--b-1\r\ncontent-disposition:FORM-DATA;NAME=a;FileName=\"f\" ; x=\"y;z\";\r\n"
             "CONTENT-TYPE: \tapplication/x \r\nX-Other: 1\r\nContent-Transfer-Encoding: Binary\r\n"
             "\r\n1\r\n" END,
             "[a|f|application/x]1;"),
        CASE("--b-1\r\nContent-Disposition: form-data; name=\"a\\\"b\\\\c\\d;\"; "
             "filename=\"\"\r\n\r\n"
             "1\r\n" END,
             "[a\"b\\c\\d;||]1;"),
        CASE("--b-1\r\nContent-Disposition: form-data; name=\"\xc3\xb6\xff\"\r\n\r\n1\r\n" END,
             "[\xc3\xb6?|-|]1;"),
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(TYPE, cases[i].body, cases[i].n, 0, cases[i].text, cases[i].text_n);
}
END_TEST

START_TEST(bodies_that_are_refused)
{
#define HEAD_OF(disposition) "--b-1\r\nContent-Disposition: " disposition "\r\n\r\n1\r\n" END
    static const struct {
        const char *body;
        size_t n;
        int result;
    } cases[] = {
#define BAD(body, result) {body, sizeof(body) - 1, result}
        BAD("", MULTIPART_TRUNCATED),
        BAD("no boundary at all", MULTIPART_TRUNCATED),
        BAD("--b-1", MULTIPART_TRUNCATED),
        BAD("--b-1\r\nContent-Disposition: form-data; name=a\r\n", MULTIPART_TRUNCATED),
        BAD(PART("a") "1", MULTIPART_TRUNCATED),
        BAD(PART("a") "1\r\n--b-1", MULTIPART_TRUNCATED),
        BAD(PART("a") "1\r\n--b-1-", MULTIPART_TRUNCATED),
        BAD(PART("a") "1\r\n--b-1\r\n", MULTIPART_TRUNCATED),
        BAD("--b-1\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" END, MULTIPART_MALFORMED),
        BAD("--b-1\r\nContent-Disposition: form-data; name=a\n\r\n1\r\n" END, MULTIPART_MALFORMED),
        BAD("--b-1\r\nContent-Disposition: form-data; name=a\r\n\n1\r\n" END, MULTIPART_MALFORMED),
        BAD("--b-1\r\nContent-Disposition: form-data; name=a\rX: y\r\n\r\n" END,
            MULTIPART_MALFORMED),
        BAD("--b-1\r\nContent-Disposition: form-data; name=a\0\r\n\r\n" END, MULTIPART_MALFORMED),
        BAD("--b-1\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n" END, MULTIPART_MALFORMED),
        BAD("--b-1\r\n\r\n1\r\n" END, MULTIPART_MALFORMED),
        BAD("--b-1\r\nContent-Type: text/plain\r\n\r\n1\r\n" END, MULTIPART_MALFORMED),
        BAD("--b-1\r\nno colon\r\n\r\n1\r\n" END, MULTIPART_MALFORMED),
        BAD("--b-1\r\n: empty\r\n\r\n1\r\n" END, MULTIPART_MALFORMED),
        BAD("--b-1\r\nContent-Disposition : form-data; name=a\r\n\r\n1\r\n" END,
            MULTIPART_MALFORMED),
        BAD("--b-1x\r\n", MULTIPART_MALFORMED),
        BAD("--b-1-x", MULTIPART_MALFORMED),
        BAD("--b-1\rx", MULTIPART_MALFORMED),
        BAD(PART("a") "1\r\n--b-12\r\n", MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data"), MULTIPART_MALFORMED),
        BAD(HEAD_OF("attachment; name=a"), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; filename=a"), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name=a; name=b"), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name=a; filename=b; filename=c"), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name=\"a"), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name=\"a\\\""), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name=\"a\"b"), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name=a b"), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name="), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name"), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data name=a"), MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name=a\r\nContent-Disposition: form-data; name=b"),
            MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name=a\r\nContent-Type: x\r\nContent-Type: y"),
            MULTIPART_MALFORMED),
        BAD(HEAD_OF("form-data; name=a\r\nContent-Transfer-Encoding: base64"), MULTIPART_MALFORMED),
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(TYPE, cases[i].body, cases[i].n, cases[i].result, NULL, 0);
}
END_TEST

START_TEST(content_types)
{
    static const struct {
        const char *type;
        int result;
    } cases[] = {
        {"multipart/form-data; boundary=b-1", 0},
        {"Multipart/Form-Data;charset=utf-8;BOUNDARY=\"b-1\";", 0},
        {"multipart/form-data; boundary=\"b 1'()+_,-./:=?\"", 0},
        {"multipart/form-data; "
         "boundary=0123456789012345678901234567890123456789012345678901234567890123456789",
         0},
        {"multipart/form-data; "
         "boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
         MULTIPART_BAD_TYPE},
        {NULL, MULTIPART_BAD_TYPE},
        {"", MULTIPART_BAD_TYPE},
        {"multipart/form-data", MULTIPART_BAD_TYPE},
        {"multipart/form-data; boundary", MULTIPART_BAD_TYPE},
        {"multipart/form-data; boundary=", MULTIPART_BAD_TYPE},
        {"multipart/form-data; boundary=\"\"", MULTIPART_BAD_TYPE},
        {"multipart/form-data; boundary=\"b \"", MULTIPART_BAD_TYPE},
        {"multipart/form-data; boundary=\"b", MULTIPART_BAD_TYPE},
        {"multipart/form-data; boundary=b; boundary=c", MULTIPART_BAD_TYPE},
        {"multipart/form-data; boundary=b|c", MULTIPART_BAD_TYPE},
        {"multipart/form-data boundary=b", MULTIPART_BAD_TYPE},
        {"multipart/mixed; boundary=b", MULTIPART_BAD_TYPE},
        {"application/json", MULTIPART_BAD_TYPE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct multipart *m = NULL;

        ck_assert_msg(multipart_new(cases[i].type, &events, NULL, &m) == cases[i].result, "%s",
                      cases[i].type);
        ck_assert((m != NULL) == (cases[i].result == 0));
        multipart_free(m);
    }
}
END_TEST

START_TEST(limits)
{
    _cleanup_buf_ struct buf body;

    buf_init(&body, 1024 * 1024);
    for (int i = 0; i < MULTIPART_PARTS_MAX; i++)
        buf_adds(&body, PART("a") "1\r\n");
    buf_adds(&body, END);
    check_cut(TYPE, body.data, body.len, body.len, 0, NULL, 0);
    buf_clear(&body);
    for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
        buf_adds(&body, PART("a") "1\r\n");
    check_cut(TYPE, body.data, body.len, body.len, MULTIPART_TOO_MANY, NULL, 0);

    buf_clear(&body);
    buf_adds(&body, "--b-1\r\nContent-Disposition: form-data; name=\"");
    for (int i = 0; i < MULTIPART_HEADER_MAX; i++)
        buf_addc(&body, 'n');
    check_cut(TYPE, body.data, body.len, 0, MULTIPART_TOO_MANY, "", 0);
}
END_TEST

START_TEST(callbacks_can_stop_it)
{
    static const char *const callbacks[] = {"part", "data", "part_end"};
    static const char body[] = PART("a") "1\r\n" END;

    for (size_t i = 0; i < ARRAY_SIZE(callbacks); i++) {
        struct transcript t = {.stop_at = callbacks[i]};
        struct multipart *m;

        buf_init(&t.b, 1000);
        ck_assert_int_eq(multipart_new(TYPE, &events, &t, &m), 0);
        ck_assert_int_eq(multipart_feed(m, body, sizeof(body) - 1), STOPPED);
        ck_assert_int_eq(multipart_feed(m, body, sizeof(body) - 1), STOPPED);
        ck_assert_int_eq(multipart_finish(m), MULTIPART_TRUNCATED);
        multipart_free(m);
        buf_fini(&t.b);
    }
}
END_TEST

static int count_call(void *arg, const void *p, size_t n)
{
    (void)p, (void)n;
    ++*(size_t *)arg;
    return 0;
}

static int any_part(void *arg, struct str name, struct str filename, struct str type)
{
    (void)arg, (void)name, (void)filename, (void)type;
    return 0;
}

static int any_end(void *arg)
{
    (void)arg;
    return 0;
}

/* A core has a CR every few hundred bytes: that must not cut it into pieces. */
START_TEST(long_runs_are_passed_on_whole)
{
    static const struct multipart_events counting = {any_part, count_call, any_end};
    static char piece[65536];
    struct multipart *m;
    size_t calls = 0;

    for (size_t i = 0; i < sizeof(piece); i++)
        piece[i] = i % 64 == 0 ? '\r' : i % 64 == 1 ? '\n' : (char)i;
    ck_assert_int_eq(multipart_new(TYPE, &counting, &calls, &m), 0);
    ck_assert_int_eq(multipart_feed(m, PART("a"), sizeof(PART("a")) - 1), 0);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(multipart_feed(m, piece, sizeof(piece)), 0);
    ck_assert_uint_eq(calls, 10);
    multipart_free(m);
}
END_TEST

UNIT_MAIN("http/multipart", bodies_that_are_read, bodies_that_are_refused, content_types, limits,
          callbacks_can_stop_it, long_runs_are_passed_on_whole)
