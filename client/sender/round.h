/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the spool, oldest crash first: sends until all is sent or the server takes no more,
 * and logs one line a crash. Reports and slim cores of all crashes go before the modules of any.
 * It may be that crash which the server does not take, for its size or for what a proxy thinks of
 * it: the next round begins behind it, so that it is in nobody's way. Full cores have rounds of
 * their own, for they are long and nothing waits for them. */
#ifndef CORRAL_CLIENT_SENDER_ROUND_H
#define CORRAL_CLIENT_SENDER_ROUND_H

#include <stdbool.h>

#include "client/sender/shipment.h"

struct round {
    size_t sent, rejected;
    size_t left;                   /* still in the spool, those that wait for a full core too */
    size_t fulls;                  /* … which are so many */
    bool growing, stopped;         /* of full cores: one is being written; stop ended it */
    enum upload_verdict verdict;   /* UPLOAD_DONE, or why something is left, the gravest */
    int64_t retry_after;           /* usec; 0: the server named no time */
    char ended_by[UUID_TEXT_SIZE]; /* the crash after which the server took no more; "": none */
};

/* after: ended_by of the round before, or "". stop (may be NULL) is asked before each crash.
 * Negative: the spool could not be read. */
int round_run(const struct shipper *s, const char *after, bool (*stop)(void *arg), void *arg,
              struct round *ret);
/* The same for full cores; asks stop between the parts of one, too. */
int round_run_fulls(const struct shipper *s, const char *after, bool (*stop)(void *arg), void *arg,
                    struct round *ret);

#endif
