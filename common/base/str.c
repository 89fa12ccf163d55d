/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/str.h"

#include <errno.h>
#include <string.h>

struct str str_from(const char *s)
{
    return s ? (struct str){s, strlen(s)} : (struct str){"", 0};
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static unsigned char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : (unsigned char)c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq((struct str){s.p, prefix.n}, prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq((struct str){s.p + (s.n - suffix.n), suffix.n}, suffix);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.n && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_split(struct str *rest, char separator, struct str *ret_part)
{
    const char *end;

    if (!rest->p)
        return false;
    end = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    if (!end) {
        *ret_part = *rest;
        *rest = (struct str){NULL, 0};
        return true;
    }
    *ret_part = (struct str){rest->p, (size_t)(end - rest->p)};
    *rest = (struct str){end + 1, rest->n - ret_part->n - 1};
    return true;
}

ptrdiff_t str_find(struct str haystack, struct str needle)
{
    const char *hit;

    if (needle.n == 0)
        return 0;
    if (haystack.n == 0)
        return -1;
    hit = memmem(haystack.p, haystack.n, needle.p, needle.n);
    return hit ? hit - haystack.p : -1;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (lower(c) >= 'a' && lower(c) <= 'f')
        return lower(c) - 'a' + 10;
    return 16;
}

static int parse_digits(struct str s, unsigned base, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (s.n == 0)
        return -EINVAL;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)digit_value(s.p[i]);

        if (digit >= base)
            return -EINVAL;
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value) || value > max)
            return -ERANGE;
    }
    *ret = value;
    return 0;
}

int str_to_u64(struct str s, uint64_t max, uint64_t *ret)
{
    return parse_digits(s, 10, max, ret);
}

int str_hex_to_u64(struct str s, uint64_t max, uint64_t *ret)
{
    return parse_digits(s, 16, max, ret);
}

int str_to_i64(struct str s, int64_t *ret)
{
    bool negative = s.n && s.p[0] == '-';
    uint64_t value;
    int r;

    if (negative) {
        s.p++;
        s.n--;
    }
    r = parse_digits(s, 10, negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX, &value);
    if (r < 0)
        return r;
    *ret = negative ? (int64_t)(0 - value) : (int64_t)value;
    return 0;
}

bool cstr_starts(const char *s, const char *prefix)
{
    return str_starts(str_from(s), str_from(prefix));
}

bool cstr_ends(const char *s, const char *suffix)
{
    return str_ends(str_from(s), str_from(suffix));
}

bool cstr_empty(const char *s)
{
    return !s || !*s;
}

/* Length of the valid sequence at p, or 0. RFC 3629 section 4: the first continuation byte's range
 * depends on the lead. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
    size_t length = p[0] < 0x80   ? 1
                    : p[0] < 0xc2 ? 0
                    : p[0] < 0xe0 ? 2
                    : p[0] < 0xf0 ? 3
                    : p[0] < 0xf5 ? 4
                                  : 0;
    unsigned char low = 0x80, high = 0xbf;

    if (length == 0 || length > n)
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < length; i++) {
        if (p[i] < low || p[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

size_t utf8_valid_prefix(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n) {
        size_t length = utf8_sequence((const unsigned char *)p + i, n - i);

        if (length == 0)
            break;
        i += length;
    }
    return i;
}

void utf8_repair(char *p, size_t n)
{
    size_t i = 0;

    while (i < n) {
        i += utf8_valid_prefix(p + i, n - i);
        if (i < n)
            p[i++] = '?';
    }
}
