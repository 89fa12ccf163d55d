/* SPDX-License-Identifier: Apache-2.0 */
/* From what a host said (record) and what an analysis found to the event that is stored: which
 * group it belongs to, its title, its stack by content, and the columns that lists and searches
 * need. Everything here fits the database: valid UTF-8, cut to the limits of its indexes, numbers
 * within their columns. Pure; the event borrows from the arena and from its makers. */
#ifndef CORRAL_WORKERD_GROUP_H
#define CORRAL_WORKERD_GROUP_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/report/analysis.h"
#include "common/report/record.h"

#include "workerd/environment.h"
#include "workerd/grouping/fingerprint.h"
#include "workerd/stackrow.h"

/* crash_events.flags */
enum event_flag {
    EVENT_RESTRICTED = 1, /* set-uid or not dumpable: for few eyes only */
    EVENT_TRUNCATED = 2,  /* the core is not whole */
    EVENT_NO_STACK = 4,   /* no frame could be used for grouping */
    EVENT_COUNTED = 8, /* stands for several crashes, of which nothing was kept but their number */
    EVENT_REANALYSED = 16,   /* or tried to: has a row in event_reanalyses */
    EVENT_WITHOUT_CORE = 32, /* its core is gone, so it stays as it is */
};

/* The build-ids of frames for which nothing was in the module store, or a file without debug
 * information: they are told when it arrives. */
struct lacking_modules {
    struct text_set build_ids, paths;
    struct text_set statuses; /* enum module_status as a number; all three of the same length */
};

/* How much a fingerprint knows of the stack. The numbers are stored. */
enum fingerprint_quality {
    QUALITY_NO_FRAME = 0,  /* program and signal */
    QUALITY_MAKESHIFT = 1, /* some frame has no name, or no line */
    QUALITY_WHOLE = 2,     /* all that debug information can tell */
};

/* What a title names, the better the higher. The numbers are stored. */
enum title_rank { TITLE_PROGRAM = 0, TITLE_OFFSET = 1, TITLE_FUNCTION = 2, TITLE_LINE = 3 };

/* By which it is found again: who shares one is of the same group. The numbers of kind are stored.
 */
struct event_key {
    uint8_t fingerprint[SHA256_SIZE];
    enum key_kind kind;
    enum fingerprint_quality quality;
};

struct event {
    const char *crash_id;
    int64_t received_at, crashed_at; /* usec */
    const char *hostname, *executable, *version;
    struct environment environment;
    int64_t pid;                      /* 0: unknown */
    int64_t signal;                   /* 0: unknown */
    unsigned flags;                   /* enum event_flag */
    const char *problem;              /* why there is no stack or not all of it; NULL */
    uint8_t fingerprint[SHA256_SIZE]; /* that of keys[0] */
    enum fingerprint_quality quality; /* likewise */
    struct event_key keys[GROUPING_KEYS_MAX];
    size_t n_keys;                    /* at least one */
    bool has_first_key;               /* it has one as the first version made it, … */
    uint8_t first_key[SHA256_SIZE];   /* … by which a group of that time is found, and no other */
    const char *class, *tag, *detail; /* of struct grouping, as texts; tag and detail may be NULL */
    const char *title;
    enum title_rank title_rank;
    const struct event_stack *stack; /* NULL: no frames at all */
    const char *cause;               /* the rule that tells it; "" */
    int64_t crashes;                 /* that it stands for: 1 unless EVENT_COUNTED */
    int64_t first_at;                /* of the first of them; usec, the host's clock */
    const char *like; /* its group is that of this event, whatever the fingerprint; NULL */
    struct lacking_modules lacking;
};

/* Fills in what the core did not tell from what the host said: signal, executable, names of
 * threads; where there is no thread at all, one that has the frame that the program counter was
 * in. */
void group_complete(struct analysis *an, const struct crash_meta *m, struct arena *a);

/* What grouping looks at, borrowed from the analysis. */
struct crash_stack group_stack(const struct analysis *an);
enum fingerprint_quality group_quality(const struct crash_stack *s, const struct grouping *g);
enum title_rank group_title_rank(const struct crash_stack *s, const struct grouping *g);

void group_make(const struct crash_record *record, const struct analysis *an,
                const struct rules *rules, struct arena *a, struct event *ret);

#endif
