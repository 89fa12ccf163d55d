/* SPDX-License-Identifier: Apache-2.0 */
/* What the client has for ingestd (docs/protocol.md), and what its answers mean for what is still
 * in the spool. */
#ifndef CORRAL_CLIENT_TRANSPORT_UPLOAD_H
#define CORRAL_CLIENT_TRANSPORT_UPLOAD_H

#include "client/transport/answer.h"
#include "client/transport/connection.h"
#include "client/transport/facts.h"

/* What to do after an attempt. */
enum upload_verdict {
    UPLOAD_DONE,        /* the server has it, on stable storage */
    UPLOAD_REFUSED,     /* it will never take this one */
    UPLOAD_FAILED,      /* this one failed at the server: try it again later, others may go on */
    UPLOAD_UNAVAILABLE, /* server or network do not take anything now: wait */
    UPLOAD_DENIED,      /* the token is missing or wrong: somebody has to do something */
    UPLOAD_VERDICTS,
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
/* A file with that build-id, compressed on the wire unless the server does not take that. kind:
 * "executable", "unwind" or "debuginfo", a literal of ours. */
int upload_module(struct connection *c, const char *build_id, const char *kind, int fd,
                  struct arena *a, struct upload *ret);
/* Asks whether the server has it: UPLOAD_DONE when the answer is in *ret_has. */
int upload_asks_module(struct connection *c, const char *build_id, const char *kind,
                       struct arena *a, struct upload *ret, bool *ret_has);

/* --- A full core behind its crash --- */

/* How much of it the server has, on stable storage. */
struct upload_offset {
    uint64_t bytes;
    bool complete;
};

/* UPLOAD_DONE: *ret_offset is set. UPLOAD_REFUSED: the server does not know the crash. */
int upload_asks_core(struct connection *c, const char *crash_id, struct arena *a,
                     struct upload *ret, struct upload_offset *ret_offset);
/* The bytes from begin to end of that file; with facts (else NULL) they are the last ones.
 * UPLOAD_DONE: *ret_offset says where to go on, which is not the end when the server has more or
 * less than we thought. */
int upload_core_part(struct connection *c, const char *crash_id, int fd, uint64_t begin,
                     uint64_t end, const struct facts *facts, struct arena *a, struct upload *ret,
                     struct upload_offset *ret_offset);

/* A crash whose core comes from a pipe, behind the first n bytes of core_fd. What was read from the
 * pipe can't be sent again. */
int upload_stream(struct connection *c, struct str meta, int core_fd, uint64_t n, int pipe,
                  struct arena *a, struct upload *ret);

#endif
