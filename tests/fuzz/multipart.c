/* SPDX-License-Identifier: Apache-2.0 */
/* The first line is the Content-Type, the rest the body. Fed whole and in pieces of one to seven
 * bytes the reader must call back with the same parts and bytes and come to the same end; each
 * piece is a heap block of its own. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/http/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TYPE_MAX 600

static void add_text(struct buf *b, struct str s)
{
    buf_printf(b, "%zu:", s.n);
    buf_add(b, s.p, s.n);
}

static int on_part(void *arg, struct str name, struct str filename, struct str type)
{
    struct buf *b = arg;

    assert(name.p && type.p && utf8_valid_prefix(name.p, name.n) == name.n);
    buf_addc(b, '[');
    add_text(b, name);
    if (filename.p)
        add_text(b, filename);
    add_text(b, type);
    buf_addc(b, ']');
    return 0;
}

static int on_data(void *arg, const void *p, size_t n)
{
    assert(n > 0);
    buf_add(arg, p, n);
    return 0;
}

static int on_end(void *arg)
{
    buf_addc(arg, ';');
    return 0;
}

/* The outcome; what was called back goes to b. */
static int read_in_pieces(const char *type, struct str body, size_t piece, struct buf *b)
{
    static const struct multipart_events events = {on_part, on_data, on_end};
    struct multipart *m;
    int r = multipart_new(type, &events, b, &m);

    if (r != 0)
        return r;
    while (r == 0 && body.n > 0) {
        size_t n = body.n < piece ? body.n : piece;
        char *copy = malloc(n);

        assert(copy);
        memcpy(copy, body.p, n);
        r = multipart_feed(m, copy, n);
        free(copy);
        body = (struct str){body.p + n, body.n - n};
    }
    if (r == 0)
        r = multipart_finish(m);
    multipart_free(m);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = {(const char *)data, size}, line;
    _cleanup_buf_ struct buf whole, pieces;
    char type[TYPE_MAX];
    int r;

    buf_init(&whole, 16 * size + 1024);
    buf_init(&pieces, 16 * size + 1024);
    if (size == 0 || !str_split(&body, '\n', &line) || !body.p || line.n >= sizeof(type))
        return 0;
    memcpy(type, line.p, line.n);
    type[line.n] = '\0';
    r = read_in_pieces(type, body, size, &whole);
    assert(buf_error(&whole) == 0);
    for (size_t piece = 1; piece < 8; piece++) {
        buf_clear(&pieces);
        assert(read_in_pieces(type, body, piece, &pieces) == r);
        assert(pieces.len == whole.len &&
               (whole.len == 0 || memcmp(pieces.data, whole.data, whole.len) == 0));
    }
    return 0;
}
