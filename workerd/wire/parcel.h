/* SPDX-License-Identifier: Apache-2.0 */
/* One packet and the descriptors that travel with it (unix(7), SCM_RIGHTS), over a socket of
 * packets (SOCK_SEQPACKET), so that nothing has to be framed. Whoever sends may be an attacker:
 * what is too long or brings too many descriptors is refused whole, and nothing leaks. */
#ifndef CORRAL_WORKERD_WIRE_PARCEL_H
#define CORRAL_WORKERD_WIRE_PARCEL_H

#include <stddef.h>
#include <sys/types.h>

#define PARCEL_FDS_MAX 5

struct parcel_fds {
    int list[PARCEL_FDS_MAX]; /* the first n are open, close-on-exec */
    size_t n;
};

/* Two ends, both close-on-exec. */
int parcel_pair(int ret_ends[static 2]);
/* Never waits: -EAGAIN when the other end has left too much unread; -EPIPE when it is closed. The
 * descriptors stay open here. fds NULL: none. */
int parcel_send(int socket, const void *p, size_t n, const struct parcel_fds *fds);
/* Waits. The length; 0 when the other end is closed; -EBADMSG for what is longer than max or brings
 * descriptors that nobody asked for (ret_fds NULL) or too many. The caller closes them. */
ssize_t parcel_receive(int socket, void *p, size_t max, struct parcel_fds *ret_fds);
void parcel_close(struct parcel_fds *fds);

#define _cleanup_parcel_ _cleanup_(parcel_close)

#endif
