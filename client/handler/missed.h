/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes that never reached us are counted, too: the kernel log tells of them. It is opened as
 * root and read when the process has been let go, by one handler at a time and not more often than
 * MISSED_INTERVAL; and by `corral-handler --reconcile`, which a timer starts. How far it was read
 * is kept in a file of the spool, and written before anything is counted: a crash may go uncounted
 * when we are killed in between, but none is ever counted twice. */
#ifndef CORRAL_CLIENT_HANDLER_MISSED_H
#define CORRAL_CLIENT_HANDLER_MISSED_H

#include <stdbool.h>
#include <stdint.h>

#include "client/spool/ledger.h"
#include "client/spool/spool.h"
#include "common/base/clock.h"

#define MISSED_FILE     "kernel-log" /* in the spool: boot id, next record, time of the last look */
#define MISSED_INTERVAL (30 * USEC_PER_SEC)

struct missed {
    int log; /* /dev/kmsg; -1: it can't be read */
};

#define MISSED_CLOSED ((struct missed){.log = -1})

enum missed_outcome {
    MISSED_TOO_SOON = 1, /* somebody else is at it, or was a moment ago */
};

/* As root, before rights are dropped. */
void missed_open(struct missed *ret);
void missed_close(struct missed *m);
/* What is new in the log goes into the ledger. eager: also when the last look was a moment ago.
 * *ret_n: how many crashes. MISSED_TOO_SOON; -errno when log or file can't be read. */
int missed_look(const struct missed *m, const struct spool *s, struct ledger *l, bool eager,
                uint64_t *ret_n);
/* The whole of `corral-handler --reconcile`, as root: gives up its rights, looks, logs a line.
 * Returns the exit status. */
int missed_reconcile(const char *conf_path);

#endif
