/* SPDX-License-Identifier: Apache-2.0 */
/* All SQL about people, programs and what they did, behind typed functions. Each returns 0, -errno
 * or an outcome of db.h; a row that is not there is no failure: its id is 0. Texts belong to the
 * arena. */
#ifndef CORRAL_DASHD_ACCESS_QUERIES_H
#define CORRAL_DASHD_ACCESS_QUERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/store/db.h"

struct user_row {
    int64_t id; /* 0: no such user, or disabled */
    const char *name, *role, *password_hash;
};

struct session_row {
    int64_t user_id; /* 0: no such session, or over */
    const char *name, *role, *csrf;
    int64_t seen_at;
};

struct token_row {
    int64_t id; /* 0: unknown, expired or revoked */
    const char *name, *scope;
};

int query_user(struct db *d, struct arena *a, const char *name, struct user_row *ret);
/* An existing user gets the new role and password, and loses all sessions, when replace is set;
 * else *ret_exists. */
int query_user_save(struct db *d, const char *name, const char *role, const char *password_hash,
                    bool replace, bool *ret_exists);

int query_session(struct db *d, struct arena *a, const uint8_t digest[SHA256_SIZE],
                  int64_t idle_usec, struct session_row *ret);
int query_session_seen(struct db *d, const uint8_t digest[SHA256_SIZE]);
int query_session_end(struct db *d, const uint8_t digest[SHA256_SIZE]);
/* Also deletes `former` (may be NULL) and what has expired, and writes the audit row: one
 * transaction. */
int query_session_begin(struct db *d, const uint8_t digest[SHA256_SIZE], const uint8_t *former,
                        const struct user_row *user, const char *csrf, int64_t lifetime_usec,
                        const char *remote);

int query_token(struct db *d, struct arena *a, const uint8_t digest[SHA256_SIZE],
                struct token_row *ret);
int query_token_save(struct db *d, const char *name, const char *scope,
                     const uint8_t digest[SHA256_SIZE]);

struct audit_entry {
    const char *actor;   /* "user:NAME", "token:ID" */
    const char *action;  /* "core.download" */
    const char *subject; /* crash id, "G-142" */
    const char *remote;
    const char *detail; /* a JSON object; NULL: none */
};
/* Committed when it returns 0. */
int query_audit(struct db *d, const struct audit_entry *e);

#endif
