/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/fetcher/talk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"

/* Room for one descriptor, aligned as the kernel wants it. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static int send_message(int socket, struct msghdr *m, size_t size)
{
    ssize_t n;

    do
        n = sendmsg(socket, m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : (size_t)n == size ? 0 : -EPROTO;
}

int talk_send_order(int socket, const struct fetch_order *order, int file_fd)
{
    struct fetch_order copy = *order;
    union control control = {0};
    struct iovec part = {&copy, sizeof(copy)};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &file_fd, sizeof(int));
    return send_message(socket, &m, sizeof(copy));
}

/* The descriptor that came with a message, or -1. */
static int descriptor_of(struct msghdr *m)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    int fd;

    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
        c->cmsg_len != CMSG_LEN(sizeof(int)))
        return -1;
    memcpy(&fd, CMSG_DATA(c), sizeof(int));
    return fd;
}

int talk_receive_order(int socket, struct fetch_order *ret, int *ret_file_fd)
{
    struct fetch_order order;
    union control control = {0};
    struct iovec part = {&order, sizeof(order)};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    _cleanup_fd_ int fd = -1;
    ssize_t n;

    do
        n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n < 0 ? -errno : -EPIPE;
    fd = descriptor_of(&m);
    if (n != sizeof(order) || fd < 0 || order.version != TALK_VERSION ||
        !memchr(order.url, '\0', sizeof(order.url)))
        return -EPROTO;
    *ret = order;
    *ret_file_fd = TAKE_FD(fd);
    return 0;
}

int talk_send_answer(int socket, const struct fetch_answer *answer)
{
    struct fetch_answer copy = *answer;
    struct iovec part = {&copy, sizeof(copy)};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

    return send_message(socket, &m, sizeof(copy));
}

int talk_receive_answer(int socket, int64_t wait_usec, struct fetch_answer *ret)
{
    struct pollfd p = {.fd = socket, .events = POLLIN};
    int64_t deadline = clock_mono() + wait_usec, left;
    struct fetch_answer answer;
    ssize_t n;
    int ready;

    do {
        left = deadline - clock_mono();
        ready = left > 0 ? poll(&p, 1, (int)(left / USEC_PER_MSEC) + 1) : 0;
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        return ready < 0 ? -errno : -ETIMEDOUT;
    n = recv(socket, &answer, sizeof(answer), MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 ? -errno : -EPIPE;
    if (n != sizeof(answer) || answer.version != TALK_VERSION || answer.outcome > FETCH_FAILED ||
        !memchr(answer.reason, '\0', sizeof(answer.reason)))
        return -EPROTO;
    *ret = answer;
    return 0;
}
