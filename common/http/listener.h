/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket, from its address as text: "127.0.0.1:8600", "[::1]:8600", "localhost:0",
 * "unix:/run/corral/x.sock". */
#ifndef CORRAL_HTTP_LISTENER_H
#define CORRAL_HTTP_LISTENER_H

#include <stdbool.h>

struct listener {
    int fd;
    bool handed_over;      /* fd is libmicrohttpd's: it closes it */
    const char *unix_path; /* of the socket file to remove at the end; borrowed from the address;
                              NULL for TCP */
};

/* -EINVAL when the address cannot be read, -EADDRNOTAVAIL when the host has no address, -EADDRINUSE
 * and other errnos. A socket file that nobody listens on any more is replaced. */
int listener_open(const char *address, struct listener *ret);
void listener_close(struct listener *l);
/* The descriptor, for somebody who will close it. */
int listener_hand_over(struct listener *l);
/* Stops listening while others may be about to accept(2), under the number that they know. */
void listener_refuse(struct listener *l);
/* 0 for a unix socket. */
unsigned listener_port(const struct listener *l);

#endif
