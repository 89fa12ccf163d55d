/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait for a server that failed: exponential, with full jitter, so that a fleet that
 * lost its server does not come back all at once. A server that names a time (Retry-After) is
 * obeyed, within reason. Pure: randomness is given. */
#ifndef CORRAL_CLIENT_SENDER_BACKOFF_H
#define CORRAL_CLIENT_SENDER_BACKOFF_H

#include <stdint.h>

#include "common/base/clock.h"

#define BACKOFF_RETRY_AFTER_MAX (3600 * USEC_PER_SEC)

struct backoff {
    int64_t min, max;  /* usec */
    unsigned failures; /* in a row */
};

/* Counts a failure; how long to wait (usec): at least min and what the server asked for (0:
 * nothing), else anything up to min × 2^failures, and never beyond max. */
int64_t backoff_fail(struct backoff *b, int64_t retry_after, uint64_t random);
/* It works again. */
void backoff_succeed(struct backoff *b);

#endif
