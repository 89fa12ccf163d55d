/* SPDX-License-Identifier: Apache-2.0 */
/* A packet is a word that says its kind and one that tells a length, then bytes. */
#include "workerd/wire/words.h"

#include <errno.h>
#include <string.h>

#include "common/base/id.h"
#include "workerd/wire/files.h"

struct head {
    uint32_t kind;
    uint32_t length; /* RESULT: of the whole; WANT, SOURCE, CODE: of the build-id; GIVEN: what is;
                      * else 0 */
};

#define ROOM    (WIRE_PACKET_MAX - sizeof(struct head))
#define IS_MAIN 0x80000000u /* in the length of a WANT, SOURCE or CODE */

static bool has_nul(struct str s)
{
    return memchr(s.p, '\0', s.n) != NULL;
}

static int parse_want(uint32_t length, struct str rest, struct wire_want *ret)
{
    size_t n = length & ~IS_MAIN;
    struct str id = {rest.p, n};

    if (n >= sizeof(ret->build_id) || n > rest.n || rest.n - n > WIRE_PATH_MAX)
        return -EBADMSG;
    if (has_nul(rest) || (n > 0 && !hex_valid(id, sizeof(ret->build_id) - 1)))
        return -EBADMSG;
    *ret = (struct wire_want){.main = (length & IS_MAIN) != 0};
    memcpy(ret->build_id, rest.p, n);
    memcpy(ret->path, rest.p + n, rest.n - n);
    return 0;
}

/* The offset comes before what a WANT has. */
static int parse_code(uint32_t length, struct str rest, struct wire_message *ret)
{
    const size_t n = sizeof ret->offset;

    if (rest.n < n)
        return -EBADMSG;
    memcpy(&ret->offset, rest.p, n);
    return parse_want(length, (struct str){rest.p + n, rest.n - n}, &ret->want);
}

static bool length_fits(const struct head *h, struct str rest)
{
    switch (h->kind) {
    case WIRE_RESULT:
        return h->length <= ANALYSIS_JSON_MAX && rest.n <= h->length;
    case WIRE_PIECE:
        return h->length == 0 && rest.n > 0;
    case WIRE_BYTES:
        return h->length == 0 && rest.n > 0 && rest.n <= WIRE_CODE_MAX;
    case WIRE_REFUSED:
        return h->length == 0 && rest.n <= WIRE_TEXT_MAX && !has_nul(rest);
    case WIRE_GIVEN:
        return h->length <= FILES_HAS_ALL && rest.n == 0;
    case WIRE_NONE:
        return h->length == 0 && rest.n == 0;
    default:
        return false;
    }
}

int wire_parse(const void *packet, size_t n, struct wire_message *ret)
{
    struct str rest = {(const char *)packet + sizeof(struct head), n - sizeof(struct head)};
    struct head h;

    if (n < sizeof(h) || n > WIRE_PACKET_MAX)
        return -EBADMSG;
    memcpy(&h, packet, sizeof(h));
    if (h.kind == WIRE_WANT || h.kind == WIRE_SOURCE) {
        if (parse_want(h.length, rest, &ret->want) < 0)
            return -EBADMSG;
    } else if (h.kind == WIRE_CODE) {
        if (parse_code(h.length, rest, ret) < 0)
            return -EBADMSG;
    } else if (!length_fits(&h, rest)) {
        return -EBADMSG;
    }
    ret->kind = (enum wire_kind)h.kind;
    ret->length = h.length;
    ret->has = h.kind == WIRE_GIVEN ? h.length : 0;
    ret->bytes = rest;
    return 0;
}

static size_t format(enum wire_kind kind, uint32_t length, struct str bytes, char *ret)
{
    const struct head h = {.kind = (uint32_t)kind, .length = length};

    memcpy(ret, &h, sizeof(h));
    if (bytes.n)
        memcpy(ret + sizeof(h), bytes.p, bytes.n);
    return sizeof(h) + bytes.n;
}

static size_t append_want(const struct wire_want *w, size_t used, char *ret)
{
    size_t n = strnlen(w->build_id, sizeof(w->build_id) - 1);
    size_t path = strnlen(w->path, WIRE_PATH_MAX);

    memcpy(ret + used, w->build_id, n);
    memcpy(ret + used + n, w->path, path);
    return used + n + path;
}

static uint32_t want_length(const struct wire_want *w)
{
    return (uint32_t)strnlen(w->build_id, sizeof(w->build_id) - 1) | (w->main ? IS_MAIN : 0);
}

size_t wire_format_want(enum wire_kind kind, const struct wire_want *w,
                        char ret[static WIRE_PACKET_MAX])
{
    size_t used = format(kind, want_length(w), (struct str){NULL, 0}, ret);

    return append_want(w, used, ret);
}

size_t wire_format_code(const struct wire_want *w, uint64_t offset,
                        char ret[static WIRE_PACKET_MAX])
{
    const struct str first = {(const char *)&offset, sizeof offset};
    size_t used = format(WIRE_CODE, want_length(w), first, ret);

    return append_want(w, used, ret);
}

size_t wire_format_bytes(struct str bytes, char ret[static WIRE_PACKET_MAX])
{
    if (bytes.n > WIRE_CODE_MAX)
        bytes.n = WIRE_CODE_MAX;
    return format(WIRE_BYTES, 0, bytes, ret);
}

static struct str what_fits(struct str bytes)
{
    return (struct str){bytes.p, bytes.n < ROOM ? bytes.n : ROOM};
}

size_t wire_format_result(uint32_t length, struct str bytes, char ret[static WIRE_PACKET_MAX],
                          size_t *ret_used)
{
    struct str fits = what_fits(bytes);

    *ret_used = fits.n;
    return format(WIRE_RESULT, length, fits, ret);
}

size_t wire_format_piece(struct str bytes, char ret[static WIRE_PACKET_MAX], size_t *ret_used)
{
    struct str fits = what_fits(bytes);

    *ret_used = fits.n;
    return format(WIRE_PIECE, 0, fits, ret);
}

size_t wire_format_answer(enum wire_kind kind, const char *text, char ret[static WIRE_PACKET_MAX])
{
    size_t n = text && kind == WIRE_REFUSED ? strnlen(text, WIRE_TEXT_MAX) : 0;

    return format(kind, 0, (struct str){text, n}, ret);
}

size_t wire_format_given(uint32_t has, char ret[static WIRE_PACKET_MAX])
{
    return format(WIRE_GIVEN, has, (struct str){NULL, 0}, ret);
}
