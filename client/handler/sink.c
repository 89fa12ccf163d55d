/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/sink.h"

#include <errno.h>

#include "client/spool/spool.h"
#include "common/base/io.h"

int sink_write(const struct sink *s, const void *p, size_t n)
{
    if (s->fd < 0)
        return deputy_write(s->deputy, p, n, s->patience_msec);
    return spool_room(s->fd) < n ? -ENOSPC : io_write(s->fd, p, n);
}

static int write_pieces(int fd, struct iovec *pieces, int n)
{
    while (n > 0) {
        ssize_t written = writev(fd, pieces, n);

        if (written < 0 && errno != EINTR)
            return -errno;
        for (size_t left = written > 0 ? (size_t)written : 0; n > 0; pieces++, n--) {
            if (left < pieces->iov_len) {
                pieces->iov_base = (char *)pieces->iov_base + left;
                pieces->iov_len -= left;
                break;
            }
            left -= pieces->iov_len;
        }
    }
    return 0;
}

int sink_writev(const struct sink *s, struct iovec *pieces, int n)
{
    size_t size = 0;
    int r = 0;

    for (int i = 0; i < n; i++)
        size += pieces[i].iov_len;
    if (s->fd >= 0)
        return spool_room(s->fd) < size ? -ENOSPC : write_pieces(s->fd, pieces, n);
    for (int i = 0; i < n && r == 0; i++)
        r = deputy_write(s->deputy, pieces[i].iov_base, pieces[i].iov_len, s->patience_msec);
    return r;
}
