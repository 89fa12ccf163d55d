/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/grouping/preview.h"

#include <string.h>

/* --- Merging --- */

void preview_merged(const struct merge_side *from, const struct merge_side *into,
                    const struct merge_counts *counts, struct merge_side *ret)
{
    const struct group_row *f = &from->group, *i = &into->group;
    struct group_row g = *i;

    g.event_count += f->event_count;
    g.host_count = counts->hosts_together;
    g.first_seen = f->first_seen < i->first_seen ? f->first_seen : i->first_seen;
    g.last_seen = f->last_seen > i->last_seen ? f->last_seen : i->last_seen;
    if (counts->title_rank[0] > counts->title_rank[1])
        g.title = f->title;
    if (strcmp(i->status, "new") == 0) {
        g.status = f->status;
        g.resolved_at = f->resolved_at;
        g.resolved_by = f->resolved_by;
    }
    if (strcmp(g.status, "resolved") == 0 && g.last_seen > g.resolved_at)
        g.status = "regressed";
    *ret = (struct merge_side){g, counts->stacks_together};
}

int preview_merge(struct db *d, struct arena *a, int64_t from, int64_t into,
                  struct merge_preview *ret)
{
    struct merge_preview p = {.percent = 0};
    struct merge_counts counts = {0};
    int r = query_group(d, a, from, &p.from.group);

    if (!r)
        r = query_group(d, a, into, &p.into.group);
    if (!r)
        r = query_merge_counts(d, from, into, &counts);
    if (!r)
        r = similar_main_stack(d, a, from, &p.from_stack);
    if (!r)
        r = similar_main_stack(d, a, into, &p.into_stack);
    if (r)
        return r;
    p.from.stacks = counts.stacks[0];
    p.into.stacks = counts.stacks[1];
    if (p.from.group.id && p.into.group.id)
        preview_merged(&p.from, &p.into, &counts, &p.result);
    p.percent = similar_percent(&p.from_stack.stack, &p.into_stack.stack, a);
    *ret = p;
    return 0;
}

/* --- Splitting --- */

static void choose(const struct camp_list *list, struct arena *a, struct split_preview *p)
{
    p->choices = arena_array(a, struct split_choice, list->n);
    for (size_t i = 0, next; i < list->n; i = next) {
        for (next = i + 1; next < list->n && strcmp(list->rows[next].by, list->rows[i].by) == 0;)
            next++;
        p->choices[p->n++] = (struct split_choice){
            .selector = selector_from_form(list->rows[i].by),
            .camps = &list->rows[i],
            .n = next - i,
            .all = list->rows[i].camps,
        };
    }
}

int preview_split(struct db *d, struct arena *a, int64_t group, unsigned frames,
                  struct split_preview *ret)
{
    struct split_preview p = {.n = 0};
    struct camp_list camps = {0};
    uint64_t with_stack = 0;
    int r = query_group(d, a, group, &p.group);

    if (!r && p.group.id)
        r = query_stack_events(d, group, &with_stack);
    if (!r && p.group.id)
        r = query_camps(d, a, group, frames, &camps);
    if (r)
        return r;
    if (p.group.event_count > with_stack)
        p.without_stack = p.group.event_count - with_stack;
    choose(&camps, a, &p);
    *ret = p;
    return 0;
}

const struct split_choice *preview_choice(const struct split_preview *p, const struct selector *s)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->choices[i].selector.kind == s->kind && p->choices[i].selector.frame == s->frame)
            return &p->choices[i];
    return NULL;
}
