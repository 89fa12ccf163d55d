/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/detector.h"

#include <stdlib.h>
#include <string.h>

#define COMPARED_MAX 64 /* stacks of which every pair is looked at */

/* In percent, fitted to the generated set of tests/score. */
#define WITHIN_LEAST 70 /* of pairs in one camp that agree */
#define ACROSS_MOST  10 /* of pairs of two camps that agree */
#define SHARED_MOST  35 /* of frames further out that two camps have in common */
#define APART_LEAST  30 /* of pairs of camps, by size, that a witness tells apart */
#define CAMPS_LEAST  75 /* of stacks that are in a camp that counts */
#define NEWS_LEAST   20 /* of events in camps that nobody had seen when the hint was dismissed */

#define CAMP_LEAST  2 /* weight of a camp that counts */
#define PAIRS_LEAST 4 /* weight of the pairs between two */

#define UNKNOWN 255

/* --- Pairs of stacks --- */

/* What was seen again and again counts as more than one stack, but one machine that crashes all day
 * is not the truth. (sql/0006_detector.sql knows the steps.) */
static unsigned weight(const struct profile *p)
{
    return p->events >= 10 ? 3 : p->events >= 3 ? 2 : 1;
}

static uint8_t same_text(const char *x, const char *y)
{
    if (!x || !y)
        return UNKNOWN;
    return strcmp(x, y) == 0 ? 100 : 0;
}

/* Lines and offsets of two builds are not to be compared. */
static uint8_t same_place(const struct profile *x, const struct profile *y)
{
    if (same_text(x->build_id, y->build_id) != 100)
        return UNKNOWN;
    return x->line || y->line ? same_text(x->line, y->line) : same_text(x->offset, y->offset);
}

/* Functions of one name in two modules, or in two files, are two. */
static uint8_t same_home(const struct profile *x, const struct profile *y)
{
    uint8_t modules = same_text(x->module, y->module), files = same_text(x->file, y->file);

    return modules == 0 || files == UNKNOWN ? modules : files;
}

static uint8_t agreement(enum witness w, const struct profile *x, const struct profile *y)
{
    switch (w) {
    case WITNESS_KIND:
        return same_text(x->kind, y->kind);
    case WITNESS_MESSAGE:
        return same_text(x->message, y->message);
    case WITNESS_PLACE:
        return same_place(x, y);
    case WITNESS_MODULE:
        return same_home(x, y);
    case WITNESS_COUNT:
        break;
    }
    return UNKNOWN;
}

static bool has_behind(const struct profile *p, const char *name)
{
    for (unsigned i = 1; i < p->n_behind; i++) {
        if (strcmp(p->behind[i], name) == 0)
            return true;
    }
    return false;
}

/* Of the frames behind the first, in percent of the shorter stack. */
static uint8_t shared(const struct profile *x, const struct profile *y)
{
    const struct profile *less = x->n_behind < y->n_behind ? x : y;
    const struct profile *more = less == x ? y : x;
    unsigned n = 0;

    if (less->n_behind < 2)
        return 0;
    for (unsigned i = 1; i < less->n_behind; i++)
        n += has_behind(more, less->behind[i]);
    return (uint8_t)(n * 100 / (less->n_behind - 1));
}

struct pairs {
    const struct profile *profiles;
    size_t n;
    uint8_t shared[COMPARED_MAX][COMPARED_MAX];
    uint8_t agree[WITNESS_COUNT][COMPARED_MAX][COMPARED_MAX];
};

static struct pairs *compare_all(const struct profile *profiles, size_t n, struct arena *a)
{
    struct pairs *p = arena_new(a, struct pairs);

    p->profiles = profiles;
    p->n = n < COMPARED_MAX ? n : COMPARED_MAX;
    for (size_t i = 0; i < p->n; i++) {
        for (size_t k = 0; k < p->n; k++) {
            p->shared[i][k] = shared(&profiles[i], &profiles[k]);
            for (int w = 0; w < WITNESS_COUNT; w++)
                p->agree[w][i][k] = agreement((enum witness)w, &profiles[i], &profiles[k]);
        }
    }
    return p;
}

