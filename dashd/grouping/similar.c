/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/grouping/similar.h"

#include <stdlib.h>

#include "common/report/jsontext.h"
#include "common/report/jsontree.h"
#include "dashd/grouping/similarity.h"

#define NAMES_VALUES_MAX   1024
#define FUNCTIONS_TEXT_MAX (64u * 1024)

struct labels {
    const char **names;
    size_t n;
};

/* 1 is only told of what is the same: rounding must not tell it of anything else. */
static unsigned percent_of(double likeness)
{
    return (unsigned)(likeness * 100 + 1e-9);
}

unsigned similar_percent(const struct stack_view *x, const struct stack_view *y, struct arena *a)
{
    struct labels l, r;

    l.names = stack_labels(x, true, a, &l.n);
    r.names = stack_labels(y, true, a, &r.n);
    return percent_of(similarity(l.names, l.n, r.names, r.n));
}

int similar_main_stack(struct db *d, struct arena *a, int64_t group, struct main_stack *ret)
{
    struct main_stack_row row;
    int r = query_main_stack(d, a, group, &row);

    if (r)
        return r;
    *ret = (struct main_stack){.events = row.events};
    if (!row.frames || stack_parse(str_from(row.frames), a, &ret->stack) < 0)
        *ret = (struct main_stack){0};
    explanation_make(&row.columns, &ret->stack, a, &ret->explanation);
    return 0;
}

/* A JSON array of the first labels, as candidates are looked for. */
static const char *first_functions(const struct labels *l, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(FUNCTIONS_TEXT_MAX);

    jsontext_array(&b, NULL);
    for (size_t i = 0, n = 0; i < l->n && n < SIMILAR_FUNCTIONS; i++) {
        jsontext_string(&b, NULL, l->names[i]);
        n += l->names[i] != NULL;
    }
    jsontext_end_array(&b);
    return buf_error(&b) < 0 ? "[]" : arena_strdup(a, buf_text(&b));
}

static struct labels parse_names(const char *text, struct arena *a)
{
    _cleanup_json_ json_t *root = jsontree_object(str_from(text), NAMES_VALUES_MAX, NULL);
    const json_t *names = json_object_get(root, "names");
    struct labels l = {.n = json_array_size(names)};

    l.names = arena_array(a, const char *, l.n);
    for (size_t i = 0; i < l.n; i++)
        l.names[i] = arena_strdup(a, json_string_value(json_array_get(names, i)));
    return l;
}

static int by_percent(const void *x, const void *y)
{
    const struct similar_group *a = x, *b = y;

    if (a->percent != b->percent)
        return a->percent < b->percent ? 1 : -1;
    return (a->id > b->id) - (a->id < b->id);
}

static void compare(const struct labels *own, const struct candidate_list *list, struct arena *a,
                    struct similar_groups *ret)
{
    struct similar_groups s = {.rows = arena_array(a, struct similar_group, list->n)};

    for (size_t i = 0; i < list->n; i++) {
        const struct candidate_row *c = &list->rows[i];
        struct labels other = parse_names(c->names, a);
        unsigned percent = percent_of(similarity(own->names, own->n, other.names, other.n));

        if (percent >= SIMILAR_PERCENT_MIN)
            s.rows[s.n++] =
                (struct similar_group){c->id, c->title, c->status, c->event_count, percent};
    }
    qsort(s.rows, s.n, sizeof(*s.rows), by_percent);
    if (s.n > SIMILAR_SHOWN)
        s.n = SIMILAR_SHOWN;
    *ret = s;
}

int similar_find(struct db *d, struct arena *a, int64_t group, const struct main_stack *main,
                 struct similar_groups *ret)
{
    struct candidate_list list = {0};
    struct labels own;
    int r = 0;

    own.names = stack_labels(&main->stack, true, a, &own.n);
    if (own.n > 0)
        r = query_candidates(d, a, group, first_functions(&own, a), &list);
    if (!r)
        compare(&own, &list, a, ret);
    return r;
}
