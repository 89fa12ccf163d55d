/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to Redis that heals: every call is bounded in time; after a failure, or an answer
 * that was not expected, the connection is dropped, and the next call after a short back-off
 * connects again. What the commands mean is queue.c's. One thread, or the caller locks it. */
#ifndef CORRAL_STORE_REDIS_H
#define CORRAL_STORE_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"

#define REDIS_COMMAND_USEC (2 * USEC_PER_SEC) /* for a command that does not wait */

enum redis_outcome {
    REDIS_UNAVAILABLE = 1, /* cannot be reached, or refuses: try again later; message says why */
};

struct redis {
    char *host; /* or the socket's path, with port 0 */
    int port;
    redisContext *context; /* NULL: not connected */
    int64_t next_connect;  /* monotonic */
    char message[160];     /* why the last call failed, one line, for logs */
};

DEFINE_CLEANUP(cleanup_reply, redisReply, freeReplyObject)
#define _cleanup_reply_ _cleanup_(cleanup_reply)

/* "unix:/path" or "host:port"; -EINVAL. Never connects itself. */
int redis_init(struct redis *s, const char *address);
/* Also after a failed init. */
void redis_fini(struct redis *s);
bool redis_address_valid(const char *address);

/* Before each command or transaction: there is a connection, and its reads and writes end after
 * usec. */
int redis_ready(struct redis *s, int64_t usec);
/* One command and its reply, which may be an error reply. */
int redis_command(struct redis *s, const char *format, redisReply **ret, ...)
    __attribute__((format(printf, 2, 4)));
/* A transaction: begin, append commands to s->context, commit. */
void redis_begin(struct redis *s);
int redis_commit(struct redis *s, size_t n, redisReply **ret);
/* For a reply that the caller can do nothing with: drops the connection. REDIS_UNAVAILABLE. */
int redis_refused(struct redis *s, const redisReply *r);
int redis_ping(struct redis *s);

bool redis_is_array(const redisReply *r, size_t at_least);
bool redis_is_text(const redisReply *r);
bool redis_is_error(const redisReply *r, const char *code);

#endif
