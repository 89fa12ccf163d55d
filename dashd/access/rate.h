/* SPDX-License-Identifier: Apache-2.0 */
/* How often a token asks: so many requests in a window of a minute, which begins with the first
 * one. The table is of fixed size; when it is full, the token whose window began first makes room.
 * Thread-safe. */
#ifndef CORRAL_DASHD_ACCESS_RATE_H
#define CORRAL_DASHD_ACCESS_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"

#define RATE_WINDOW_USEC (60 * USEC_PER_SEC)
#define RATE_TOKENS_MAX  1024

struct rate;

struct rate_state {
    bool over;
    uint64_t left;   /* requests in this window */
    int64_t seconds; /* until the next window, at least 1 */
};

struct rate *rate_new(void);
void rate_free(struct rate *t);
/* Counts one request. token is not 0, limit at least 1; now is clock_mono's. */
struct rate_state rate_take(struct rate *t, int64_t token, uint64_t limit, int64_t now);

#endif
