/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the spool within spool_max, keep_free, spool_share and spool_age. What goes is said in the
 * log, in the metadata of the crash that is still to be sent, in the counts of the file given-up,
 * and where nothing is left of a crash, in the ledger: its number arrives all the same. */
#ifndef CORRAL_CLIENT_SENDER_EVICTION_H
#define CORRAL_CLIENT_SENDER_EVICTION_H

#include "client/sender/shipment.h"

/* core_problem of a crash whose core went. */
#define EVICTION_WORDS "given up: the spool was full"
/* In the spool, a line each: "full 3", "module 0", "slim 7", "meta 1", "aged 0". */
#define EVICTION_COUNTS "given-up"

/* Cheap while there is room: asks for the number in `usage` and for the free space. thorough:
 * counts in any case. */
int eviction_run(const struct shipper *s, bool thorough);
/* Gives up what is older than spool_age. now: usec since the epoch. */
int eviction_age(const struct shipper *s, int64_t now);

#endif
