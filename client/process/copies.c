/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the bytes for all secrets together: a bit for each hash of eight bytes says whether
 * it is worth to look closer. */
#include "client/process/copies.h"

#include <stdlib.h>
#include <string.h>

#define LEAD       4 /* bytes before the secret, of the needle */
#define ALIKE_MAX  4
#define HASH_BITS  16
#define MULTIPLIER 0x9e3779b97f4a7c15u

static uint64_t word_at(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return word;
}

static size_t hash(uint64_t word)
{
    return (size_t)(word * MULTIPLIER >> (64 - HASH_BITS));
}

void copies_init(struct copies *c, struct arena *a)
{
    *c = (struct copies){.secrets = arena_array(a, struct copies_secret, COPIES_MAX),
                         .seen = arena_array(a, uint64_t, (1u << HASH_BITS) / 64)};
    memset(c->seen, 0, (1u << HASH_BITS) / 8);
}

/* A short secret is told by more of what is before it. */
void copies_add(struct copies *c, const char *text, size_t from, size_t end)
{
    size_t start = from > LEAD ? from - LEAD : 0;
    uint64_t needle;

    if (end < COPIES_NEEDLE || from >= end || c->n == COPIES_MAX)
        return;
    if (start > end - COPIES_NEEDLE)
        start = end - COPIES_NEEDLE;
    needle = word_at(text + start);
    c->secrets[c->n++] = (struct copies_secret){needle, text, start, from, end};
    c->seen[hash(needle) / 64] |= 1ull << hash(needle) % 64;
}

static int compare(const void *a, const void *b)
{
    const struct copies_secret *x = a, *y = b;

    return x->needle < y->needle ? -1 : x->needle > y->needle;
}

/* Of secrets that begin alike a few are kept: no process is to make the search long. */
void copies_settle(struct copies *c)
{
    size_t n = 0;

    qsort(c->secrets, c->n, sizeof(*c->secrets), compare);
    for (size_t i = 0; i < c->n; i++)
        if (n < ALIKE_MAX || c->secrets[n - ALIKE_MAX].needle != c->secrets[i].needle)
            c->secrets[n++] = c->secrets[i];
    c->n = n;
}

static const struct copies_secret *find(const struct copies *c, uint64_t needle)
{
    const struct copies_secret wanted = {.needle = needle};

    return bsearch(&wanted, c->secrets, c->n, sizeof(*c->secrets), compare);
}

/* p: n bytes, of which the first are the needle of all these secrets: the longest of them that goes
 * on there counts. */
static void blank_one(const struct copies *c, const struct copies_secret *s, char *p, size_t n)
{
    size_t longest = 0, from = s->from - s->start;

    while (s > c->secrets && s[-1].needle == s->needle)
        s--;
    for (uint64_t needle = s->needle; s < c->secrets + c->n && s->needle == needle; s++) {
        size_t same = COPIES_NEEDLE;

        while (same < n && s->start + same < s->end && p[same] == s->text[s->start + same])
            same++;
        longest = same > longest ? same : longest;
        from = s->from - s->start < from ? s->from - s->start : from;
    }
    memset(p + from, '*', longest - from);
}

void copies_blank(const struct copies *c, void *p, size_t n)
{
    char *bytes = p;

    if (!c || c->n == 0)
        return;
    for (size_t i = 0; i + COPIES_NEEDLE <= n; i++) {
        uint64_t word = word_at(bytes + i);
        const struct copies_secret *s;

        if (!(c->seen[hash(word) / 64] >> hash(word) % 64 & 1))
            continue;
        s = find(c, word);
        if (s)
            blank_one(c, s, bytes + i, n - i);
    }
}
