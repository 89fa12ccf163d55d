/* SPDX-License-Identifier: Apache-2.0 */
/* Characters and texts in quotes, as gdb writes them in a terminal that takes UTF-8: what can be
 * printed stands as it is, other bytes as octal numbers, and more than ten equal ones after each
 * other once, with their number: "abc", '\000' <repeats 20 times>. The end of an array of
 * characters is kept, but for one NUL. Characters that would change the order in which a line is
 * read, which gdb prints, are numbers here. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/variables/printer.h"

enum decoded {
    DECODED_CHARACTER,
    DECODED_INVALID,    /* one unit that is none */
    DECODED_INCOMPLETE, /* the beginning of one, and then the end */
};

struct character {
    enum decoded what;
    uint32_t code;
    const uint8_t *bytes;
    size_t size; /* bytes of it */
};

struct reader {
    const uint8_t *at, *end;
    unsigned width;
};

/* --- Decoding --- */

static size_t utf8_length(uint8_t first)
{
    return first < 0x80   ? 1
           : first < 0xc2 ? 0
           : first < 0xe0 ? 2
           : first < 0xf0 ? 3
           : first < 0xf5 ? 4
                          : 0;
}

/* How many of the bytes may belong to one character that is to have n. */
static size_t continued(const uint8_t *p, size_t n, size_t left)
{
    size_t i = 1;

    while (i < n && i < left && (p[i] & 0xc0) == 0x80)
        i++;
    return i;
}

static uint32_t utf8_code(const uint8_t *p, size_t n)
{
    uint32_t code = n == 1 ? p[0] : p[0] & (0x7fu >> n);

    for (size_t i = 1; i < n; i++)
        code = code << 6 | (p[i] & 0x3f);
    return code;
}

static void decode_utf8(const struct reader *r, struct character *c)
{
    size_t left = (size_t)(r->end - r->at), n = utf8_length(r->at[0]);

    if (n > 0 && n <= left && utf8_valid_prefix((const char *)r->at, n) == n) {
        c->what = DECODED_CHARACTER;
        c->code = utf8_code(r->at, n);
        c->size = n;
    } else if (n > left && continued(r->at, n, left) == left) {
        c->what = DECODED_INCOMPLETE;
        c->size = left;
    }
}

static uint32_t unit_at(const uint8_t *p, unsigned width)
{
    uint32_t code = 0;

    memcpy(&code, p, width);
    return code;
}

static void decode_utf16(const struct reader *r, struct character *c)
{
    uint32_t high = unit_at(r->at, 2);

    if (high < 0xd800 || high > 0xdfff) {
        c->what = DECODED_CHARACTER;
        c->code = high;
    } else if (high < 0xdc00 && r->end - r->at >= 4 && (unit_at(r->at + 2, 2) & 0xfc00) == 0xdc00) {
        c->what = DECODED_CHARACTER;
        c->code = 0x10000 + ((high & 0x3ff) << 10 | (unit_at(r->at + 2, 2) & 0x3ff));
        c->size = 4;
    }
}

static void decode_utf32(const struct reader *r, struct character *c)
{
    c->code = unit_at(r->at, 4);
    if (c->code < 0xd800 || (c->code > 0xdfff && c->code <= 0x10ffff))
        c->what = DECODED_CHARACTER;
}

/* The character there; at the end there is none. */
static bool decode(const struct reader *r, struct character *ret)
{
    if ((size_t)(r->end - r->at) < r->width)
        return false;
    *ret = (struct character){.what = DECODED_INVALID, .bytes = r->at, .size = r->width};
    if (r->width == 1)
        decode_utf8(r, ret);
    else if (r->width == 2)
        decode_utf16(r, ret);
    else
        decode_utf32(r, ret);
    return true;
}

/* --- Writing one --- */

static bool is_printable(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } not_printable[] = {
        {0, 0x1f},        {0x7f, 0x9f},     {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
        {0xd800, 0xf8ff}, {0xfdd0, 0xfdef}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0x10ffff},
    };

    for (size_t i = 0; i < ARRAY_SIZE(not_printable); i++)
        if (c >= not_printable[i].first && c <= not_printable[i].last)
            return false;
    return (c & 0xfffe) != 0xfffe;
}

static size_t utf8_put(uint32_t c, char *to)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = n; i-- > 1; c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
    return n;
}

static const char *short_escape(uint32_t c)
{
    static const char *const escapes[] = {
        ['\a'] = "\\a", ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n",
        ['\v'] = "\\v", ['\f'] = "\\f", ['\r'] = "\\r",
    };

    return c < ARRAY_SIZE(escapes) ? escapes[c] : NULL;
}

static void add_units(struct bounded *t, const struct character *c, unsigned width)
{
    for (size_t i = 0; i + width <= c->size; i += width) {
        uint32_t unit = unit_at(c->bytes + i, width);

        if (unit <= 0777)
            bounded_printf(t, "\\%03" PRIo32, unit);
        else
            bounded_printf(t, "\\x%" PRIx32, unit);
    }
}

static void add_one(struct bounded *t, const struct character *c, unsigned width, char quote)
{
    char bytes[4];

    if (c->what != DECODED_CHARACTER) {
        add_units(t, c, width);
    } else if (short_escape(c->code)) {
        bounded_add(t, short_escape(c->code));
    } else if (is_printable(c->code)) {
        if (c->code == (uint32_t)quote || c->code == '\\')
            bounded_add(t, "\\");
        bounded_slice(t, (struct str){bytes, utf8_put(c->code, bytes)});
    } else {
        add_units(t, c, width);
    }
}

