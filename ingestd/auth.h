/* SPDX-License-Identifier: Apache-2.0 */
/* Who may send: a snapshot of the API tokens, refreshed from PostgreSQL by a thread of its own and
 * kept in a file, so that neither a request nor the start of the daemon ever waits for the
 * database. A revoked token is accepted until the next refresh, which is the price. Checks may come
 * from any thread. */
#ifndef CORRAL_INGESTD_AUTH_H
#define CORRAL_INGESTD_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "ingestd/tokens.h"

enum auth_outcome {
    AUTH_UNKNOWN = 1, /* no such token, or not any more */
    AUTH_DENIED,      /* the token lacks the scope */
    AUTH_NOT_READY,   /* no snapshot yet: nothing can be said */
};

struct auth;

/* path: of the snapshot. Reads it if it is there; starts the thread. -EINVAL: no conninfo. */
int auth_new(const char *conninfo, const char *path, int64_t refresh_usec, struct auth **ret);
void auth_free(struct auth *a);
/* token may be NULL: AUTH_UNKNOWN. A copy goes to *ret. */
int auth_check(struct auth *a, const char *token, unsigned scopes, struct token *ret);
bool auth_ready(struct auth *a);
/* Whether the last refresh found PostgreSQL. */
bool auth_database_up(struct auth *a);

#endif
