/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/coredump_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/report/meta.h"

/* The headers of Debian 12 are older than all of these. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* include/uapi/asm-generic/socket.h, Linux 6.5 */
#endif

#define BACKLOG 4096 /* what is over is lost: the kernel does not wait for room */

/* --- include/uapi/linux/coredump.h, Linux 6.17 --- */

#define COREDUMP_KERNEL    (1ull << 0) /* the kernel writes the core */
#define COREDUMP_REJECT    (1ull << 2) /* nobody does */
#define COREDUMP_WAIT      (1ull << 3) /* the process stays until the connection is closed */
#define COREDUMP_MARK_DONE 0u          /* COREDUMP_MARK_REQACK; all others are mistakes of ours */
#define REQUEST_MAX        4096u       /* a page is the kernel's own limit */

struct coredump_request {
    uint32_t size, size_ack;
    uint64_t mask;
};

struct coredump_answer {
    uint32_t size, spare;
    uint64_t mask;
};

_Static_assert(sizeof(struct coredump_request) == 16, "COREDUMP_REQ_SIZE_VER0");
_Static_assert(sizeof(struct coredump_answer) == 16, "COREDUMP_ACK_SIZE_VER0");

/* --- include/uapi/linux/pidfd.h, Linux 6.16; coredump_signal is of 6.19 --- */

#define PIDFD_INFO_PID             (1ull << 0)
#define PIDFD_INFO_CREDS           (1ull << 1)
#define PIDFD_INFO_COREDUMP        (1ull << 4)
#define PIDFD_INFO_COREDUMP_SIGNAL (1ull << 6)
#define PIDFD_COREDUMPED           (1u << 0)
#define PIDFD_COREDUMP_ROOT        (1u << 3)

struct pidfd_info {
    uint64_t mask, cgroupid;
    uint32_t pid, tgid, ppid;
    uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    int32_t exit_code;
    uint32_t coredump_mask, coredump_signal;
    uint64_t supported_mask;
};

#define PIDFD_GET_INFO _IOWR(0xFF, 11, struct pidfd_info)

/* --- Listening --- */

/* Bound under another name first: the path leads to one who listens at every moment. */
int coredump_socket_bind(const char *path, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path);

    if (fd < 0)
        return -errno;
    if (n < 0 || (size_t)n >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    if (unlink(address.sun_path) < 0 && errno != ENOENT)
        return -errno;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(address.sun_path, 0600) < 0 || listen(fd, BACKLOG) < 0 ||
        rename(address.sun_path, path) < 0)
        return -errno;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* --- Who crashed --- */

int coredump_socket_peer(int fd, struct coredump_peer *ret)
{
    struct pidfd_info info = {.mask = PIDFD_INFO_PID | PIDFD_INFO_CREDS | PIDFD_INFO_COREDUMP |
                                      PIDFD_INFO_COREDUMP_SIGNAL};
    _cleanup_fd_ int pidfd = -1;
    socklen_t size = sizeof(pidfd);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0 ||
        ioctl(pidfd, PIDFD_GET_INFO, &info) < 0)
        return COREDUMP_SOCKET_STRANGER;
    if (!(info.mask & PIDFD_INFO_COREDUMP) || !(info.coredump_mask & PIDFD_COREDUMPED))
        return COREDUMP_SOCKET_STRANGER;
    *ret = (struct coredump_peer){
        .pid = (int64_t)info.tgid,
        .uid = info.mask & PIDFD_INFO_CREDS ? (int64_t)info.ruid : META_UNKNOWN,
        .gid = info.mask & PIDFD_INFO_CREDS ? (int64_t)info.rgid : META_UNKNOWN,
        .dump_mode = info.coredump_mask & PIDFD_COREDUMP_ROOT ? 2 : 1,
        .signal =
            info.mask & PIDFD_INFO_COREDUMP_SIGNAL ? (int64_t)info.coredump_signal : META_UNKNOWN,
        .pidfd = TAKE_FD(pidfd),
    };
    return 0;
}

/* --- The exchange --- */

/* All n bytes of the kernel's before the deadline, whether or not the descriptor blocks. */
static int receive(int fd, void *p, size_t n, int64_t deadline)
{
    for (size_t got = 0; got < n;) {
        int64_t left = (deadline - clock_mono() + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        ssize_t r;

        if (left <= 0 || poll(&readable, 1, (int)left) == 0)
            return COREDUMP_SOCKET_UNUSABLE;
        r = recv(fd, (char *)p + got, n - got, MSG_DONTWAIT);
        if (r == 0 || (r < 0 && errno != EAGAIN && errno != EINTR))
            return COREDUMP_SOCKET_UNUSABLE;
        got += r > 0 ? (size_t)r : 0;
    }
    return 0;
}

/* A later kernel's request is longer: what is behind the part that we know is read and passed over.
 */
static int receive_request(int fd, int64_t deadline, struct coredump_request *ret)
{
    char rest[REQUEST_MAX];
    int r = receive(fd, ret, sizeof(*ret), deadline);

    if (r == 0 && (ret->size < sizeof(*ret) || ret->size > REQUEST_MAX))
        r = COREDUMP_SOCKET_UNUSABLE;
    return r ? r : receive(fd, rest, ret->size - sizeof(*ret), deadline);
}

static bool answer(int fd, uint64_t mask)
{
    const struct coredump_answer a = {.size = sizeof(a), .mask = mask};

    return send(fd, &a, sizeof(a), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(a);
}

int coredump_socket_take(int fd, int64_t deadline)
{
    const uint64_t wanted = COREDUMP_KERNEL | COREDUMP_WAIT;
    struct coredump_request request;
    uint32_t mark;
    int r = receive_request(fd, deadline, &request);

    if (r != 0)
        return r;
    if ((request.mask & wanted) != wanted || request.size_ack < sizeof(struct coredump_answer) ||
        !answer(fd, wanted))
        return COREDUMP_SOCKET_UNUSABLE;
    r = receive(fd, &mark, sizeof(mark), deadline);
    return r == 0 && mark != COREDUMP_MARK_DONE ? COREDUMP_SOCKET_UNUSABLE : r;
}

void coredump_socket_reject(int fd)
{
    (void)answer(fd, COREDUMP_REJECT);
}
