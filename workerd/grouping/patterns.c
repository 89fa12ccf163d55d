/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns without a star stand in one hash table under their text, those that begin with something
 * under that; a look-up hashes the text byte by byte and asks the table at each length that some
 * beginning has. Patterns that begin with a star, and those whose beginning has many others, stand
 * under three bytes of theirs; each three bytes of the text are looked up once. */
#include "workerd/grouping/patterns.h"

#include <string.h>

#define CHAIN_LONG  8 /* patterns with one beginning; further ones stand under three bytes */
#define HASH_START  0xcbf29ce484222325ull /* FNV-1a */
#define HASH_FACTOR 0x100000001b3ull
#define HASH_WHOLE  0x9e3779b97f4a7c15ull /* sets patterns without a star apart */

/* --- One pattern --- */

static size_t count_stars(struct str text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\\')
            i++;
        else
            n += text.p[i] == '*';
    }
    return n;
}

static bool escapes_valid(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '\\')
            continue;
        if (++i == text.n || !text.p[i] || !strchr("*\\\"", text.p[i]))
            return false;
    }
    return true;
}

enum pattern_mistake pattern_parse(struct str text, struct arena *a, struct pattern *ret)
{
    size_t stars = count_stars(text), n = 0;
    char *bytes, *out;

    if (text.n == 0)
        return PATTERN_EMPTY;
    if (text.n > PATTERN_MAX)
        return PATTERN_LONG;
    if (stars > PATTERN_STARS_MAX)
        return PATTERN_STARS;
    if (!escapes_valid(text))
        return PATTERN_ESCAPE;
    bytes = out = arena_alloc(a, text.n + 1);
    ret->segments = arena_array(a, struct str, stars + 1);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '*') {
            ret->segments[n++] = (struct str){bytes, (size_t)(out - bytes)};
            bytes = out;
        } else {
            i += text.p[i] == '\\';
            *out++ = text.p[i];
        }
    }
    ret->segments[n++] = (struct str){bytes, (size_t)(out - bytes)};
    ret->n_segments = n;
    return PATTERN_GOOD;
}

/* Segments between two stars go where they first fit: no later place could help those after them.
 */
bool pattern_matches(const struct pattern *p, struct str text)
{
    struct str first = p->segments[0], last = p->segments[p->n_segments - 1];
    const char *at, *end;

    if (p->n_segments == 1)
        return str_eq(first, text);
    if (text.n < first.n + last.n || !str_starts(text, first) || !str_ends(text, last))
        return false;
    at = text.p + first.n;
    end = text.p + text.n - last.n;
    for (size_t i = 1; i + 1 < p->n_segments; i++) {
        at = memmem(at, (size_t)(end - at), p->segments[i].p, p->segments[i].n);
        if (!at)
            return false;
        at += p->segments[i].n;
    }
    return true;
}

/* --- The index --- */

static uint64_t hash_add(uint64_t hash, char c)
{
    return (hash ^ (unsigned char)c) * HASH_FACTOR;
}

static uint64_t hash_of(struct str s)
{
    uint64_t hash = HASH_START;

    for (size_t i = 0; i < s.n; i++)
        hash = hash_add(hash, s.p[i]);
    return hash;
}

static uint32_t *head_of(const struct pattern_index *index, uint64_t hash)
{
    return &index->heads[(uint32_t)(hash ^ hash >> 32) & index->mask];
}

static unsigned gram_at(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return (u[0] * 961u + u[1] * 31u + u[2]) * 2654435761u >> 20;
}

/* --- Making it --- */

struct making {
    struct pattern_index *index;
    uint16_t *in_chain, *in_gram; /* how many stand there already, as far as counted */
};

static void push(struct pattern_index *index, uint32_t *head, uint32_t i)
{
    index->next[i] = *head;
    *head = i + 1;
}

static void count(uint16_t *n)
{
    *n += *n < UINT16_MAX;
}

/* The three bytes that fewest others stand under; -1 when no segment has three. */
static int best_gram(const struct making *m, const struct pattern *p)
{
    int best = -1;

    for (size_t k = 0; k < p->n_segments; k++) {
        for (size_t i = 0; i + 3 <= p->segments[k].n; i++) {
            unsigned gram = gram_at(p->segments[k].p + i);

            if (best < 0 || m->in_gram[gram] < m->in_gram[best])
                best = (int)gram;
        }
    }
    return best;
}

