/* SPDX-License-Identifier: Apache-2.0 */
/* A deputy runs another program when we ourselves may no longer start one: a child that is forked
 * while there still are rights, and that waits, with no descriptor but its own pipe, for the first
 * byte in it. Then it becomes the program, with that pipe as its standard input; when the pipe is
 * closed without a byte it ends. So one thing serves three ends: the sender that sends what was
 * spooled (one byte says go), the sender that is fed the crash itself where there is no spool, and
 * another handler that is given the core too (chain.h). */
#ifndef CORRAL_CLIENT_HANDLER_DEPUTY_H
#define CORRAL_CLIENT_HANDLER_DEPUTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct deputy {
    int fd; /* the write end; -1: none */
};

#define DEPUTY_NONE ((struct deputy){.fd = -1})

/* What it becomes. argv[0] is the absolute path of the program. */
struct deputy_role {
    char *const *argv;
    bool as_root;     /* else as uid and gid, without other groups, when we are root */
    unsigned seconds; /* after its first byte SIGALRM ends it; 0: it may take its time */
    uid_t uid;
    gid_t gid;
};

/* Forks it. It holds nothing of ours: the kernel keeps a dying process until the last reader of its
 * core is gone. -errno; -EACCES and the like when the program can't be executed. */
int deputy_begin(const struct deputy_role *role, struct deputy *ret);
/* Bytes for its standard input; the first start the program. Waits for room in the pipe at most
 * patience_msec; -ETIMEDOUT after that, -EPIPE when the program is gone. */
int deputy_write(struct deputy *d, const void *p, size_t n, int patience_msec);
/* No more bytes. Without any before, the program is never started. */
void deputy_end(struct deputy *d);

#endif
