/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is known about one crash, gathered from where it is: the row and the stack in
 * PostgreSQL; what the host said (meta.json), what the workers made of it (analysis.json) and the
 * core in the blob store. Each of them may be missing, and who asks may not see all of it: the
 * memory of a restricted process is for few eyes. */
#ifndef CORRAL_DASHD_EVENT_H
#define CORRAL_DASHD_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/request.h"
#include "common/report/analysis.h"
#include "common/report/fullcore.h"
#include "common/report/record.h"
#include "dashd/grouping/explanation.h"
#include "dashd/queries.h"
#include "dashd/stack.h"

struct app;

enum event_state {
    EVENT_UNKNOWN,
    EVENT_PENDING, /* taken in, not yet in the database */
    EVENT_KNOWN,
};

enum core_state {
    CORE_NONE, /* the host sent none, or it has been deleted */
    CORE_PRESENT,
    CORE_TRUNCATED, /* there, but not all of it */
};

struct event_view {
    enum event_state state;
    const char *crash_id;
    struct event_row row; /* EVENT_KNOWN */
    struct event_neighbours neighbours;
    bool hidden;                       /* restricted, and who asks may not see its details */
    const struct crash_record *record; /* NULL: none, unreadable or hidden */
    const struct analysis *analysis;   /* the same */
    enum core_state core;              /* of the best one that is there */
    enum fidelity core_fidelity;       /* of that one; FIDELITY_UNSAID: the host did not say */
    uint64_t core_stored;              /* bytes of core.zst; 0: there is none */
    bool has_full;                     /* a full one came after it: */
    struct fullcore full;
    struct stack_view stack; /* of the crashing thread; n == 0: none */
    struct thread_folds others;
};

/* Fills *ret; crash_id is any text. An outcome of db.h. */
int event_load(struct request *q, const char *crash_id, struct event_view *ret);

/* What the workers made of a crash; NULL: not there or not readable. For whoever has looked already
 * whether its details may be shown. */
const struct analysis *event_analysis(struct app *app, struct arena *a, const char *crash_id);
/* NULL: unknown, or hidden. */
const struct cause *event_cause(const struct event_view *e);

/* "SIGSEGV", or "signal 64"; "unknown signal" for 0. */
const char *event_signal(struct arena *a, int64_t signal);
/* One line that says what happened and where: the signal, the frame that the crash is named after,
 * and its cause or, where that is unknown, si_code, address and message. */
const char *event_verdict(const struct event_view *e, struct arena *a);
/* The best core that there is, read-only. BLOB_NOT_FOUND. */
int event_open_core(struct app *app, const struct event_view *e, int *ret_fd, uint64_t *ret_size);
/* "present", "truncated", "none". */
const char *core_state_name(enum core_state s);

/* What a register's value is near: "libfoo.so+0x1f", "this thread's stack"; NULL for nothing that
 * is known. */
const char *event_points_at(const struct analysis *an, const struct thread *t, uint64_t value,
                            struct arena *a);
/* "libfoo.so.1 (build-id ab12…), …": what arrived, so that it was analysed again; NULL: nothing, it
 * was asked for by hand. */
const char *event_arrivals(const struct event_view *e, struct arena *a);
/* Why it is in its group. s: its crashing stack, with verdicts. */
void event_explain(const struct event_row *row, const struct stack_view *s, struct arena *a,
                   struct explanation *ret);
/* The word for si_code, NULL. */
const char *event_code(const struct event_view *e);

#endif
