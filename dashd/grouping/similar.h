/* SPDX-License-Identifier: Apache-2.0 */
/* Groups like a group: by their main stacks, those that most of their events show. */
#ifndef CORRAL_DASHD_GROUPING_SIMILAR_H
#define CORRAL_DASHD_GROUPING_SIMILAR_H

#include "dashd/grouping/queries.h"
#include "dashd/stack.h"

#define SIMILAR_SHOWN 8
/* Less alike than this is not alike. */
#define SIMILAR_PERCENT_MIN 30
/* Functions of a stack, from the first that counts on, of which a similar one has at least one. */
#define SIMILAR_FUNCTIONS 4

struct similar_group {
    int64_t id;
    const char *title, *status;
    uint64_t event_count;
    unsigned percent;
};
struct similar_groups {
    struct similar_group *rows; /* the most alike first */
    size_t n;
};

/* A group's main stack with its labels. */
struct main_stack {
    uint64_t events; /* that show it; 0: there is no stack */
    struct stack_view stack;
    struct explanation explanation;
};

/* Outcomes of db.h. */
int similar_main_stack(struct db *d, struct arena *a, int64_t group, struct main_stack *ret);
int similar_find(struct db *d, struct arena *a, int64_t group, const struct main_stack *main,
                 struct similar_groups *ret);
/* Of two stacks, as shown: rounded down, so that only the same is 100. Pure. */
unsigned similar_percent(const struct stack_view *x, const struct stack_view *y, struct arena *a);

#endif