/* --- Camps --- */

struct members {
    const char *value;
    uint8_t stacks[COMPARED_MAX];
    size_t n;
    unsigned weight;
};

struct partition {
    struct members camps[COMPARED_MAX];
    size_t n;
    unsigned weight; /* of all stacks */
};

static struct members *camp_of(struct partition *t, const char *value)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->camps[i].value, value) == 0)
            return &t->camps[i];
    }
    t->camps[t->n] = (struct members){.value = value};
    return &t->camps[t->n++];
}

/* Only camps that count are left. Where the selector says nothing, there is none. */
static void divide(const struct pairs *p, const struct selector *s, struct arena *a,
                   struct partition *ret)
{
    size_t kept = 0;

    ret->n = 0;
    ret->weight = 0;
    for (size_t i = 0; i < p->n; i++) {
        struct members *m = camp_of(ret, profile_value(&p->profiles[i], s, a));
        unsigned w = weight(&p->profiles[i]);

        m->stacks[m->n++] = (uint8_t)i;
        m->weight += w;
        ret->weight += w;
    }
    for (size_t i = 0; i < ret->n; i++) {
        if (ret->camps[i].value[0] && ret->camps[i].weight >= CAMP_LEAST)
            ret->camps[kept++] = ret->camps[i];
    }
    ret->n = kept;
}

/* Mean of what is known, in percent, and how many pairs that were, by weight. */
struct mean {
    unsigned pairs, percent;
};

static struct mean mean_of(const struct pairs *p, const uint8_t table[COMPARED_MAX][COMPARED_MAX],
                           const struct members *x, const struct members *y)
{
    unsigned n = 0, sum = 0;

    for (size_t i = 0; i < x->n; i++) {
        for (size_t k = 0; k < y->n; k++) {
            size_t one = x->stacks[i], two = y->stacks[k];
            unsigned w = weight(&p->profiles[one]);

            if (table[one][two] == UNKNOWN)
                continue;
            w *= one == two ? w - 1 : weight(&p->profiles[two]);
            n += w;
            sum += w * table[one][two];
        }
    }
    return (struct mean){n, n ? sum / n : 0};
}

/* --- Witnesses --- */

static bool is_coherent(const struct pairs *p, enum witness w, const struct members *x)
{
    struct mean m = mean_of(p, p->agree[w], x, x);

    return m.pairs > 0 && m.percent >= WITHIN_LEAST;
}

static bool tells_apart(const struct pairs *p, enum witness w, const struct members *x,
                        const struct members *y)
{
    struct mean m = mean_of(p, p->agree[w], x, y);

    return m.pairs >= PAIRS_LEAST && m.percent <= ACROSS_MOST && is_coherent(p, w, x) &&
           is_coherent(p, w, y);
}

struct finding {
    unsigned apart;  /* pairs of camps, in percent */
    unsigned shared; /* frames further out that they have in common, in percent */
    bool witnesses[WITNESS_COUNT];
};

static void hear(const struct pairs *p, const struct members *x, const struct members *y,
                 unsigned *apart, struct finding *f)
{
    bool told = false;

    if (mean_of(p, p->shared, x, y).percent > SHARED_MOST)
        return;
    for (int w = 0; w < WITNESS_COUNT; w++) {
        bool tells = tells_apart(p, (enum witness)w, x, y);

        f->witnesses[w] |= tells;
        told |= tells;
    }
    *apart += told ? x->weight * y->weight : 0;
}

/* False when the camps say too little. */
static bool weigh(const struct pairs *p, const struct partition *t, struct finding *ret)
{
    unsigned in_camps = 0, all = 0, apart = 0, common = 0;

    *ret = (struct finding){.apart = 0};
    for (size_t i = 0; i < t->n; i++) {
        in_camps += t->camps[i].weight;
        for (size_t k = 0; k < i; k++) {
            unsigned w = t->camps[i].weight * t->camps[k].weight;

            all += w;
            common += w * mean_of(p, p->shared, &t->camps[i], &t->camps[k]).percent;
            hear(p, &t->camps[i], &t->camps[k], &apart, ret);
        }
    }
    if (t->n < 2 || in_camps * 100 < t->weight * CAMPS_LEAST)
        return false;
    ret->apart = apart * 100 / all;
    ret->shared = common / all;
    return ret->apart >= APART_LEAST;
}

