/* SPDX-License-Identifier: Apache-2.0 */
/* All SQL of administration. The conventions are those of dashd/queries.h. */
#ifndef CORRAL_DASHD_ADMIN_QUERIES_H
#define CORRAL_DASHD_ADMIN_QUERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/store/db.h"

struct account_row {
    int64_t id;
    const char *name, *role;
    int64_t created_at, disabled_at; /* 0: not disabled */
    int64_t seen_at;                 /* 0: no session */
    uint64_t sessions;
};
struct account_list {
    struct account_row *rows;
    size_t n;
};
int query_accounts(struct db *d, struct arena *a, struct account_list *ret);
/* Adds; *ret_added false: there is one of this name, disabled or not. */
int query_account_add(struct db *d, const char *name, const char *role, const char *password_hash,
                      bool *ret_added);

enum account_change {
    ACCOUNT_ROLE,     /* value: the role */
    ACCOUNT_PASSWORD, /* value: its hash; all sessions end */
    ACCOUNT_DISABLE,  /* all sessions end */
    ACCOUNT_ENABLE,
};
/* *ret_changed false: there is no such account, or it is the last administrator that can sign in
 * and would be none any more. In a transaction. */
int query_account_change(struct db *d, enum account_change c, const char *name, const char *value,
                         bool *ret_changed);

struct api_token_row {
    int64_t id;
    const char *name, *scope, *made_by;
    int64_t created_at, expires_at, revoked_at, last_used_at; /* 0: never */
};
struct api_token_list {
    struct api_token_row *rows;
    size_t n;
};
/* Those in force first; of the others the latest. */
int query_api_tokens(struct db *d, struct arena *a, struct api_token_list *ret);
/* *ret_id 0: one of this name is in force. expires_at 0: never. */
int query_api_token_add(struct db *d, const char *name, const char *scope,
                        const uint8_t digest[SHA256_SIZE], int64_t expires_at, const char *made_by,
                        int64_t *ret_id);
int query_api_token_revoke(struct db *d, int64_t id, bool *ret_changed);

#define AUDIT_PAGE 100

struct audit_filter {
    const char *actor, *action, *subject; /* NULL: any; action may end with a dot: all of a kind */
    int64_t before;                       /* id; 0: the latest */
};
struct audit_row {
    int64_t id, at;
    const char *actor, *action, *subject, *detail, *remote;
};
struct audit_list {
    struct audit_row *rows;
    size_t n;
};
/* One more than a page when there are more. */
int query_audit_log(struct db *d, struct arena *a, const struct audit_filter *f,
                    struct audit_list *ret);

#endif