/* A byte of a longer character is none alone. */
void add_character(struct bounded *t, const uint8_t *bytes, struct text_unit unit)
{
    struct reader r = {bytes, bytes + unit.width, unit.width};
    struct character c;

    if (!decode(&r, &c))
        return;
    bounded_add(t, unit.prefix);
    bounded_add(t, "'");
    add_one(t, &c, unit.width, '\'');
    bounded_add(t, "'");
}

/* --- Writing many --- */

enum state {
    STATE_BEGIN,
    STATE_QUOTED,   /* within quotes */
    STATE_SEPARATE, /* behind something that has its own quotes */
};

static bool same_character(const struct character *a, const struct character *b)
{
    return a->what == b->what && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* How often the character comes, one after the other; the reader is then behind them. */
static size_t count_equal(struct reader *r, const struct character *c)
{
    struct character next;
    size_t n = 0;

    do {
        r->at += c->size;
        n++;
    } while (decode(r, &next) && same_character(c, &next));
    return n;
}

static enum state add_separate(struct bounded *t, const struct character *c, unsigned width,
                               size_t n, enum state state)
{
    if (state == STATE_QUOTED)
        bounded_add(t, "\"");
    if (state != STATE_BEGIN)
        bounded_add(t, ", ");
    bounded_add(t, c->what == DECODED_INCOMPLETE ? "<incomplete sequence " : "'");
    add_one(t, c, width, '"');
    if (c->what == DECODED_INCOMPLETE)
        bounded_add(t, ">");
    else
        bounded_printf(t, "' <repeats %zu times>", n);
    return STATE_SEPARATE;
}

static enum state add_some(struct bounded *t, const struct character *c, unsigned width, size_t n,
                           enum state state)
{
    if (n > PRINT_REPEATS_MIN || c->what == DECODED_INCOMPLETE)
        return add_separate(t, c, width, n, state);
    if (state == STATE_SEPARATE)
        bounded_add(t, ", ");
    if (state != STATE_QUOTED)
        bounded_add(t, "\"");
    while (n-- > 0)
        add_one(t, c, width, '"');
    return STATE_QUOTED;
}

void add_quoted(struct bounded *t, const struct units *u, bool cut)
{
    unsigned width = u->unit.width;
    size_t n = u->n, written = 0;
    enum state state = STATE_BEGIN;
    struct character c;

    if (!cut && n > 0 && unit_at(u->bytes + (n - 1) * width, width) == 0)
        n--;
    struct reader r = {u->bytes, u->bytes + n * width, width};

    bounded_add(t, u->unit.prefix);
    if (n == 0) {
        bounded_add(t, "\"\"");
        return;
    }
    while (written < PRINT_ELEMENTS_MAX && !t->full && decode(&r, &c)) {
        size_t equal = count_equal(&r, &c);

        state = add_some(t, &c, width, equal, state);
        written += equal;
    }
    if (state == STATE_QUOTED)
        bounded_add(t, "\"");
    if (cut || decode(&r, &c))
        bounded_add(t, "...");
}

/* --- In memory --- */

struct fetched {
    uint8_t bytes[4 * PRINT_ELEMENTS_MAX];
    size_t n; /* units */
    bool ended, failed;
};

/* Where a read of some units fails, one of a single unit may do. */
#define FETCH_UNITS 8u

static size_t zero_in(const uint8_t *bytes, size_t n, unsigned width)
{
    for (size_t i = 0; i < n; i++)
        if (unit_at(bytes + i * width, width) == 0)
            return i;
    return n;
}

static void fetch(struct printer *p, const struct value *of, uint64_t address, unsigned width,
                  size_t max, bool to_zero, struct fetched *ret)
{
    ret->n = 0;
    ret->ended = ret->failed = false;
    while (ret->n < max && !ret->ended && !ret->failed) {
        uint8_t *to = ret->bytes + ret->n * width;
        uint64_t from = address + ret->n * width;
        size_t n = max - ret->n < FETCH_UNITS ? max - ret->n : FETCH_UNITS;

        if (!memory_read(p, of, from, to, n * width)) {
            n = 1;
            if (!memory_read(p, of, from, to, width)) {
                ret->failed = true;
                return;
            }
        }
        size_t zero = to_zero ? zero_in(to, n, width) : n;

        ret->ended = zero < n;
        ret->n += zero < n ? zero + 1 : n;
    }
}

/* Behind what was read of a text that ends with NUL. */
static bool goes_on(struct printer *p, const struct value *of, uint64_t address,
                    const struct fetched *f, unsigned width)
{
    uint32_t next = 0;

    if (f->ended)
        return false;
    return f->failed || (memory_read(p, of, address + f->n * width, &next, width) && next != 0);
}

void add_text_at(struct printer *p, const struct value *of, uint64_t address, int64_t n,
                 struct text_unit unit)
{
    bool known = n >= 0;
    size_t max = known && n < (int64_t)PRINT_ELEMENTS_MAX ? (size_t)n : PRINT_ELEMENTS_MAX;
    struct fetched f;

    fetch(p, of, address, unit.width, max, !known, &f);
    struct units u = {f.bytes, f.n, unit};

    if (f.n > 0 || !f.failed)
        add_quoted(&p->out, &u,
                   known ? (uint64_t)n > f.n : goes_on(p, of, address, &f, unit.width));
    if (f.failed)
        bounded_printf(&p->out, "<error: Cannot access memory at address 0x%" PRIx64 ">", address);
}
