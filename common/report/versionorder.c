/* SPDX-License-Identifier: Apache-2.0 */
/* A version is parts in turn: what is no digit, then digits. Each character of the first weighs one
 * byte (`~` least, then the end of the part, letters, all else), which is how dpkg compares them;
 * digits weigh by their number, then themselves. Since each part ends with a byte of its own, no
 * order is the beginning of a later one that it should come behind. */
#include "common/report/versionorder.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/cleanup.h"

enum weight { WEIGHT_TILDE = 1, WEIGHT_END = 2, WEIGHT_LETTER = 16, WEIGHT_OTHER = 128 };

#define HASH_MIN 7 /* digits of the shortest hash of a commit that anybody writes */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void put(struct version_order *o, unsigned weight)
{
    if (o->n < sizeof(o->bytes))
        o->bytes[o->n++] = (uint8_t)weight;
}

/* --- Before the release --- */

/* Length of a word at p that says "not yet released", with nothing but a number behind it. */
static size_t early_word(struct str s)
{
    static const struct str words[] = {STR("alpha"), STR("beta"), STR("rc"), STR("pre"),
                                       STR("dev")};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t n = words[i].n;

        if (s.n >= n && strncasecmp(s.p, words[i].p, n) == 0 && (s.n == n || !is_letter(s.p[n])))
            return n;
    }
    return 0;
}

/* "2.0-rc1" and "2.0rc1" as "2.0~rc1": what stands between goes. How many bytes are written. */
static size_t mark_early(struct str s, char *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        bool separated = i > 0 && (s.p[i] == '-' || s.p[i] == '.' || s.p[i] == '_');
        struct str rest = {s.p + i + separated, s.n - i - separated};

        if ((separated || (i > 0 && is_digit(s.p[i - 1]))) && early_word(rest)) {
            ret[n++] = '~';
            if (separated)
                continue;
        }
        ret[n++] = s.p[i];
    }
    return n;
}

/* --- Parts --- */

static size_t add_word(struct str s, struct version_order *o)
{
    size_t i = 0;

    for (; i < s.n && !is_digit(s.p[i]); i++) {
        if (s.p[i] == '~')
            put(o, WEIGHT_TILDE);
        else if (is_letter(s.p[i]))
            put(o, WEIGHT_LETTER + (unsigned)(s.p[i] - 'A'));
        else
            put(o, WEIGHT_OTHER | (unsigned char)s.p[i]);
    }
    put(o, WEIGHT_END);
    return i;
}

static size_t add_number(struct str s, struct version_order *o)
{
    size_t from = 0, to;

    while (from < s.n && s.p[from] == '0')
        from++;
    for (to = from; to < s.n && is_digit(s.p[to]);)
        to++;
    put(o, (unsigned)(to - from));
    for (size_t i = from; i < to; i++)
        put(o, (unsigned char)s.p[i]);
    return to;
}

static void add_parts(struct str s, struct version_order *o)
{
    size_t at = 0;

    do {
        at += add_word((struct str){s.p + at, s.n - at}, o);
        at += add_number((struct str){s.p + at, s.n - at}, o);
    } while (at < s.n);
    put(o, WEIGHT_END);
}

/* --- The whole --- */

/* Digits and letters up to f, letters among them, nothing else. */
static bool is_hash(struct str s)
{
    bool letters = false;

    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
            return false;
        letters |= !is_digit(s.p[i]);
    }
    return letters && s.n >= HASH_MIN;
}

static struct str without_v(struct str s)
{
    bool v = s.n > 1 && (s.p[0] == 'v' || s.p[0] == 'V') && is_digit(s.p[1]);

    return (struct str){s.p + v, s.n - v};
}

static size_t length_of_epoch(struct str s)
{
    size_t n = 0;

    while (n < s.n && is_digit(s.p[n]))
        n++;
    return n < s.n && s.p[n] == ':' ? n : 0;
}

struct version_order version_order(struct str version)
{
    struct version_order o = {.n = 0};
    char text[2 * VERSION_ORDERED_MAX];
    struct str s = without_v(version), revision = {NULL, 0};
    size_t epoch;

    if (s.n == 0 || s.n > VERSION_ORDERED_MAX || !is_digit(s.p[0]) || is_hash(s))
        return o;
    s = (struct str){text, mark_early(s, text)};
    epoch = length_of_epoch(s);
    (void)add_number((struct str){s.p, epoch}, &o);
    if (epoch)
        s = (struct str){s.p + epoch + 1, s.n - epoch - 1};
    for (size_t i = s.n; i > 0 && !revision.p; i--)
        if (s.p[i - 1] == '-') {
            revision = (struct str){s.p + i, s.n - i};
            s.n = i - 1;
        }
    add_parts(s, &o);
    add_parts(revision, &o);
    return o;
}

int version_order_compare(const struct version_order *a, const struct version_order *b)
{
    size_t n = a->n < b->n ? a->n : b->n;
    int r = memcmp(a->bytes, b->bytes, n);

    return r ? r : (a->n > b->n) - (a->n < b->n);
}
