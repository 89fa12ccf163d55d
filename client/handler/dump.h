/* SPDX-License-Identifier: Apache-2.0 */
/* The full core, from the process to where it is kept: one pass, compressed on the way (packer.h),
 * in memory that does not depend on its size. It comes out of the process' memory where the head
 * tells all there is to know (body.h), and by the pipe otherwise. */
#ifndef CORRAL_CLIENT_HANDLER_DUMP_H
#define CORRAL_CLIENT_HANDLER_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "client/handler/body.h"
#include "client/handler/chain.h"
#include "client/handler/head.h"
#include "client/handler/hold.h"
#include "client/handler/scrub.h"
#include "client/handler/sink.h"

struct dump_plan {
    struct hold *hold;
    const struct head *head;   /* its first bytes, which were read before */
    struct body *body;         /* what follows; NULL: it is read from the pipe */
    const struct scrub *scrub; /* what is blanked in it; NULL: nothing */
    struct chain *chain;       /* who gets the same bytes, unblanked; NULL */
    const struct sink *to;
    uint64_t max; /* bytes, at most */
    /* Run beside the reading, on another thread, before the first byte goes to `to`; what it fails
     * with ends the dump. NULL: nothing. */
    int (*before)(void *arg);
    void *arg;
};

struct dump {
    uint64_t received;   /* bytes that could be had */
    int64_t expected;    /* what the core's own headers promise; META_UNKNOWN */
    bool truncated;      /* fewer than that, or than the kernel had */
    const char *problem; /* why, or why there is none; a static text, or NULL */
    int error;           /* of writing the file, which is worth nothing then: -errno; else 0 */
};

/* Reads up to the end or max bytes, and lets go of the process as soon as the last
 * byte is read. What went wrong is in *ret; a core of no bytes at all is a problem as well. */
void dump_stream(const struct dump_plan *plan, struct dump *ret);

#endif
