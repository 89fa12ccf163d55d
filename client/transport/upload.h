/* SPDX-License-Identifier: Apache-2.0 */
/* What the client has for ingestd (docs/protocol.md), and what its answers mean for what is still
 * in the spool. */
#ifndef CORRAL_CLIENT_TRANSPORT_UPLOAD_H
#define CORRAL_CLIENT_TRANSPORT_UPLOAD_H

#include "client/transport/answer.h"
#include "client/transport/connection.h"

/* What to do after an attempt. */
enum upload_verdict {
    UPLOAD_DONE,        /* the server has it, on stable storage */
    UPLOAD_REFUSED,     /* it will never take this one */
    UPLOAD_FAILED,      /* this one failed at the server: try it again later, others may go on */
    UPLOAD_UNAVAILABLE, /* server or network do not take anything now: wait */
    UPLOAD_DENIED,      /* the token is missing or wrong: somebody has to do something */
};

struct upload {
    enum upload_verdict verdict;
    long status;          /* 0: no answer came */
    int64_t retry_after;  /* usec; 0: not given */
    const char *detail;   /* for people, in the arena; never NULL unless UPLOAD_DONE */
    struct answer answer; /* upload_crash, UPLOAD_DONE */
};

/* By HTTP status alone. */
enum upload_verdict upload_judge(long status);

/* core_fd is -1 for a crash without a core. Negative: reading the files failed. */
int upload_crash(struct connection *c, struct str meta, int core_fd, struct arena *a,
                 struct upload *ret);
/* The executable or library with that build-id. */
int upload_module(struct connection *c, const char *build_id, int fd, struct arena *a,
                  struct upload *ret);

#endif
