/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd made small: a table of routes, a request with an arena, a response that is filled
 * in and sent. The server owns the threads; a handler runs on one of them and sees one request at a
 * time. Small bodies arrive whole; large ones are streamed into a sink and never held. Every
 * finished request is one call of `done` and one log line:
 *
 *     msg=request method=POST route=/api/v1/crashes status=202 bytes_in=… bytes_out=… usec=…
 *     request_id=… remote=…
 */
#ifndef CORRAL_HTTP_SERVER_H
#define CORRAL_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/metrics.h"
#include "common/http/forwarded.h"
#include "common/http/request.h"
#include "common/http/response.h"

/* A body that goes somewhere as it comes. */
struct body_sink {
    /* Headers are there, no byte of the body has been read. Non-zero: the response is filled in and
     * the body is refused unread (the client that sent Expect: 100-continue gets the answer in its
     * place). */
    int (*begin)(struct request *q, struct response *r);
    /* The next bytes. Non-zero: the response is filled in, the rest of the body is dropped. */
    int (*data)(struct request *q, const void *p, size_t n, struct response *r);
    /* The body is complete. */
    void (*end)(struct request *q, struct response *r);
    /* Called last, always when begin returned 0, whatever came in between: a cut connection is
     * release without end. */
    void (*release)(struct request *q);
};

struct route {
    const char *method;  /* "GET" also serves HEAD, without the body, unless that has a route */
    const char *pattern; /* "/api/v1/modules/{build_id}/{kind}": a brace takes one segment */
    size_t body_max;     /* a buffered body may have this many bytes; 0: none */
    void (*handle)(struct request *q, struct response *r);
    const struct body_sink *sink; /* instead of handle, for a streamed body */
    uint64_t tag;                 /* the program's own: rights it needs */
};

struct http_options {
    const char *name;      /* Server: header */
    const char *listen;    /* "127.0.0.1:8600", "[::1]:8600", "unix:/run/corral/x.sock" */
    const char *base_path; /* sub-path that a proxy passes on, without a final slash; "" for none */
    unsigned threads;
    unsigned connections_max, connections_per_ip_max; /* 0: no limit */
    unsigned idle_seconds;                            /* a silent connection is closed after it */
    const struct route *routes;
    size_t n_routes;
    void *app; /* for handlers: request_app() */
    /* Runs before each handler or sink, when the headers are there and no byte of the body has been
     * read (so request_form is still empty); non-zero: the response is filled in. For sessions and
     * tokens. May be NULL. */
    int (*before)(struct request *q, const struct route *route, struct response *r);
    /* Fills in the page for an answer that no handler gave (400, 404, 405, 413, 431, 500, 503);
     * NULL: problem+json. The route may be unknown then. */
    void (*error_page)(struct request *q, struct response *r, unsigned status, const char *detail);
    /* Called after each request with its route pattern ("" when none), for the program's metrics. A
     * peer that left before it was answered is status HTTP_STATUS_GONE. May be NULL. */
    void (*done)(void *app, const char *pattern, unsigned status, int64_t usec);
    bool compress;                   /* text, for a client that accepts it; see encoding.h */
    const struct forwarded *proxies; /* that say whose request it is; NULL: none */
    const struct http_pace *pace;    /* NULL: http_pace_default */
};

/* How slow a peer may be. A connection that breaks one of these is closed without an answer; a
 * reply that is read slowly is not bounded here, only by idle_seconds. */
struct http_pace {
    /* From the connection, or from the request line on, to the end of the headers. */
    int64_t header_usec;
    /* In each window of this length a body must move by this many bytes, unless it is us who does
     * not read. */
    int64_t window_usec;
    uint64_t window_bytes;
    /* How long the rest of a refused body is read, so that the peer sees the answer. */
    int64_t linger_usec;
};
extern const struct http_pace http_pace_default;

#define HTTP_STATUS_GONE 499 /* for log and metrics only: never sent */

struct http_server;

/* -EADDRINUSE and other errnos; the options' pointers must outlive the server. */
int http_start(const struct http_options *o, struct http_server **ret);
/* Stops listening, waits up to grace_usec for requests in flight, closes the rest. */
void http_stop(struct http_server *s, int64_t grace_usec);
/* The port it listens on (for listen "…:0"). */
unsigned http_port(const struct http_server *s);

#endif
