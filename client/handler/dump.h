/* SPDX-License-Identifier: Apache-2.0 */
/* The core, from the pipe into a file: one pass, compressed on the way (packer.h), in memory that
 * does not depend on its size. */
#ifndef CORRAL_CLIENT_HANDLER_DUMP_H
#define CORRAL_CLIENT_HANDLER_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "client/handler/hold.h"

struct dump {
    uint64_t received;   /* bytes that the kernel gave us */
    int64_t expected;    /* what the core's own headers promise; META_UNKNOWN */
    bool truncated;      /* fewer than that, or than the kernel had */
    const char *problem; /* why, or why there is none; a static text, or NULL */
    int error;           /* of writing the file, which is worth nothing then: -errno; else 0 */
};

/* Reads the hold's pipe up to its end or max bytes, and lets go of the process as soon as the last
 * byte is read. What went wrong is in *ret; a core of no bytes at all is a problem as well. */
void dump_stream(struct hold *h, int out, uint64_t max, struct dump *ret);

#endif
