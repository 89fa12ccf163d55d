/* SPDX-License-Identifier: Apache-2.0 */
/* What a host said about the process that crashed, as rows for the event's page: only what it did
 * say, numbers and sizes in words. All of it is hostile text. */
#ifndef CORRAL_DASHD_PROCESS_H
#define CORRAL_DASHD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/report/meta.h"
#include "dashd/event.h"

#define PROCESS_FACTS_MAX 48
#define PROCESS_LISTS_MAX 6

struct process_fact {
    const char *label, *text;
};

/* Texts that are folded up until somebody looks at them. */
struct process_list {
    const char *label;
    const char *note; /* "" */
    const struct meta_texts *texts;
    bool open;
};

struct process_view {
    const struct crash_meta *meta;
    struct process_fact facts[PROCESS_FACTS_MAX];
    size_t n_facts;
    struct process_list lists[PROCESS_LISTS_MAX];
    size_t n_lists;
};

/* Borrows from m. */
const struct process_view *process_view_new(const struct crash_meta *m, struct arena *a);

/* How much of the crash was kept, in words; NULL when the host did not say. */
const char *process_kept(const struct event_view *e);

#endif
