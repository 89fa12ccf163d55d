/* SPDX-License-Identifier: Apache-2.0 */
/* A lookup that finds nothing, and a caller that does not ask: a member of NULL is read. */
#include <stddef.h>

#include "frame.h"

struct session {
    long id, started, last_used;
};

FRAME static struct session *find_session(long id)
{
    return id == 0 ? (struct session *)1 : NULL;
}

FRAME static long session_age(const struct session *session, long now)
{
    return now - session->last_used;
}

FRAME static int expire_sessions(long now)
{
    int expired = 0;

    for (long id = 1; id < 4; id++)
        expired += session_age(find_session(id), now) > 3600;
    return expired;
}

int main(void)
{
    return expire_sessions(1700000000);
}
