/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/complaint.h"

bool complaint_fail(struct complaint *c, int64_t now)
{
    bool first = c->times++ == 0;

    if (first)
        c->since = now;
    if (!first && now - c->said < COMPLAINT_INTERVAL)
        return false;
    c->said = now;
    return true;
}

bool complaint_end(struct complaint *c, struct complaint *ret_was)
{
    if (c->times == 0)
        return false;
    *ret_was = *c;
    *c = (struct complaint){0};
    return true;
}
