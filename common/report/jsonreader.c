/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor, and a level for each object and array that is open. That a key is given twice is found
 * among the keys of its object: a bit for each tells nearly always that it is new; of a large
 * object they are sorted when it ends. */
#include "common/report/jsonreader.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FEW_KEYS   64u /* are compared one by one */
#define FIRST_ROOM 64u

void jsonreader_init(struct jsonreader *r, struct str json, size_t values_max, struct arena *a)
{
    *r = (struct jsonreader){
        .p = json.p, .end = json.p + json.n, .arena = a, .values = 1, .values_max = values_max};
}

void jsonreader_fini(struct jsonreader *r)
{
    free(r->keys);
    r->keys = NULL;
}

void jsonreader_refuse(struct jsonreader *r)
{
    r->failed = true;
    r->p = r->end;
}

/* --- Bytes --- */

/* The next one that is no blank; '\0' at the end, which is none of JSON's either. */
static char peek(struct jsonreader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
    return r->p < r->end ? *r->p : '\0';
}

static bool take(struct jsonreader *r, char c)
{
    if (peek(r) != c || r->p == r->end) {
        jsonreader_refuse(r);
        return false;
    }
    r->p++;
    return true;
}

static bool is_digit(const struct jsonreader *r)
{
    return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static void count_value(struct jsonreader *r)
{
    if (++r->values > r->values_max)
        jsonreader_refuse(r);
}

/* --- Texts (RFC 8259, section 7) --- */

/* One of four hexadecimal digits; -1. */
static int32_t read_unit(const char *p, const char *end)
{
    uint64_t unit;

    if (end - p < 4 || str_hex_to_u64((struct str){p, 4}, UINT16_MAX, &unit) < 0)
        return -1;
    return (int32_t)unit;
}

static bool is_high(int32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(int32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* A character that stands as one or two units behind "\u" at *p; -1. */
static int32_t read_escaped(const char **p, const char *end)
{
    int32_t c = read_unit(*p, end), low = -1;

    if (c <= 0 || is_low(c))
        return -1;
    *p += 4;
    if (!is_high(c))
        return c;
    if (end - *p >= 2 && (*p)[0] == '\\' && (*p)[1] == 'u')
        low = read_unit(*p + 2, end);
    if (!is_low(low))
        return -1;
    *p += 6;
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static char *put_utf8(char *to, int32_t c)
{
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    unsigned n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (unsigned i = n - 1; i > 0; i--) {
        to[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    to[0] = (char)((n > 1 ? leads[n] : 0) | c);
    return to + n;
}

/* The character behind a backslash at *p; -1. */
static int32_t read_escape(const char **p, const char *end)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char c = *(*p)++;
    const char *name = c ? strchr(names, c) : NULL;

    if (c == 'u')
        return read_escaped(p, end);
    return name ? meant[name - names] : -1;
}

/* A text is never longer than it is written. */
static bool decode(struct jsonreader *r, struct str written, struct str *ret)
{
    char *text = arena_raw(r->arena, written.n), *to = text;
    const char *p = written.p, *end = p + written.n;

    while (p < end) {
        int32_t c;

        if (*p != '\\') {
            *to++ = *p++;
            continue;
        }
        p++;
        c = read_escape(&p, end);
        if (c < 0)
            return false;
        to = put_utf8(to, c);
    }
    *ret = (struct str){text, (size_t)(to - text)};
    return true;
}

/* ASCII that stands for itself. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

struct written {
    struct str text;
    bool escapes, others; /* than plain */
};

/* To the closing quote, or where there can be none. */
static struct written scan_text(const char *p, const char *end)
{
    struct written w = {.text = {.p = p}};

    for (;; p++) {
        while (p < end && is_plain((unsigned char)*p))
            p++;
        if (p == end || *p == '"' || (unsigned char)*p < 0x20)
            break;
        w.others = true;
        if (*p == '\\') {
            w.escapes = true;
            if (++p == end)
                break;
        }
    }
    w.text.n = (size_t)(p - w.text.p);
    return w;
}

static struct str read_text(struct jsonreader *r)
{
    struct written w = {0};

    if (!take(r, '"'))
        return w.text;
    w = scan_text(r->p, r->end);
    r->p += w.text.n;
    if (r->p == r->end || *r->p != '"' ||
        (w.others && utf8_valid_prefix(w.text.p, w.text.n) != w.text.n) ||
        (w.escapes && !decode(r, w.text, &w.text)))
        jsonreader_refuse(r);
    else
        r->p++;
    return w.text;
}

bool jsonreader_text(struct jsonreader *r, size_t max, struct str *ret)
{
    struct str s = read_text(r);

    if (s.n > max)
        jsonreader_refuse(r);
    if (!r->failed)
        *ret = s;
    return !r->failed;
}

bool jsonreader_address(struct jsonreader *r, uint64_t *ret)
{
    struct str s = read_text(r);

    if (!r->failed && (!str_starts(s, STR("0x")) ||
                       str_hex_to_u64((struct str){s.p + 2, s.n - 2}, UINT64_MAX, ret) < 0))
        jsonreader_refuse(r);
    return !r->failed;
}

/* --- Numbers and words --- */

static void skip_digits(struct jsonreader *r)
{
    if (!is_digit(r))
        jsonreader_refuse(r);
    while (is_digit(r))
        r->p++;
}

/* What a double cannot hold is no number. */
static bool is_finite(struct jsonreader *r, struct str written)
{
    return isfinite(strtod(arena_strndup(r->arena, written.p, written.n), NULL));
}

/* Sign and digits; what follows may make it another kind of number. */
static struct str skip_integer(struct jsonreader *r)
{
    struct str s = {r->p, 0};

    if (r->p < r->end && *r->p == '-')
        r->p++;
    if (r->p < r->end && *r->p == '0')
        r->p++;
    else
        skip_digits(r);
    s.n = (size_t)(r->p - s.p);
    return s;
}

static bool goes_on_as_real(const struct jsonreader *r)
{
    return r->p < r->end && (*r->p == '.' || *r->p == 'e' || *r->p == 'E');
}

static void skip_real(struct jsonreader *r, const char *begin)
{
    if (*r->p == '.') {
        r->p++;
        skip_digits(r);
    }
    if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
        r->p++;
        if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
            r->p++;
        skip_digits(r);
    }
    if (!r->failed && !is_finite(r, (struct str){begin, (size_t)(r->p - begin)}))
        jsonreader_refuse(r);
}

bool jsonreader_integer(struct jsonreader *r, int64_t *ret)
{
    struct str digits;

    peek(r);
    digits = skip_integer(r);
    if (goes_on_as_real(r) || is_digit(r) || r->failed || str_to_i64(digits, ret) < 0)
        jsonreader_refuse(r);
    return !r->failed;
}

static void skip_number(struct jsonreader *r)
{
    struct str digits = skip_integer(r);
    int64_t value;

    if (goes_on_as_real(r))
        skip_real(r, digits.p);
    else if (is_digit(r) || r->failed || str_to_i64(digits, &value) < 0)
        jsonreader_refuse(r);
}

static bool take_word(struct jsonreader *r, struct str word)
{
    peek(r);
    if (!str_starts((struct str){r->p, (size_t)(r->end - r->p)}, word))
        return false;
    r->p += word.n;
    return true;
}

bool jsonreader_bool(struct jsonreader *r, bool *ret)
{
    bool yes = take_word(r, STR("true"));

    if (!yes && !take_word(r, STR("false")))
        jsonreader_refuse(r);
    if (!r->failed)
        *ret = yes;
    return !r->failed;
}

/* --- Objects and arrays --- */

static void enter(struct jsonreader *r, char opening)
{
    if (r->depth == JSON_DEPTH_MAX || !take(r, opening)) {
        jsonreader_refuse(r);
        return;
    }
    count_value(r);
    r->levels[++r->depth] = (struct jsonreader_level){.first_key = r->n_keys};
}

/* True when the object or array has another part. */
static bool next(struct jsonreader *r, char closing)
{
    struct jsonreader_level *l = &r->levels[r->depth];
    char c = peek(r);

    if (r->failed)
        return false;
    if (c == closing) {
        r->p++;
        r->depth--;
        return false;
    }
    if (l->begun && take(r, ','))
        count_value(r);
    l->begun = true;
    return !r->failed;
}

void jsonreader_array(struct jsonreader *r)
{
    enter(r, '[');
}

bool jsonreader_element(struct jsonreader *r)
{
    return next(r, ']');
}

/* --- Keys --- */

static int compare_keys(const void *a, const void *b)
{
    const struct str *x = a, *y = b;

    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return memcmp(x->p, y->p, x->n);
}

/* One of 64. */
static uint64_t bit_of(struct str key)
{
    uint64_t h = key.n;

    if (key.n > 0)
        h = h << 24 ^ (uint64_t)(uint8_t)key.p[0] << 16 ^ (uint64_t)(uint8_t)key.p[key.n / 2] << 8 ^
            (uint8_t)key.p[key.n - 1];
    return UINT64_C(1) << ((h * UINT64_C(0x9e3779b97f4a7c15)) >> 58);
}

static bool is_among(const struct jsonreader *r, size_t first, struct str key)
{
    for (size_t i = first; i < r->n_keys; i++)
        if (compare_keys(&r->keys[i], &key) == 0)
            return true;
    return false;
}

static bool make_room(struct jsonreader *r)
{
    size_t room = r->room ? r->room * 2 : FIRST_ROOM;
    struct str *keys;

    if (r->n_keys < r->room)
        return true;
    keys = realloc(r->keys, room * sizeof keys[0]);
    if (!keys)
        return false;
    r->keys = keys;
    r->room = room;
    return true;
}

static void add_key(struct jsonreader *r, struct str key)
{
    struct jsonreader_level *l = &r->levels[r->depth];
    uint64_t bit = bit_of(key);
    bool few = r->n_keys - l->first_key < FEW_KEYS;

    if (((l->seen & bit) && few && is_among(r, l->first_key, key)) || !make_room(r)) {
        jsonreader_refuse(r);
        return;
    }
    l->seen |= bit;
    r->keys[r->n_keys++] = key;
}

/* Those of the object that ends. */
static void drop_keys(struct jsonreader *r, size_t first)
{
    struct str *keys = r->keys + first;
    size_t n = r->n_keys - first;

    r->n_keys = first;
    if (n <= FEW_KEYS)
        return;
    qsort(keys, n, sizeof keys[0], compare_keys);
    for (size_t i = 1; i < n; i++)
        if (compare_keys(&keys[i - 1], &keys[i]) == 0)
            jsonreader_refuse(r);
}

void jsonreader_object(struct jsonreader *r)
{
    enter(r, '{');
}

bool jsonreader_member(struct jsonreader *r, struct str *ret_key)
{
    size_t first = r->levels[r->depth].first_key;
    struct str key;

    if (!next(r, '}')) {
        if (!r->failed)
            drop_keys(r, first);
        return false;
    }
    key = read_text(r);
    if (!r->failed)
        add_key(r, key);
    take(r, ':');
    if (!r->failed)
        *ret_key = key;
    return !r->failed;
}

/* --- Whatever comes --- */

void jsonreader_skip(struct jsonreader *r)
{
    struct str key;
    char c = peek(r);

    if (c == '{') {
        jsonreader_object(r);
        while (jsonreader_member(r, &key))
            jsonreader_skip(r);
    } else if (c == '[') {
        jsonreader_array(r);
        while (jsonreader_element(r))
            jsonreader_skip(r);
    } else if (c == '"') {
        read_text(r);
    } else if (c == '-' || is_digit(r)) {
        skip_number(r);
    } else if (!take_word(r, STR("true")) && !take_word(r, STR("false")) &&
               !take_word(r, STR("null"))) {
        jsonreader_refuse(r);
    }
}

int jsonreader_end(struct jsonreader *r)
{
    peek(r);
    if (r->p != r->end)
        jsonreader_refuse(r);
    return r->failed ? -EBADMSG : 0;
}
