/* SPDX-License-Identifier: Apache-2.0 */
/* One block freed twice: glibc notices ("free(): double free detected in tcache 2") and aborts.
 * Proves that the allocator's frames are passed over for the caller's, and that the message is
 * found. The C library writes it to standard error as well. */
#include <stdlib.h>

#include "frame.h"

struct session {
    char *buffer;
};

FRAME static void release_buffer(struct session *session)
{
    free(session->buffer); /* and the pointer stays */
}

FRAME static void close_session(struct session *session)
{
    release_buffer(session);
}

int main(void)
{
    struct session session = {.buffer = malloc(64)};
    close_session(&session);
    close_session(&session);
    return 0;
}
