/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/wire/orders.h"

#include <errno.h>

#include "common/base/cleanup.h"

int order_send(int socket, const struct order *o, const struct parcel_fds *fds)
{
    return parcel_send(socket, o, sizeof(*o), fds);
}

int order_receive(int socket, struct order *ret, struct parcel_fds *ret_fds)
{
    struct order o;
    _cleanup_parcel_ struct parcel_fds fds = {.n = 0};
    ssize_t n = parcel_receive(socket, &o, sizeof(o), &fds);

    if (n <= 0)
        return n < 0 ? (int)n : -EPIPE;
    if ((size_t)n != sizeof(o))
        return -EBADMSG;
    o.build_id[sizeof(o.build_id) - 1] = '\0';
    *ret = o;
    *ret_fds = fds;
    fds.n = 0;
    return 0;
}

/* By write(2): the sandbox of the one who reports has no other call. */
int report_send(int socket, const struct report *r)
{
    ssize_t n;

    do {
        n = write(socket, r, sizeof(*r));
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

int report_receive(int socket, struct report *ret)
{
    struct report r;
    ssize_t n = parcel_receive(socket, &r, sizeof(r), NULL);

    if (n <= 0)
        return n < 0 ? (int)n : -EPIPE;
    if ((size_t)n != sizeof(r))
        return -EBADMSG;
    r.version[sizeof(r.version) - 1] = '\0';
    *ret = r;
    return 0;
}
