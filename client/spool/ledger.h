/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: what this host has seen of late, by kind of crash, and how much of the next one it
 * can afford. One file of records of a fixed size, mapped by every handler and by the sender,
 * changed under a short flock(2): it needs no room on a full disk, survives restarts, and fifty
 * handlers at once agree on it. Each kind has token buckets (full, slim, meta), and so has each
 * executable, each container and the host; a crash gets the most that all of its buckets still
 * have. What is granted nothing is counted here, and the sender reports the counts: each count
 * under a crash id that is fixed before it is first sent, so that a kill at any instruction neither
 * loses nor doubles it. */
#ifndef CORRAL_CLIENT_SPOOL_LEDGER_H
#define CORRAL_CLIENT_SPOOL_LEDGER_H

#include <stdbool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/spool/settings.h"
#include "common/base/id.h"
#include "common/report/fidelity.h"
#include "common/report/limits.h"

#define LEDGER_FILE      "ledger"            /* in the spool's folder, or … */
#define LEDGER_FOLDER    "/run/corral/state" /* … in this one, where there is no spool */
#define LEDGER_KEY_SIZE  16
#define LEDGER_KEY_TEXT  (2 * LEDGER_KEY_SIZE + 1)
#define LEDGER_PATH_MAX  256 /* of the executable, its end */
#define LEDGER_NAME_MAX  64
#define LEDGER_WORDS_MAX 96

/* A digest; all zero: not known, and no bucket is asked. */
struct ledger_key {
    uint8_t bytes[LEDGER_KEY_SIZE];
};

/* A crash, as far as it decides what is kept of it. Texts may be NULL; they are what a count is
 * reported with. */
struct ledger_case {
    struct ledger_key kind;       /* key.h: executable, signal, code, where */
    struct ledger_key executable; /* its build-id, or what else tells it; its unit */
    struct ledger_key container;  /* of its control group */
    const char *path, *comm, *unit;
    const char *module, *build_id; /* where the program counter was */
    uint64_t offset;
    int64_t signal, code; /* META_UNKNOWN */
};

struct ledger;

/* Makes the file in that folder where it is missing; one whose header is damaged begins anew.
 * dir_fd is borrowed for the call. Not to be shared with a forked child that uses it at the same
 * time. All below take NULL for a ledger that could not be opened: then everything is granted and
 * nothing counted. After opening no other system calls are made than flock, clock_nanosleep,
 * getrandom, pwrite, close and munmap, none of which waits longer than 50 ms. */
int ledger_open(int dir_fd, const struct settings *settings, struct ledger **ret);
void ledger_close(struct ledger *l);

/* How much of this crash to keep: at most `most`, as much as all of its buckets have left and as
 * the server last wanted of its kind; takes the tokens. FIDELITY_COUNT when nothing is left: then
 * call ledger_count. now: usec since the epoch. */
enum fidelity ledger_ask(struct ledger *l, const struct ledger_case *c, enum fidelity most,
                         int64_t now);
/* Whether a crash of which these keys are known would be granted nothing of at most `most`; takes
 * no token, waits for nobody. */
bool ledger_spent(struct ledger *l, const struct ledger_case *c, enum fidelity most, int64_t now);
/* What the server last wanted of the kind; FIDELITY_UNSAID. */
enum fidelity ledger_wanted(struct ledger *l, const struct ledger_key *kind);
/* One more that is only counted. why: a few words for people, a static text. */
void ledger_count(struct ledger *l, const struct ledger_case *c, const char *why, int64_t now);
/* The latest of its kind that was spooled; false: none is known. */
bool ledger_like(struct ledger *l, const struct ledger_case *c, char ret[static UUID_TEXT_SIZE]);
/* It was spooled as crash_id: counts of its kind refer to that event from now on. */
void ledger_spooled(struct ledger *l, const struct ledger_case *c, const char *crash_id);

/* --- The sender's side --- */

/* Crashes of one kind that were only counted. */
struct ledger_tally {
    char crash_id[UUID_TEXT_SIZE]; /* of this report */
    char like[UUID_TEXT_SIZE];     /* the latest of its kind that was spooled; "": none */
    char kind[LEDGER_KEY_TEXT];
    int64_t n, first_at, last_at; /* usec since the epoch */
    char path[LEDGER_PATH_MAX], comm[LEDGER_NAME_MAX], unit[LEDGER_NAME_MAX];
    char module[LEDGER_PATH_MAX], build_id[BUILD_ID_TEXT_SIZE];
    uint64_t offset;
    int64_t signal, code;
    char why[LEDGER_WORDS_MAX];
};

enum ledger_outcome {
    LEDGER_NONE = 1, /* no further tally */
};

/* The next tally at or behind *cursor (0 at first); fixes its id and number, on disk (fdatasync).
 * LEDGER_NONE. */
int ledger_claim(struct ledger *l, size_t *cursor, struct ledger_tally *ret);
/* The server has it. */
void ledger_settle(struct ledger *l, const struct ledger_tally *t);
/* What the server wants of the next one of that kind (hexadecimal, as in the metadata). */
void ledger_want(struct ledger *l, const char *kind, enum fidelity f);
/* How many crashes wait in counts. */
int64_t ledger_pending(struct ledger *l);

#endif
