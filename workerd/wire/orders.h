/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker tells the process that has its jobs done (engine/zygote.h), and what that reports.
 * The worker is trusted; reports are of fixed size and checked. Descriptors come with an order in
 * the order that its kind tells. */
#ifndef CORRAL_WORKERD_WIRE_ORDERS_H
#define CORRAL_WORKERD_WIRE_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/report/limits.h"
#include "workerd/wire/files.h"
#include "workerd/wire/parcel.h"

#define KEPT_MAX 512u /* indexes that are kept at once */
#define JOBS_MAX 4u   /* children at once */

enum order_kind {
    ORDER_ANALYSE = 1, /* core, job socket, scratch file */
    ORDER_INDEX,       /* output, module, then what `has` says */
    ORDER_KILL,        /* ends the job's child */
    ORDER_KEEP,        /* index; later children have it without asking */
    ORDER_FORGET,      /* all that was kept */
};

struct order {
    uint32_t kind;
    uint32_t job; /* ANALYSE, INDEX, KILL: the worker's number of it */
    uint64_t memory_bytes, cpu_seconds, file_bytes;
    uint32_t has;                      /* INDEX: enum files_has */
    uint32_t variables;                /* ANALYSE: wanted, or 0 */
    char build_id[BUILD_ID_TEXT_SIZE]; /* KEEP */
};

int order_send(int socket, const struct order *o, const struct parcel_fds *fds);
/* 0; -EPIPE when the worker is gone; -EBADMSG. The texts are terminated. */
int order_receive(int socket, struct order *ret, struct parcel_fds *ret_fds);

/* How a job's child ends when it can still tell. */
enum job_status {
    STATUS_DONE = 0,
    STATUS_NO_SANDBOX = 10,
    STATUS_HOST_FAILED,
    STATUS_TOO_LONG, /* the analysis is larger than what may be handed over */
    STATUS_NO_MEMORY,
    STATUS_NOT_ELF, /* from here on: why there is no index */
    STATUS_MALFORMED,
    STATUS_TOO_LARGE,
};

enum report_kind {
    REPORT_READY = 1, /* the sandbox is in force */
    REPORT_GONE,      /* a job's child has ended */
};

struct report {
    uint32_t kind;
    uint32_t job;
    int32_t status; /* wait(2)'s */
    uint32_t reserved;
    int64_t cpu_usec;    /* that the child took, user and system */
    uint64_t peak_bytes; /* of its memory */
    char version[32];    /* READY: of the build */
};

int report_send(int socket, const struct report *r);
/* As order_receive. */
int report_receive(int socket, struct report *ret);

#endif
