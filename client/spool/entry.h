/* SPDX-License-Identifier: Apache-2.0 */
/* One crash in the spool: a folder named by its crash id, whole from the moment it has that name.
 * Its state is told by the files in it:
 *
 *     meta.json [core.zst]          fresh: to be sent
 *     meta.json wanted              acknowledged: the server still wants these modules, a line each
 *     meta.json reason              rejected (under rejected/): the server's words why
 *
 * and beside them, in any of the first two, the full core of a crash whose slim one is core.zst:
 *
 *     full.zst, locked              the handler still writes it; flock(2) tells, also after a kill
 *     full.zst full.json            complete: how long it should be, and why it is not
 *     full.zst alone                the handler died over it: what is there is all there will be
 *
 * Every step from one state to the next is one rename(2), and what is left over by a kill before or
 * after it is either sent again (the server knows a crash id that it has) or removed by the next
 * sweep. */
#ifndef CORRAL_CLIENT_SPOOL_ENTRY_H
#define CORRAL_CLIENT_SPOOL_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "client/spool/spool.h"
#include "common/base/buf.h"
#include "common/base/str.h"

#define ENTRY_WANTED_MAX   (1u << 20)   /* bytes of the file */
#define ENTRY_FACTS_MAX    (64u * 1024) /* of full.json */
#define ENTRY_REJECTED_MAX 100

/* One that is whole. */
struct entry {
    const struct spool *spool; /* borrowed */
    char id[UUID_TEXT_SIZE];
    int dir;
};

enum entry_outcome {
    ENTRY_NONE = 1, /* there is no such file in this entry */
    ENTRY_GROWING,  /* the handler still writes it */
};

/* --- The handler's side --- */

/* An entry that is being made; nobody sees it. */
struct draft {
    const struct spool *spool; /* borrowed */
    char id[UUID_TEXT_SIZE];
    int dir;
};

int draft_begin(const struct spool *s, const char *id, struct draft *ret);
/* The descriptor to write core.zst to. */
int draft_create_core(const struct draft *d, int *ret_fd);
int draft_drop_core(const struct draft *d);
/* The descriptor to write full.zst to, beside the core.zst of a slim core. It holds the lock that
 * says that the file grows: keep it open, in one process, until entry_finish_full. */
int draft_create_full(const struct draft *d, int *ret_fd);
int draft_drop_full(const struct draft *d);
/* Writes meta.json and makes the entry whole; what the core's descriptor was given is on disk
 * before (core_fd, or -1). The draft is used up, whatever the result; on failure nothing is left of
 * it. */
int draft_publish(struct draft *d, int core_fd, struct str meta);
/* The same, and hands out the entry, for a handler that goes on writing its full core. */
int draft_publish_open(struct draft *d, int core_fd, struct str meta, struct entry *ret);
/* Throws it away. NULL-safe in the sense of an unused draft: dir is -1. */
void draft_abandon(struct draft *d);

/* The full core is written: fsynced, then said to be complete by the JSON (core_bytes,
 * core_expected, core_truncated, core_problem, as in the metadata). The caller closes full_fd
 * behind it. ENTRY_NONE: it was given up meanwhile, by a quota or by the server. */
int entry_finish_full(const struct entry *e, int full_fd, struct str json);

/* --- The sender's side --- */

int entry_open(const struct spool *s, const char *id, struct entry *ret);
void entry_close(struct entry *e);
#define ENTRY_CLOSED    ((struct entry){.dir = -1})
#define _cleanup_entry_ _cleanup_(entry_close)

/* By name, without opening it. The server has the report and the core of it. */
bool entry_is_acknowledged(const struct spool *s, const char *id);
/* … and all modules, but a full core waits. */
bool entry_has_full(const struct spool *s, const char *id);

int entry_read_meta(const struct entry *e, struct buf *b);
/* ENTRY_NONE: only its metadata was kept. */
int entry_open_core(const struct entry *e, int *ret_fd);
/* The build-ids that the server wanted, a line each. ENTRY_NONE: not acknowledged yet. */
int entry_read_wanted(const struct entry *e, struct buf *b);
/* The full core; ENTRY_NONE. */
int entry_open_full(const struct entry *e, int *ret_fd);
/* Whether that descriptor's file is complete. 0: it is, and b has the JSON of entry_finish_full.
 * ENTRY_GROWING: the handler writes it. ENTRY_NONE: the handler died, more will not come. */
int entry_full_state(const struct entry *e, int full_fd, struct buf *b);

/* From fresh to acknowledged: remembers what is wanted, then frees the core. */
int entry_acknowledge(const struct entry *e, struct str wanted);
/* The server has the full core, or will never get it. */
int entry_drop_full(const struct entry *e);
/* Other metadata in the place of the old. */
int entry_rewrite_meta(const struct entry *e, struct str meta);
int entry_drop_core(const struct entry *e);
/* The server has all of it, or it is given up. */
int entry_remove(const struct entry *e);
/* The server will never take it: the reason and the metadata stay, of the newest
 * ENTRY_REJECTED_MAX. */
int entry_reject(const struct entry *e, struct str reason);

#endif