static void add_anchored(struct making *m, uint32_t i, uint32_t *head)
{
    struct pattern_index *index = m->index;
    const struct pattern *p = &index->patterns[i];

    push(index, head, i);
    count(&m->in_chain[head - index->heads]);
    if (p->n_segments == 1)
        return;
    index->lengths[p->segments[0].n] = true;
    if (p->segments[0].n > index->longest)
        index->longest = p->segments[0].n;
}

static void add_pattern(struct making *m, uint32_t i)
{
    struct pattern_index *index = m->index;
    const struct pattern *p = &index->patterns[i];
    bool whole = p->n_segments == 1;
    uint32_t *head = head_of(index, hash_of(p->segments[0]) ^ (whole ? HASH_WHOLE : 0));
    bool anchored = p->segments[0].n > 0;
    int gram = whole ? -1 : best_gram(m, p);

    if (whole || (anchored && (gram < 0 || m->in_chain[head - index->heads] < CHAIN_LONG))) {
        add_anchored(m, i, head);
    } else if (gram >= 0) {
        push(index, &index->grams[gram], i);
        count(&m->in_gram[gram]);
    } else {
        push(index, &index->loose, i);
    }
}

void pattern_index_make(const struct pattern *patterns, size_t n, struct arena *a,
                        struct pattern_index *ret)
{
    struct making m = {.index = ret};
    size_t buckets = 1;

    while (buckets < 2 * n)
        buckets *= 2;
    *ret = (struct pattern_index){.patterns = patterns, .n = n, .mask = (uint32_t)buckets - 1};
    ret->heads = arena_array(a, uint32_t, buckets);
    ret->next = arena_array(a, uint32_t, n);
    if (n == 0)
        return;
    ret->lengths = arena_array(a, bool, PATTERN_MAX + 1);
    ret->grams = arena_array(a, uint32_t, PATTERN_GRAMS);
    m.in_chain = arena_array(a, uint16_t, buckets);
    m.in_gram = arena_array(a, uint16_t, PATTERN_GRAMS);
    for (size_t i = n; i-- > 0;) /* so that each chain is in the order of numbers */
        add_pattern(&m, (uint32_t)i);
}

/* --- Looking up --- */

/* Of one chain, the first that matches and is better than best. */
static uint32_t try_chain(const struct pattern_index *index, uint32_t head, struct str text,
                          uint32_t best)
{
    for (uint32_t i = head; i > 0; i = index->next[i - 1]) {
        const struct pattern *p = &index->patterns[i - 1];

        if (p->number >= best)
            break;
        if (pattern_matches(p, text))
            return p->number;
    }
    return best;
}

static uint32_t try_anchored(const struct pattern_index *index, struct str text, uint32_t best)
{
    uint64_t hash = HASH_START;

    for (size_t i = 0; i <= text.n && i <= PATTERN_MAX; i++) {
        if (i <= index->longest && index->lengths[i])
            best = try_chain(index, *head_of(index, hash), text, best);
        if (i < text.n)
            hash = hash_add(hash, text.p[i]);
    }
    return text.n <= PATTERN_MAX ? try_chain(index, *head_of(index, hash ^ HASH_WHOLE), text, best)
                                 : best;
}

static uint32_t try_grams(const struct pattern_index *index, struct str text, uint32_t best)
{
    uint64_t seen[PATTERN_GRAMS / 64] = {0};

    for (size_t i = 0; i + 3 <= text.n; i++) {
        unsigned gram = gram_at(text.p + i);

        if (index->grams[gram] == 0 || seen[gram / 64] >> gram % 64 & 1)
            continue;
        seen[gram / 64] |= 1ull << gram % 64;
        best = try_chain(index, index->grams[gram], text, best);
    }
    return best;
}

uint32_t pattern_index_find(const struct pattern_index *index, struct str text)
{
    uint32_t best = PATTERN_NONE;

    if (index->n == 0)
        return best;
    best = try_anchored(index, text, best);
    best = try_grams(index, text, best);
    return try_chain(index, index->loose, text, best);
}
