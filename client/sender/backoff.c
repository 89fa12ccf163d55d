/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/backoff.h"

static int64_t ceiling(const struct backoff *b)
{
    int64_t wait = b->min;

    for (unsigned i = 0; i < b->failures && wait < b->max; i++)
        wait = wait > b->max / 2 ? b->max : 2 * wait;
    return wait < b->max ? wait : b->max;
}

int64_t backoff_fail(struct backoff *b, int64_t retry_after, uint64_t random)
{
    int64_t wait;

    b->failures++;
    wait = b->min + (int64_t)(random % (uint64_t)(ceiling(b) - b->min + 1));
    if (retry_after > BACKOFF_RETRY_AFTER_MAX)
        retry_after = BACKOFF_RETRY_AFTER_MAX;
    return wait > retry_after ? wait : retry_after;
}

void backoff_succeed(struct backoff *b)
{
    b->failures = 0;
}
