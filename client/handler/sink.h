/* SPDX-License-Identifier: Apache-2.0 */
/* Where compressed bytes go: a file in the spool, which must leave room on its disk for others, or
 * a deputy that sends them away at once. */
#ifndef CORRAL_CLIENT_HANDLER_SINK_H
#define CORRAL_CLIENT_HANDLER_SINK_H

#include <sys/uio.h>

#include "client/handler/deputy.h"

struct sink {
    int fd;                /* a file, or -1 … */
    struct deputy *deputy; /* … and then this */
    int patience_msec;     /* for the deputy */
};

static inline struct sink sink_file(int fd)
{
    return (struct sink){.fd = fd};
}

static inline struct sink sink_deputy(struct deputy *d, int patience_msec)
{
    return (struct sink){.fd = -1, .deputy = d, .patience_msec = patience_msec};
}

/* All of it, or -errno; -ENOSPC also when the disk is to be left to others. */
int sink_write(const struct sink *s, const void *p, size_t n);
/* The same for n pieces, which are changed. */
int sink_writev(const struct sink *s, struct iovec *pieces, int n);

#endif
