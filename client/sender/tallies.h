/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes that were only counted (ledger.h), on their way to the server: a report without any
 * memory for each kind, with the number of crashes that it stands for. It goes from the ledger to
 * the network and needs no room on any disk. */
#ifndef CORRAL_CLIENT_SENDER_TALLIES_H
#define CORRAL_CLIENT_SENDER_TALLIES_H

#include <stdbool.h>
#include <stdint.h>

#include "client/sender/round.h"

#define TALLIES_GATHER   USEC_PER_SEC       /* from the first count of a storm to its report */
#define TALLIES_INTERVAL (5 * USEC_PER_SEC) /* from one report to the next */

/* When the next ones are due; all zero at first. */
struct tallies {
    int64_t due; /* monotonic; 0: nothing waits */
};

/* Sends what waits, all of it; the outcome is added to *round. A server that takes nothing now is
 * not asked. */
void tallies_flush(const struct shipper *s, bool (*stop)(void *arg), void *arg,
                   struct round *round);
/* The same when it is time. In how many usec it wants to be called again; INT64_MAX: not before
 * something happens. */
int64_t tallies_send(struct tallies *t, const struct shipper *s, bool (*stop)(void *arg), void *arg,
                     struct round *round);

#endif
