/* SPDX-License-Identifier: Apache-2.0 */
/* How often something may happen: the text of budget_full, budget_slim and budget_meta in
 * client.conf, and the bucket behind each of its limits. A bucket is one number: the time at which
 * it will be full again (the "theoretical arrival time" of the generic cell rate algorithm, ITU-T
 * I.371). Taking a token moves it on by one interval; there is none to take when it would lie
 * further ahead than the whole burst. So a bucket fills by itself, needs no upkeep, and can be
 * changed by one atomic store. Pure. */
#ifndef CORRAL_CLIENT_SPOOL_BUDGET_H
#define CORRAL_CLIENT_SPOOL_BUDGET_H

#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/str.h"

#define BUDGET_BURST_MAX  1000000u
#define BUDGET_PERIOD_MIN USEC_PER_SEC
#define BUDGET_PERIOD_MAX (366 * 86400 * USEC_PER_SEC)

/* Whose bucket. */
enum budget_scope {
    BUDGET_KIND,
    BUDGET_EXECUTABLE,
    BUDGET_CONTAINER,
    BUDGET_HOST,
    BUDGET_SCOPES,
};

struct budget_limit {
    int64_t burst;    /* tokens of a full bucket */
    int64_t interval; /* usec until one comes back; 0: no limit */
};

struct budget {
    struct budget_limit limits[BUDGET_SCOPES];
};

struct budget_error {
    char message[128]; /* what is wrong, with the word; to be put behind the key's name */
};

enum budget_outcome {
    BUDGET_MALFORMED = 1,
    BUDGET_EMPTY, /* no token is left */
};

/* "kind 1/7d, host 16/1h": a scope that is not named has no limit. "off": none has. On
 * BUDGET_MALFORMED *ret_error is filled. */
int budget_parse(struct str text, struct budget *ret, struct budget_error *ret_error);

/* What a bucket says now; both in usec since the epoch, 0 for one that was never used. One that a
 * clock from the future has left behind is empty, but not for years. */
int64_t budget_now(const struct budget_limit *l, int64_t now, int64_t full_at);
/* Takes a token from such a bucket, or BUDGET_EMPTY. */
int budget_take(const struct budget_limit *l, int64_t now, int64_t *full_at);
/* Gives back what was taken just now. */
void budget_give_back(const struct budget_limit *l, int64_t *full_at);

#endif
