/* SPDX-License-Identifier: Apache-2.0 */
/* The first bytes of the core, from the pipe into memory: all that is needed to tell what the crash
 * is, and the first part of what is written of it. Not one byte more is read: with core_pipe_limit
 * 0 a small process may be gone as soon as its core fits into the pipe. */
#ifndef CORRAL_CLIENT_HANDLER_HEAD_H
#define CORRAL_CLIENT_HANDLER_HEAD_H

#include <stdint.h>

#include "client/handler/hold.h"
#include "common/base/buf.h"

struct head {
    struct buf bytes;
    int64_t expected; /* bytes of the whole core; META_UNKNOWN */
};

enum head_outcome {
    HEAD_STRANGE = 1, /* it is no core as Linux writes them, or ends early; what came is kept */
};

/* HEAD_STRANGE, or -errno. *ret is set in any case: free it with head_fini. */
int head_read(struct hold *h, struct head *ret);
void head_fini(struct head *head);

#endif
