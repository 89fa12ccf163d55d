/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's parts, as every handler gets them by request_app(). Made at start, released at the
 * end, never changed between. */
#ifndef CORRAL_INGESTD_INGEST_H
#define CORRAL_INGESTD_INGEST_H

#include <stddef.h>

#include "common/base/metrics.h"
#include "common/http/server.h"
#include "common/store/blob.h"

#include "ingestd/appetite.h"
#include "ingestd/auth.h"
#include "ingestd/conf.h"
#include "ingestd/feeder.h"
#include "ingestd/quota.h"
#include "ingestd/shelf.h"

#define ROUTE_CRASHES "/api/v1/crashes"
#define ROUTE_UPLOAD  "/api/upload" /* the same, for people */
#define ROUTE_FULL    "/api/v1/crashes/{id}/core"
#define ROUTE_MODULE  "/api/v1/modules/{build_id}/{kind}"

struct ingest {
    const struct ingest_conf *conf;
    struct blob_store *store;
    struct metrics *metrics;
    struct auth *auth;
    struct feeder *feeder;
    struct appetite *appetite;
    struct quota *quota;
    struct shelf *shelf;
    struct http_server *server;
};

/* Logs why when it fails. */
int ingest_start(struct ingest *in, const struct ingest_conf *conf, const struct route *routes,
                 size_t n_routes);
/* Finishes what is in flight. Takes what a failed start has left, too. */
void ingest_stop(struct ingest *in);

/* The token that a request was let in with. */
const struct token *ingest_token(struct request *q);

/* --- Answers that several handlers give --- */

/* 503 with Retry-After: try again later, nothing is wrong with what was sent. Returns 1. */
int ingest_put_off(struct request *q, struct response *r, const char *why);
/* Whether the request's token may send one more crash: 0, or 1 with 429 and Retry-After. */
int ingest_check_quota(struct request *q, struct response *r);
/* Room for bytes more (0: unknown) on top of free_min: 0, or 1 with the answer filled in. */
int ingest_check_space(struct request *q, struct response *r, uint64_t bytes);

#endif
