/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: 256 random bits in a cookie, their SHA-256 in PostgreSQL. A session ends after
 * SESSION_IDLE without a request, after the configured lifetime, on signing out, and when its user
 * is disabled or replaced. Signing in always makes a new one. */
#ifndef CORRAL_DASHD_ACCESS_SESSION_H
#define CORRAL_DASHD_ACCESS_SESSION_H

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/http/request.h"
#include "common/http/response.h"
#include "dashd/access/queries.h"

#define SESSION_COOKIE     "corral_session"
#define SESSION_TOKEN_SIZE 65 /* 64 hexadecimal digits and the NUL */
#define SESSION_IDLE       (24 * 3600 * USEC_PER_SEC)

/* The session that the request's cookie names; user_id 0 when there is none. An outcome of db.h. */
int session_find(struct request *q, struct session_row *ret);
/* Makes a session for the user and sets its cookie; the one that the cookie named before is over.
 * An outcome of db.h. */
int session_begin(struct request *q, struct response *r, const struct user_row *user);
/* Ends it and takes the cookie back. An outcome of db.h. */
int session_end(struct request *q, struct response *r);

#endif
