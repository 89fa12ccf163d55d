/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel log says of crashes whose core never reached us: records of /dev/kmsg
 * (Documentation/ABI/testing/dev-kmsg) and, in them, the lines of fs/coredump.c, as they were until
 * 6.10 and as they are since. Names in them were chosen by the crashed programs: a line is told by
 * its fixed words, and a name only ever counts as a name. Pure. */
#ifndef CORRAL_CLIENT_HANDLER_KERNELLOG_H
#define CORRAL_CLIENT_HANDLER_KERNELLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

#define KERNELLOG_RECORD_MAX 8192u /* what one read of /dev/kmsg gives at most, and more */

enum kernellog_outcome {
    KERNELLOG_MALFORMED = 1,
    KERNELLOG_OTHER, /* it is not about a missed crash */
};

struct kernellog_record {
    uint64_t sequence;
    int64_t time;      /* usec, of the monotonic clock more or less */
    unsigned facility; /* 0: the kernel itself */
    struct str text;   /* without the lines of its dictionary; \xNN stands for strange bytes */
};

/* KERNELLOG_MALFORMED. */
int kernellog_parse(struct str bytes, struct kernellog_record *ret);

struct kernellog_missed {
    const char *why; /* a static text */
    struct str comm; /* "": not told; borrowed from the record */
    int64_t pid;     /* in the namespace of whoever crashed; 0: not told */
    uint64_t n;      /* how many crashes the line stands for */
    bool own;        /* the handler itself died */
};

/* self: the name under which handlers run (comm); their own deaths are told from those of other
 * programs by it. KERNELLOG_OTHER. */
int kernellog_missed(const struct kernellog_record *r, struct str self,
                     struct kernellog_missed *ret);

#endif
