/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's file (ledger.h), as it lies on disk and in the memory of all who use it: a page of
 * header, an index, and a record of 1 KiB for each row of the index. It is allocated once and never
 * grows or shrinks. What makes it safe under kill -9 at any instruction:
 *
 *   - a number that many change is changed by one atomic instruction;
 *   - a record becomes visible by one store, the last, to `state` of its row;
 *   - counts are running numbers that only rise: counted ≥ claimed ≥ settled. A crash is counted by
 *     one addition, a claim (number, id, times) is made by one store to `claimed` behind all else
 *     that belongs to it, and forgotten by one store to `settled`. They survive the reuse of a
 *     record, so that an addition that comes too late is at worst told of another kind.
 *
 * The lock keeps these apart who look for a record, make one or make a claim; whoever can't have it
 * in time, because its holder was stopped, changes nothing but numbers of records that are there.
 * The file belongs to the spool's owner and is no more hostile than that; still no text in it is
 * taken to end, and no number to be sane. */
#ifndef CORRAL_CLIENT_SPOOL_LEDGER_FILE_H
#define CORRAL_CLIENT_SPOOL_LEDGER_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/spool/budget.h"
#include "client/spool/ledger.h"

#define LEDGER_RECORDS     1024u /* the first is the host's */
#define LEDGER_VERSION     1u
#define LEDGER_PATIENCE    (50 * USEC_PER_MSEC) /* for the lock, while a process is held */
#define LEDGER_PENDING_MAX ((int64_t)1 << 40)   /* of one record: more is damage */
#define LEDGER_LEVELS      3

struct ledger_header {
    char magic[8];
    uint32_t version, records, record_size;
    uint32_t bell; /* written by write(2) when counts begin to wait: inotify(7) tells the sender */
    uint8_t pad[4096 - 24];
};

/* A row of the index: small, for it is searched from end to end. */
struct ledger_row {
    struct ledger_key key;
    _Atomic int64_t used_at; /* usec since the epoch */
    _Atomic uint32_t state;  /* 0: free; else enum budget_scope + 1 */
    uint32_t pad;
};

struct ledger_record {
    _Atomic int64_t full_at[LEDGER_LEVELS]; /* budget.h; META, SLIM, FULL */
    _Atomic int64_t counted, claimed, settled;
    int64_t first_at, last_at; /* of those that are not claimed yet */
    int64_t claim_first, claim_last;
    _Atomic int64_t want_at;
    _Atomic uint32_t want;                /* enum fidelity */
    _Atomic uint32_t described, has_like; /* the texts, and like, are whole */
    uint32_t pad;
    uint8_t claim_id[16], like[16];
    int64_t signal, code;
    uint64_t offset;
    char path[LEDGER_PATH_MAX], comm[LEDGER_NAME_MAX], unit[LEDGER_NAME_MAX];
    char module[LEDGER_PATH_MAX], build_id[BUILD_ID_TEXT_SIZE - 1], why[LEDGER_WORDS_MAX];
};

struct ledger_map {
    struct ledger_header header;
    struct ledger_row rows[LEDGER_RECORDS];
    struct ledger_record records[LEDGER_RECORDS];
};

_Static_assert(sizeof(struct ledger_header) == 4096, "a page");
_Static_assert(sizeof(struct ledger_row) == 32, "rows are searched");
_Static_assert(sizeof(struct ledger_record) == 1024, "no record lies across two pages");

struct ledger {
    int fd;
    struct ledger_map *map;
    struct budget budgets[LEDGER_LEVELS];
    bool impatient; /* the lock could not be had the last time */
};

/* Opens or makes the file and maps it into *l; see ledger_open. */
int ledger_file_open(int dir_fd, struct ledger *l);
void ledger_file_close(struct ledger *l);

/* False when it could not be had in time. The lock belongs to the open file: a child that inherits
 * a ledger shares its parent's, and opens one of its own instead. */
bool ledger_lock(struct ledger *l);
void ledger_unlock(struct ledger *l);

/* The record of that scope and key; NULL. The host has one, whatever the key. */
struct ledger_record *ledger_find(struct ledger *l, enum budget_scope scope,
                                  const struct ledger_key *key);
/* As above, made when it is missing, in place of the one that was least recently used and has no
 * counts; NULL when there is none. With the lock. */
struct ledger_record *ledger_insert(struct ledger *l, enum budget_scope scope,
                                    const struct ledger_key *key, int64_t now);
void ledger_touch(struct ledger *l, const struct ledger_record *r, int64_t now);

/* A crash id as 16 bytes; -EINVAL. */
int ledger_id_pack(const char *text, uint8_t ret[static 16]);
/* False, and "", for bytes that are no crash id. */
bool ledger_id_unpack(const uint8_t id[static 16], char ret[static UUID_TEXT_SIZE]);

/* How many crashes wait in the record; 0 also when its numbers are damaged. */
int64_t ledger_waiting(const struct ledger_record *r);
/* Makes damaged numbers sane, with the lock. */
void ledger_mend(struct ledger_record *r);

#endif
