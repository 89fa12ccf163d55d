/* SPDX-License-Identifier: Apache-2.0 */
/* How many crashes a token may send: so many a minute, of which a minute's worth may come at once.
 * Kept in memory alone. No io; any thread. */
#ifndef CORRAL_INGESTD_QUOTA_H
#define CORRAL_INGESTD_QUOTA_H

#include <stdint.h>

#include "common/base/clock.h"

#define QUOTA_MAX (60ull * 1000 * 1000) /* a minute: one a microsecond */

struct quota;

/* per_minute 0: no limit. */
struct quota *quota_new(uint64_t per_minute);
void quota_free(struct quota *q);
/* One more of that token: 0, or after how many usec to try again (nothing is taken then). now:
 * usec, monotonic. */
int64_t quota_take(struct quota *q, const char *token_id, int64_t now);

#endif
