/* SPDX-License-Identifier: Apache-2.0 */
/* The coredump socket of Linux 6.17: with core_pattern `@@/run/corral/core.sock` the kernel
 * connects to us for every crash instead of starting a program. Before it writes a core it asks
 * what we want (include/uapi/linux/coredump.h):
 *
 *     kernel  request   what it can do
 *     we      answer    write the core, or don't
 *     kernel  mark      that it has understood
 *     kernel  core      the same bytes as into a pipe; it waits until we close
 *
 * Who crashed is told by the descriptor of the peer's process, which only the kernel can have
 * marked as crashed: a program that connects by itself is a stranger. There is no time limit in the
 * kernel: a process whose connection is not answered stays until it is closed. */
#ifndef CORRAL_CLIENT_HANDLER_COREDUMP_SOCKET_H
#define CORRAL_CLIENT_HANDLER_COREDUMP_SOCKET_H

#include <stdint.h>

#define COREDUMP_SOCKET_PATH "/run/corral/core.sock"

enum coredump_socket_outcome {
    COREDUMP_SOCKET_STRANGER = 1, /* no process that crashes */
    COREDUMP_SOCKET_UNUSABLE,     /* the kernel, or who says to be it, does not keep to the above */
};

struct coredump_peer {
    int pidfd;         /* the caller's to close */
    int64_t pid;       /* in our pid namespace */
    int64_t uid, gid;  /* real ones */
    int64_t dump_mode; /* as %d of core(5): 1 normal, 2 for root only */
    int64_t signal;    /* META_UNKNOWN before Linux 6.19 */
};

/* Listens at that path, in place of whoever did before, for root and the kernel alone. */
int coredump_socket_bind(const char *path, int *ret_fd);
/* COREDUMP_SOCKET_STRANGER. */
int coredump_socket_peer(int fd, struct coredump_peer *ret);
/* Takes the core: from 0 on it can be read from fd. deadline: monotonic usec, for the kernel's part
 * of it. COREDUMP_SOCKET_UNUSABLE, also when it is over. */
int coredump_socket_take(int fd, int64_t deadline);
/* Wants no core; the process goes on dying as soon as fd is closed. Never waits. */
void coredump_socket_reject(int fd);

#endif
