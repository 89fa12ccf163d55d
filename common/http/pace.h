/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog over slow peers. libmicrohttpd's timeout only bounds silence: a byte a second keeps
 * a connection for ever. So each connection says here what it is waiting for and what has moved,
 * and one thread shuts down (shutdown(2)) the sockets of those that are late; libmicrohttpd then
 * sees the end of the stream and cleans up. A socket with unread bytes is never late: it waits for
 * us. An entry is removed before its descriptor is closed, so the number can't be another's.
 *
 *     HEADERS ──▶ BODY ──▶ REPLY ──▶ IDLE ──▶ HEADERS …
 *                   ╰──▶ LINGER, when the body is refused
 */
#ifndef CORRAL_HTTP_PACE_H
#define CORRAL_HTTP_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/http/server.h"

enum pace_phase {
    PACE_HEADERS, /* connected, or within the request's head */
    PACE_BODY,
    PACE_REPLY,  /* it is our turn: never late */
    PACE_IDLE,   /* between two requests */
    PACE_LINGER, /* answered, the rest of the body is dropped */
};

struct pace_limits {
    struct http_pace peer;
    int64_t idle_usec; /* silence between requests that libmicrohttpd itself allows; 0: no limit */
};

/* Where a connection stands. */
struct pace_state {
    enum pace_phase phase;
    int64_t since;  /* clock_mono: start of the phase, of the window in BODY */
    uint64_t moved; /* bytes in this window */
};

enum pace_verdict { PACE_FINE, PACE_NEW_WINDOW, PACE_LATE };

/* The rule; pure. */
enum pace_verdict pace_judge(const struct pace_limits *l, const struct pace_state *s, int64_t now);

struct pace;
struct pace_entry;

/* Starts the thread. */
int pace_new(const struct pace_limits *limits, struct pace **ret);
/* All entries are gone by then. */
void pace_free(struct pace *p);

struct pace_entry *pace_add(struct pace *p, int fd);
void pace_remove(struct pace_entry *e);
void pace_enter(struct pace_entry *e, enum pace_phase phase);
/* The request line is there: HEADERS, unless it began with the connection. */
void pace_request(struct pace_entry *e);
void pace_moved(struct pace_entry *e, size_t n);
/* True once the watchdog has shut this connection down. */
bool pace_was_late(struct pace_entry *e);

#endif
