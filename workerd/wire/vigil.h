/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for another process: until a deadline, with a sign of life about once a second that may
 * say that nobody wants the result any more. */
#ifndef CORRAL_WORKERD_WIRE_VIGIL_H
#define CORRAL_WORKERD_WIRE_VIGIL_H

#include <stdbool.h>
#include <stdint.h>

enum vigil_outcome {
    VIGIL_TOO_LATE = 1, /* the deadline is over */
    VIGIL_UNWANTED,     /* tick said so */
};

struct vigil {
    int64_t deadline;  /* monotonic */
    int64_t next_tick; /* monotonic */
    bool (*tick)(void *arg);
    void *arg;
};

/* From now for so long. */
void vigil_begin(struct vigil *v, int64_t usec, bool (*tick)(void *arg), void *arg);
/* 0 when the descriptor can be read (or is at its end). */
int vigil_await(struct vigil *v, int fd);

#endif
