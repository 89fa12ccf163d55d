/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/neighbour.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/str.h"

#define SOCKET_FLAGS (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
#define HTTP_PREFIX  "http://"
#define UNIX_PREFIX  "unix:"
#define HOST_SIZE    256
#define PORT_SIZE    6

static bool split(const char *url, char ret_host[static HOST_SIZE], char ret_port[static PORT_SIZE])
{
    const char *host = url + strlen(HTTP_PREFIX), *colon;
    size_t n;
    uint64_t port;

    if (!cstr_starts(url, HTTP_PREFIX) || strpbrk(host, "/?#@ "))
        return false;
    colon = strrchr(host, ':');
    n = colon ? (size_t)(colon - host) : 0;
    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    }
    if (n == 0 || n >= HOST_SIZE || strlen(colon + 1) >= PORT_SIZE ||
        str_to_u64(str_from(colon + 1), 65535, &port) < 0)
        return false;
    memcpy(ret_host, host, n);
    ret_host[n] = '\0';
    strcpy(ret_port, colon + 1);
    return true;
}

bool neighbour_valid(const char *url)
{
    char host[HOST_SIZE], port[PORT_SIZE];

    if (cstr_starts(url, UNIX_PREFIX "/"))
        return strlen(url) - strlen(UNIX_PREFIX) < sizeof(((struct sockaddr_un *)0)->sun_path);
    return split(url, host, port);
}

static int wait_for(int fd, short events, int64_t deadline)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = deadline - clock_mono();
    int n = left <= 0 ? 0 : poll(&p, 1, (int)(left / USEC_PER_MSEC) + 1);

    if (n < 0)
        return -errno;
    return n == 0 ? -ETIMEDOUT : 0;
}

static int connect_to(int fd, const struct sockaddr *address, socklen_t n, int64_t deadline)
{
    int error = 0, r;
    socklen_t size = sizeof(error);

    if (connect(fd, address, n) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    r = wait_for(fd, POLLOUT, deadline);
    if (r < 0)
        return r;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return -errno;
    return -error;
}

static int open_unix(const char *path, int64_t deadline, int *ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_fd_ int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
    int r;

    if (fd < 0)
        return -errno;
    memcpy(address.sun_path, path, strlen(path) + 1);
    r = connect_to(fd, (const struct sockaddr *)&address, sizeof(address), deadline);
    if (r == 0)
        *ret = TAKE_FD(fd);
    return r;
}

static int open_tcp(const char *url, int64_t deadline, int *ret)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char host[HOST_SIZE], port[PORT_SIZE];
    struct addrinfo *found;
    int r = -EADDRNOTAVAIL;

    if (!split(url, host, port))
        return -EINVAL;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -EADDRNOTAVAIL;
    for (struct addrinfo *a = found; a && r != 0; a = a->ai_next) {
        _cleanup_fd_ int fd = socket(a->ai_family, SOCKET_FLAGS, 0);

        r = fd < 0 ? -errno : connect_to(fd, a->ai_addr, a->ai_addrlen, deadline);
        if (r == 0)
            *ret = TAKE_FD(fd);
    }
    freeaddrinfo(found);
    return r;
}

static int say(int fd, const char *path, int64_t deadline)
{
    char text[512];
    int n = snprintf(text, sizeof(text),
                     "GET %s HTTP/1.1\r\nHost: corral\r\nConnection: close\r\n\r\n", path);
    int r = n < (int)sizeof(text) ? wait_for(fd, POLLOUT, deadline) : -EINVAL;

    if (r < 0)
        return r;
    /* So little fits into any socket's buffer. */
    return send(fd, text, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -EIO;
}

static int hear(int fd, int64_t deadline, struct buf *b)
{
    char piece[16 * 1024];

    for (;;) {
        int r = wait_for(fd, POLLIN, deadline);
        ssize_t n = r < 0 ? 0 : recv(fd, piece, sizeof(piece), 0);

        if (r < 0)
            return r;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        if (n == 0)
            return 0;
        if (n > 0)
            buf_add(b, piece, (size_t)n);
        if (buf_error(b))
            return buf_error(b);
    }
}

/* All up to the end of the connection: our daemons send no chunks. */
static int take_answer(const struct buf *b, unsigned *ret_status, struct buf *ret_body)
{
    const char *text = buf_text(b), *body = strstr(text, "\r\n\r\n");
    unsigned status;

    if (!body || sscanf(text, "HTTP/1.1 %3u ", &status) != 1)
        return -EBADMSG;
    buf_adds(ret_body, body + 4);
    *ret_status = status;
    return buf_error(ret_body);
}

int neighbour_get(const char *url, const char *path, int64_t deadline, unsigned *ret_status,
                  struct buf *ret_body)
{
    _cleanup_buf_ struct buf answer = BUF_INIT(NEIGHBOUR_ANSWER_MAX);
    _cleanup_fd_ int fd = -1;
    int r = cstr_starts(url, UNIX_PREFIX) ? open_unix(url + strlen(UNIX_PREFIX), deadline, &fd)
                                          : open_tcp(url, deadline, &fd);

    if (r == 0)
        r = say(fd, path, deadline);
    if (r == 0)
        r = hear(fd, deadline, &answer);
    return r < 0 ? r : take_answer(&answer, ret_status, ret_body);
}
