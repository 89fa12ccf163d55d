/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

#define BACKLOG      511
#define HOST_MAX     256
#define PORT_MAX     6
#define UNIX_PREFIX  "unix:"
#define SOCKET_FLAGS (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
#define SOCKET_MODE  0660

static int bind_and_listen(int fd, const struct sockaddr *address, socklen_t n)
{
    if (bind(fd, address, n) < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    return 0;
}

/* True when a socket file is there and nobody accepts on it: its server was killed. */
static bool is_stale(const struct sockaddr_un *address)
{
    _cleanup_fd_ int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);

    return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
           errno == ECONNREFUSED;
}

static int open_unix(const char *path, struct listener *ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_fd_ int fd = -1;
    int r;

    if (!*path || strlen(path) >= sizeof(address.sun_path))
        return -EINVAL;
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
    if (fd < 0)
        return -errno;
    if (is_stale(&address))
        unlink(path);
    r = bind_and_listen(fd, (const struct sockaddr *)&address, sizeof(address));
    if (r < 0)
        return r;
    if (chmod(path, SOCKET_MODE) < 0)
        return -errno;
    *ret = (struct listener){.fd = TAKE_FD(fd), .unix_path = path};
    return 0;
}

/* "host:port" with the brackets of an IPv6 address taken off. */
static int split_address(struct str address, char ret_host[static HOST_MAX],
                         char ret_port[static PORT_MAX])
{
    const char *colon = memrchr(address.p, ':', address.n);
    struct str host, port;
    uint64_t number;

    if (!colon)
        return -EINVAL;
    host = (struct str){address.p, (size_t)(colon - address.p)};
    port = (struct str){colon + 1, address.n - host.n - 1};
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (struct str){host.p + 1, host.n - 2};
    if (host.n == 0 || host.n >= HOST_MAX || port.n >= PORT_MAX ||
        str_to_u64(port, 65535, &number) < 0)
        return -EINVAL;
    memcpy(ret_host, host.p, host.n);
    ret_host[host.n] = '\0';
    memcpy(ret_port, port.p, port.n);
    ret_port[port.n] = '\0';
    return 0;
}

static int open_resolved(const struct addrinfo *a, struct listener *ret)
{
    _cleanup_fd_ int fd = socket(a->ai_family, SOCKET_FLAGS, 0);
    int one = 1, r;

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
        return -errno;
    r = bind_and_listen(fd, a->ai_addr, a->ai_addrlen);
    if (r < 0)
        return r;
    *ret = (struct listener){.fd = TAKE_FD(fd)};
    return 0;
}

static int open_tcp(const char *address, struct listener *ret)
{
    const struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    char host[HOST_MAX], port[PORT_MAX];
    struct addrinfo *resolved;
    int r;

    r = split_address(str_from(address), host, port);
    if (r < 0)
        return r;
    if (getaddrinfo(host, port, &hints, &resolved) != 0)
        return -EADDRNOTAVAIL;
    r = open_resolved(resolved, ret);
    freeaddrinfo(resolved);
    return r;
}

int listener_open(const char *address, struct listener *ret)
{
    if (cstr_starts(address, UNIX_PREFIX))
        return open_unix(address + sizeof(UNIX_PREFIX) - 1, ret);
    return open_tcp(address, ret);
}

static void remove_file(struct listener *l)
{
    if (l->unix_path)
        unlink(l->unix_path);
    l->unix_path = NULL;
}

void listener_close(struct listener *l)
{
    remove_file(l);
    if (l->fd >= 0 && !l->handed_over)
        close(l->fd);
    l->fd = -1;
}

int listener_hand_over(struct listener *l)
{
    l->handed_over = true;
    return l->fd;
}

/* MHD_quiesce_daemon would be the way, but in 0.9.75 it takes the socket out of its threads' epoll
 * sets from outside, races with them doing the same, and aborts the program when it loses: about
 * once in some hundred stops under load. So the number is made to mean an eventfd that nobody ever
 * writes to. That closes the socket, which leaves all epoll sets by itself; whoever is about to
 * accept(2) gets ENOTSOCK, and nobody is woken again. */
void listener_refuse(struct listener *l)
{
    _cleanup_fd_ int silent = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    remove_file(l); /* now, not at the end: by then it may be the next server's */
    if (silent >= 0)
        dup3(silent, l->fd, O_CLOEXEC);
}

unsigned listener_port(const struct listener *l)
{
    struct sockaddr_storage address;
    socklen_t n = sizeof(address);

    if (getsockname(l->fd, (struct sockaddr *)&address, &n) < 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}
