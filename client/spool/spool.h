/* SPDX-License-Identifier: Apache-2.0 */
/* The folder between handler and sender. The handler only adds, the sender only takes, and either
 * may be killed at any instruction:
 *
 *     lock                    flock(2)ed by the sender that is at work
 *     usage                   how many bytes there are, about (usage.h)
 *     given-up                what the quotas cost (sender/eviction.h)
 *     packages                which package a program is of (handler/package_memo.h)
 *     tmp.NAME                being made or being thrown away; swept when old
 *     CRASH-ID/               a crash, whole (entry.h)
 *     rejected/CRASH-ID/      what the server will never take: its metadata and why
 *     modules/BUILD-ID        copy of an executable or library that the server may lack (shelf.h)
 *     modules/BUILD-ID.known  the server has that one
 *
 * All of it is mode 0700 or 0600 and belongs to the owner of the folder, the sender's user; the
 * handler, being root, gives away what it makes. Names in it are crash ids and build-ids, which are
 * checked, never anything that a crashed program chose. */
#ifndef CORRAL_CLIENT_SPOOL_SPOOL_H
#define CORRAL_CLIENT_SPOOL_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/id.h"

#define SPOOL_TMP         "tmp."
#define SPOOL_ENTRIES_MAX 65536u /* listed at once */

struct spool {
    int dir;
    int modules; /* the folder in it */
    uid_t uid;   /* of the folder, and of all in it */
    gid_t gid;
};

#define SPOOL_CLOSED ((struct spool){.dir = -1, .modules = -1})

enum spool_outcome {
    SPOOL_BUSY = 1, /* another sender holds the lock */
};

/* Makes the folder and those in it where they are missing. -EPERM when others may write to it. What
 * its owner may have put in the place of a folder in it is not followed. */
int spool_open(const char *path, struct spool *ret);
void spool_close(struct spool *s);
#define _cleanup_spool_ _cleanup_(spool_close)

/* Takes the lock; closing the descriptor gives it back. SPOOL_BUSY. */
int spool_lock(const struct spool *s, int *ret_fd);
/* The same of another file in the spool, which is made where it is missing. SPOOL_BUSY. */
int spool_lock_file(const struct spool *s, const char *name, int *ret_fd);

/* Gives a file or folder that was made here to the spool's owner. -EPERM for a file that has
 * another name, too: it may be one that the owner linked here to be given it. */
int spool_own(const struct spool *s, int fd);

/* How many bytes may still be written to a file in the spool, or to a new one (fd of a folder):
 * what is free on its file system above what is left to the other programs of the host, a twentieth
 * of it or keep_free where that is less, and no more than the allowance that one file has. A
 * crashing program decides how much we write; it is not to fill the disk with it. */
#define SPOOL_KEEP_FREE (1024u * 1024 * 1024)
uint64_t spool_room(int fd);
/* How many bytes are missing to what is left to the others. */
uint64_t spool_lacking(int fd);
/* For the whole process; without it SPOOL_KEEP_FREE and no allowance. Set before threads start:
 * usage.h knows the numbers. */
void spool_set_limits(uint64_t keep_free, uint64_t allowance);

struct spool_list {
    char (*ids)[UUID_TEXT_SIZE]; /* oldest first: a UUIDv7 sorts by time */
    size_t n;
};

/* The crash ids in the spool itself (folder NULL) or in "rejected". */
int spool_list(const struct spool *s, const char *folder, struct arena *a, struct spool_list *ret);

/* Removes what was begun or thrown away more than age_usec before now, copies of modules that no
 * crash waits for, and markers older than a month, so that the server is asked again. */
#define SPOOL_SWEEP_AGE (2 * 3600 * USEC_PER_SEC) /* longer than any handler takes */
int spool_sweep(const struct spool *s, int64_t now, int64_t age_usec);

#endif
