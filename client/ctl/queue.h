/* SPDX-License-Identifier: Apache-2.0 */
/* What waits in the spool, as its files tell it. Changes nothing. */
#ifndef CORRAL_CLIENT_CTL_QUEUE_H
#define CORRAL_CLIENT_CTL_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "client/spool/settings.h"
#include "client/spool/spool.h"

struct queue {
    size_t crashes;        /* that the server does not have in full */
    size_t cores;          /* slim or full ones among them */
    uint64_t bytes;        /* of all files, copies of modules included */
    int64_t oldest;        /* usec since the epoch; META_UNKNOWN: nothing waits */
    size_t rejected;       /* by the server, for good */
    int64_t counted;       /* crashes of which only the number is kept, and not sent yet */
    uint64_t free;         /* bytes of the file system */
    int sender;            /* 1 running, 0 not, -errno not known */
    char last_error[1024]; /* of the sender, "": none */
};

int queue_read(const struct spool *s, const struct settings *settings, struct queue *ret);

#endif
