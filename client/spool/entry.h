/* SPDX-License-Identifier: Apache-2.0 */
/* One crash in the spool: a folder named by its crash id, whole from the moment it has that name.
 * Its state is told by the files in it:
 *
 *     meta.json [core.zst]          fresh: to be sent
 *     meta.json wanted              acknowledged: the server still wants these modules, a line each
 *     meta.json reason              rejected (under rejected/): the server's words why
 *
 * Every step from one state to the next is one rename(2), and what is left over by a kill before or
 * after it is either sent again (the server knows a crash id that it has) or removed by the next
 * sweep. */
#ifndef CORRAL_CLIENT_SPOOL_ENTRY_H
#define CORRAL_CLIENT_SPOOL_ENTRY_H

#include <stddef.h>

#include "client/spool/spool.h"
#include "common/base/buf.h"
#include "common/base/str.h"

#define ENTRY_WANTED_MAX   (1u << 20) /* bytes of the file */
#define ENTRY_REJECTED_MAX 100

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
/* Writes meta.json and makes the entry whole; what the core's descriptor was given is on disk
 * before (core_fd, or -1). The draft is used up, whatever the result; on failure nothing is left of
 * it. */
int draft_publish(struct draft *d, int core_fd, struct str meta);
/* Throws it away. NULL-safe in the sense of an unused draft: dir is -1. */
void draft_abandon(struct draft *d);

/* --- The sender's side --- */

struct entry {
    const struct spool *spool; /* borrowed */
    char id[UUID_TEXT_SIZE];
    int dir;
};

enum entry_outcome {
    ENTRY_NONE = 1, /* there is no such file in this entry */
};

int entry_open(const struct spool *s, const char *id, struct entry *ret);
void entry_close(struct entry *e);
#define ENTRY_CLOSED    ((struct entry){.dir = -1})
#define _cleanup_entry_ _cleanup_(entry_close)

int entry_read_meta(const struct entry *e, struct buf *b);
/* ENTRY_NONE: only its metadata was kept. */
int entry_open_core(const struct entry *e, int *ret_fd);
/* The build-ids that the server wanted, a line each. ENTRY_NONE: not acknowledged yet. */
int entry_read_wanted(const struct entry *e, struct buf *b);

/* From fresh to acknowledged: remembers what is wanted, then frees the core. */
int entry_acknowledge(const struct entry *e, struct str wanted);
/* The server has all of it. */
int entry_remove(const struct entry *e);
/* The server will never take it: the reason and the metadata stay, of the newest
 * ENTRY_REJECTED_MAX. */
int entry_reject(const struct entry *e, struct str reason);

#endif
