/* SPDX-License-Identifier: Apache-2.0 */
/* The core behind its head, without the pipe. What the kernel would write there page by page it has
 * announced in its program headers, and the process is held with its memory just so: read from
 * /proc/PID/mem in large pieces the same bytes come at several times the speed, while the kernel
 * waits in its first write to a pipe that nobody empties. Only what it announced is read
 * (p_filesz), and a page that can't be read is zero, as the kernel's own dump has it
 * (dump_user_range of fs/coredump.c). */
#ifndef CORRAL_CLIENT_HANDLER_BODY_H
#define CORRAL_CLIENT_HANDLER_BODY_H

#include <stdbool.h>

#include "client/slim/slim.h"

struct body {
    const struct corefile *core;
    struct slim_source memory;
    uint64_t end; /* of the file */
    size_t next;  /* the segment that is being read, by the order of offsets */
};

/* False where the headers do not tell all of the file: then there is only the pipe. expected: bytes
 * of the whole core. */
bool body_open(const struct corefile *core, struct slim_source memory, int64_t expected,
               struct body *ret);
/* The bytes from offset at of the file on, front to back: how many, at most n; 0 at the end, and
 * when the process is gone. */
ssize_t body_read(struct body *b, uint64_t at, void *to, size_t n);

#endif