static bool is_better(const struct finding *x, const struct finding *y)
{
    return x->apart != y->apart ? x->apart > y->apart : x->shared < y->shared;
}

/* --- All camps of a selector --- */

static int by_events(const void *x, const void *y)
{
    const struct hint_camp *a = x, *b = y;

    if (a->events != b->events)
        return a->events < b->events ? 1 : -1;
    return strcmp(a->value, b->value);
}

/* False when there are too many. */
static bool list_camps(const struct profile *profiles, size_t n, struct arena *a,
                       struct split_hint *h)
{
    h->camps = arena_array(a, struct hint_camp, HINT_CAMPS_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *value = profile_value(&profiles[i], &h->selector, a);
        size_t c = 0;

        while (c < h->n && strcmp(h->camps[c].value, value) != 0)
            c++;
        if (c == HINT_CAMPS_MAX)
            return false;
        if (c == h->n)
            h->camps[h->n++] = (struct hint_camp){.value = value};
        h->camps[c].events += profiles[i].events;
        h->camps[c].stacks++;
    }
    qsort(h->camps, h->n, sizeof(h->camps[0]), by_events);
    return true;
}

static bool lists(const struct split_hint *h, const char *value)
{
    for (size_t i = 0; i < h->n; i++) {
        if (strcmp(h->camps[i].value, value) == 0)
            return true;
    }
    return false;
}

/* Whether what a person found to be one bug is still what it was. */
static bool still_dismissed(const struct profile *profiles, size_t n, const struct split_hint *old,
                            struct arena *a)
{
    int64_t all = 0, news = 0;

    for (size_t i = 0; i < n; i++) {
        all += profiles[i].events;
        if (!lists(old, profile_value(&profiles[i], &old->selector, a)))
            news += profiles[i].events;
    }
    return news * 100 < all * NEWS_LEAST;
}

/* --- The decision --- */

static bool is_decided(const struct hint_past *past, const struct selector *s)
{
    for (size_t i = 0; past && i < past->n_decided; i++) {
        if (past->decided[i].kind == s->kind && past->decided[i].frame == s->frame)
            return true;
    }
    return false;
}

/* All that are tried, the frames first: of two that say the same, the first is better. */
static struct selector candidate(unsigned i)
{
    if (i < DETECTOR_FRAMES)
        return (struct selector){SELECT_FRAME, i + 1};
    return (struct selector){.kind = i == DETECTOR_FRAMES ? SELECT_SIGNAL : SELECT_EXECUTABLE};
}

#define CANDIDATES (DETECTOR_FRAMES + 2)

void detector_look(const struct profile *profiles, size_t n, const struct hint_past *past,
                   struct arena *a, struct split_hint *ret)
{
    struct finding best = {.apart = 0};
    struct partition *t;
    struct pairs *pairs;

    *ret = (struct split_hint){.any = false};
    if (n < 2 || (past && past->dismissed && past->dismissed->any &&
                  still_dismissed(profiles, n, past->dismissed, a)))
        return;
    pairs = compare_all(profiles, n, a);
    t = arena_new(a, struct partition);
    for (unsigned i = 0; i < CANDIDATES; i++) {
        struct split_hint h = {.any = true, .selector = candidate(i)};
        struct finding f;

        divide(pairs, &h.selector, a, t);
        if (is_decided(past, &h.selector) || !weigh(pairs, t, &f) ||
            (ret->any && !is_better(&f, &best)) || !list_camps(profiles, n, a, &h))
            continue;
        memcpy(h.witnesses, f.witnesses, sizeof(h.witnesses));
        best = f;
        *ret = h;
    }
}
