/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/wire/parcel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTROL_SIZE CMSG_SPACE(PARCEL_FDS_MAX * sizeof(int))

int parcel_pair(int ret_ends[static 2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends) < 0)
        return -errno;
    return 0;
}

static void attach(struct msghdr *m, void *control, const struct parcel_fds *fds)
{
    struct cmsghdr *c;

    m->msg_control = control;
    m->msg_controllen = CMSG_SPACE(fds->n * sizeof(int));
    c = CMSG_FIRSTHDR(m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(fds->n * sizeof(int));
    memcpy(CMSG_DATA(c), fds->list, fds->n * sizeof(int));
}

int parcel_send(int socket, const void *p, size_t n, const struct parcel_fds *fds)
{
    _Alignas(struct cmsghdr) char control[CONTROL_SIZE] = {0};
    struct iovec v = {.iov_len = n};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    ssize_t r;

    memcpy(&v.iov_base, &p, sizeof(p)); /* sendmsg(2) only reads it */
    if (fds && fds->n > 0)
        attach(&m, control, fds);
    do {
        r = sendmsg(socket, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

/* What came beside the bytes. */
static void detach(struct msghdr *m, struct parcel_fds *ret)
{
    ret->n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        ret->n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(ret->list, CMSG_DATA(c), ret->n * sizeof(int));
        return; /* the kernel makes one of them */
    }
}

ssize_t parcel_receive(int socket, void *p, size_t max, struct parcel_fds *ret_fds)
{
    _Alignas(struct cmsghdr) char control[CONTROL_SIZE];
    struct iovec v = {.iov_base = p, .iov_len = max};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    struct parcel_fds fds = {.n = 0};
    ssize_t n;

    if (ret_fds) {
        m.msg_control = control;
        m.msg_controllen = CMSG_LEN(PARCEL_FDS_MAX * sizeof(int)); /* no room for one more */
    }
    do {
        n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno; /* closed with something unread in it */
    if (ret_fds)
        detach(&m, &fds);
    if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        parcel_close(&fds);
        return -EBADMSG;
    }
    if (ret_fds)
        *ret_fds = fds;
    return n;
}

void parcel_close(struct parcel_fds *fds)
{
    for (size_t i = 0; i < fds->n; i++) {
        if (fds->list[i] >= 0)
            close(fds->list[i]);
    }
    fds->n = 0;
}
