/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the spool, oldest crash first: sends until all is sent or the server takes no more,
 * and logs one line a crash. */
#ifndef CORRAL_CLIENT_SENDER_ROUND_H
#define CORRAL_CLIENT_SENDER_ROUND_H

#include <stdbool.h>

#include "client/sender/shipment.h"

struct round {
    size_t sent, rejected;
    size_t left;                 /* still in the spool */
    enum upload_verdict verdict; /* UPLOAD_DONE, or why something is left, the gravest */
    int64_t retry_after;         /* usec; 0: the server named no time */
};

/* stop (may be NULL) is asked before each crash. Negative: the spool could not be read. */
int round_run(const struct shipper *s, bool (*stop)(void *arg), void *arg, struct round *ret);

#endif
