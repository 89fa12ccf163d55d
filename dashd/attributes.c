/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/attributes.h"

#include <stdlib.h>

#define HERE_MIN   10
#define OTHERS_MIN 20
#define POINTS_MIN 0.20
#define Z2_MIN     10.83 /* z² of a chance of 1 in 1,000, both sides */
#define NEARLY_ALL 90    /* percent */
#define CHANCE_MAX 0.05

const char *attribute_name(enum attribute_kind kind)
{
    static const char *const names[ATTRIBUTE_KINDS] = {
        [ATTRIBUTE_HOST] = "Host",     [ATTRIBUTE_VERSION] = "Version",
        [ATTRIBUTE_KERNEL] = "Kernel", [ATTRIBUTE_DISTRIBUTION] = "Distribution",
        [ATTRIBUTE_CPU] = "CPU",       [ATTRIBUTE_ARCHITECTURE] = "Architecture",
        [ATTRIBUTE_UNIT] = "Unit",     [ATTRIBUTE_IMAGE] = "Image",
    };

    return names[kind];
}

static double share(uint64_t of, uint64_t all)
{
    return all ? (double)of / (double)all : 0;
}

unsigned attribute_share(uint64_t of, uint64_t all)
{
    return (unsigned)(share(of, all) * 100);
}

static double points(const struct attribute *f)
{
    return share(f->here, f->here_all) - share(f->others, f->others_all);
}

bool attribute_stands_out(const struct attribute *f)
{
    double pooled, variance;

    if (f->here < HERE_MIN || f->others_all < OTHERS_MIN || points(f) < POINTS_MIN)
        return false;
    pooled = share(f->here + f->others, f->here_all + f->others_all);
    variance = pooled * (1 - pooled) * (1 / (double)f->here_all + 1 / (double)f->others_all);
    return points(f) * points(f) >= Z2_MIN * variance;
}

/* --- What is shown --- */

static bool better(const struct attribute *a, const struct attribute *b)
{
    if (a->stands_out != b->stands_out)
        return a->stands_out;
    return a->stands_out ? points(a) > points(b) : a->here > b->here;
}

static bool listed_anyway(enum attribute_kind kind)
{
    return kind == ATTRIBUTE_HOST || kind == ATTRIBUTE_VERSION;
}

static bool find_best(const struct attribute *rows, size_t n, enum attribute_kind kind,
                      struct attribute *ret)
{
    bool found = false;

    for (size_t i = 0; i < n; i++) {
        struct attribute f = rows[i];

        f.stands_out = attribute_stands_out(&f);
        if (f.kind != kind || f.here == 0 || (found && !better(&f, ret)))
            continue;
        *ret = f;
        found = true;
    }
    return found && (ret->stands_out || !listed_anyway(kind));
}

static int by_standing(const void *pa, const void *pb)
{
    const struct attribute *a = pa, *b = pb;

    if (a->stands_out != b->stands_out)
        return a->stands_out ? -1 : 1;
    return a->kind < b->kind ? -1 : a->kind > b->kind;
}

void attributes_choose(const struct attribute *rows, size_t n, struct attributes *ret)
{
    *ret = (struct attributes){0};
    for (enum attribute_kind k = 0; k < ATTRIBUTE_KINDS; k++) {
        struct attribute *f = &ret->of[ret->n];

        if (!find_best(rows, n, k, f))
            continue;
        if (k == ATTRIBUTE_HOST)
            ret->one_host = f->stands_out && attribute_share(f->here, f->here_all) >= NEARLY_ALL;
        else
            f->stands_out = f->stands_out && !ret->one_host;
        ret->n += f->stands_out || !listed_anyway(k);
    }
    qsort(ret->of, ret->n, sizeof(ret->of[0]), by_standing);
}

/* --- Versions --- */

/* Whether that many crashes of the program would have had one of the group among them, if so many
 * of them were the group's as among here and others. */
static bool would_show(uint64_t here, uint64_t others, uint64_t crashes)
{
    double none = 1, not_it = 1 - share(here, here + others);

    for (uint64_t i = 0; i < crashes && none >= CHANCE_MAX; i++)
        none *= not_it;
    return none < CHANCE_MAX;
}

struct span {
    size_t first, last; /* versions in which the group has crashed */
    uint64_t here, others, before, after;
};

static bool span_of(const struct attribute_version *v, size_t n, struct span *ret)
{
    struct span s = {.first = n};

    for (size_t i = 0; i < n; i++) {
        if (v[i].here == 0)
            continue;
        s.first = s.first < i ? s.first : i;
        s.last = i;
    }
    for (size_t i = 0; i < n; i++) {
        bool inside = i >= s.first && i <= s.last;

        s.here += v[i].here;
        *(inside ? &s.others : i < s.first ? &s.before : &s.after) += v[i].others;
    }
    *ret = s;
    return s.first < n;
}

const char *attributes_fixed_in(const struct attribute_version *v, size_t n)
{
    struct span s;

    if (!span_of(v, n, &s) || !would_show(s.here, s.others, s.after))
        return NULL;
    for (size_t i = s.last + 1; i < n; i++)
        if (v[i].others)
            return v[i].version;
    return NULL;
}

const char *attributes_began_in(const struct attribute_version *v, size_t n)
{
    struct span s;

    if (!span_of(v, n, &s) || !would_show(s.here, s.others, s.before))
        return NULL;
    return v[s.first].version;
}
