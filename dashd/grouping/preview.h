/* SPDX-License-Identifier: Apache-2.0 */
/* What a merge or a split would do, before anybody decides: counted from what is there, changing
 * nothing. Crashes that arrive in between are in the result and not in the preview. */
#ifndef CORRAL_DASHD_GROUPING_PREVIEW_H
#define CORRAL_DASHD_GROUPING_PREVIEW_H

#include "dashd/grouping/queries.h"
#include "dashd/grouping/similar.h"
#include "dashd/queries.h"

/* A group as it is, or would be. */
struct merge_side {
    struct group_row group;
    uint64_t stacks;
};
struct merge_preview {
    struct merge_side from, into, result; /* an id of 0: there is no such group */
    struct main_stack from_stack, into_stack;
    unsigned percent; /* how alike their main stacks are */
};

/* Outcomes of db.h. */
int preview_merge(struct db *d, struct arena *a, int64_t from, int64_t into,
                  struct merge_preview *ret);
/* What the survivor is afterwards: the worker's rules. A state that a person set outweighs "new",
 * the better title stays, and what crashed after it was resolved has regressed. Pure. */
void preview_merged(const struct merge_side *from, const struct merge_side *into,
                    const struct merge_counts *counts, struct merge_side *ret);

struct split_choice {
    struct selector selector;
    const struct camp_row *camps; /* with most events first */
    size_t n;                     /* shown */
    uint64_t all;                 /* there are */
};
struct split_preview {
    struct group_row group;
    struct split_choice *choices; /* selectors that make at least two camps */
    size_t n;
    uint64_t without_stack; /* events that stay whatever is chosen */
};

/* Frames up to `frames` behind the kept ones are tried. */
int preview_split(struct db *d, struct arena *a, int64_t group, unsigned frames,
                  struct split_preview *ret);
/* NULL: it makes no two camps. */
const struct split_choice *preview_choice(const struct split_preview *p, const struct selector *s);

#endif
