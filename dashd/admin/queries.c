/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/admin/queries.h"

#include "dashd/rows.h"

/* --- Users --- */

static void read_account(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct account_row *)ret = (struct account_row){
        .id = db_int(res, row, 0),
        .name = text_at(a, res, row, 1),
        .role = text_at(a, res, row, 2),
        .created_at = db_int(res, row, 3),
        .disabled_at = db_int(res, row, 4),
        .seen_at = db_int(res, row, 5),
        .sessions = count_at(res, row, 6),
    };
}

int query_accounts(struct db *d, struct arena *a, struct account_list *ret)
{
    static const struct db_query q = {
        "accounts",
        "SELECT u.id, u.name, u.role, " USEC("u.created_at") ", " USEC("u.disabled_at") ", " USEC(
            "max(s.seen_at)") ", count(s.digest) "
                              "FROM users u LEFT JOIN sessions s ON s.user_id = u.id "
                              "AND s.expires_at > now() "
                              "GROUP BY u.id ORDER BY u.disabled_at IS NOT NULL, u.name LIMIT "
                              "1000"};

    return rows_fetch(d, &q, NULL, 0, a, read_account, sizeof(*ret->rows), &ret->rows, &ret->n);
}

int query_account_add(struct db *d, const char *name, const char *role, const char *password_hash,
                      bool *ret_added)
{
    static const struct db_query q = {
        "account-add", "INSERT INTO users (name, role, password_hash) VALUES ($1, $2, $3) "
                       "ON CONFLICT (name) DO NOTHING RETURNING id"};
    const char *const params[] = {name, role, password_hash};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (!r)
        *ret_added = PQntuples(res) == 1;
    return r;
}

/* An administrator must stay: whoever locks out the last one could not be let in again from here.
 */
#define ANOTHER_ADMIN                                                                              \
    "(role <> 'admin' OR EXISTS (SELECT FROM users o WHERE o.role = 'admin' "                      \
    " AND o.disabled_at IS NULL AND o.id <> users.id)) "

/* $1 the name, $2 the value. */
static const struct {
    struct db_query change;
    bool ends_sessions;
} changes[] = {
    [ACCOUNT_ROLE] = {{"account-role", "UPDATE users SET role = $2 WHERE name = $1 "
                                       "AND ($2 = 'admin' OR " ANOTHER_ADMIN ") RETURNING id"},
                      false},
    [ACCOUNT_PASSWORD] = {{"account-password", "UPDATE users SET password_hash = $2 "
                                               "WHERE name = $1 RETURNING id"},
                          true},
    [ACCOUNT_DISABLE] = {{"account-disable",
                          "UPDATE users SET disabled_at = now() WHERE name = $1 "
                          "AND $2::text IS NULL AND disabled_at IS NULL AND " ANOTHER_ADMIN
                          "RETURNING id"},
                         true},
    [ACCOUNT_ENABLE] = {{"account-enable", "UPDATE users SET disabled_at = NULL WHERE name = $1 "
                                           "AND $2::text IS NULL AND disabled_at IS NOT NULL "
                                           "RETURNING id"},
                        false},
};

static int end_sessions(struct db *d, const char *name)
{
    static const struct db_query q = {"account-sessions-end",
                                      "DELETE FROM sessions USING users u "
                                      "WHERE u.name = $1 AND sessions.user_id = u.id"};
    const char *const params[] = {name};

    return RUN(d, q, params, NULL);
}

/* Two that demote each other at a time must see one another. */
static int lock_admins(struct db *d)
{
    static const struct db_query q = {
        "account-admins", "SELECT id FROM users WHERE role = 'admin' ORDER BY id FOR UPDATE"};

    return db_run(d, &q, NULL, 0, NULL);
}

int query_account_change(struct db *d, enum account_change c, const char *name, const char *value,
                         bool *ret_changed)
{
    const char *const params[] = {name, value};
    _cleanup_result_ PGresult *res = NULL;
    int r = lock_admins(d);

    if (!r)
        r = RUN(d, changes[c].change, params, &res);
    if (r)
        return r;
    *ret_changed = PQntuples(res) == 1;
    return *ret_changed && changes[c].ends_sessions ? end_sessions(d, name) : 0;
}

/* --- Tokens --- */

static void read_api_token(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct api_token_row *)ret = (struct api_token_row){
        .id = db_int(res, row, 0),
        .name = text_at(a, res, row, 1),
        .scope = text_at(a, res, row, 2),
        .made_by = text_at(a, res, row, 3),
        .created_at = db_int(res, row, 4),
        .expires_at = db_int(res, row, 5),
        .revoked_at = db_int(res, row, 6),
        .last_used_at = db_int(res, row, 7),
    };
}

#define IN_FORCE "(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))"

int query_api_tokens(struct db *d, struct arena *a, struct api_token_list *ret)
{
    static const struct db_query q = {
        "api-tokens",
        "SELECT id, name, scope, made_by, " USEC("created_at") ", " USEC("expires_at") ", " USEC(
            "revoked_at") ", " USEC("last_used_at") " "
                                                    "FROM "
                                                    "api_"
                                                    "tokens "
                                                    "ORDER BY " IN_FORCE
                                                    " DESC, id DESC LIMIT 1000"};

    return rows_fetch(d, &q, NULL, 0, a, read_api_token, sizeof(*ret->rows), &ret->rows, &ret->n);
}

int query_api_token_add(struct db *d, const char *name, const char *scope,
                        const uint8_t digest[SHA256_SIZE], int64_t expires_at, const char *made_by,
                        int64_t *ret_id)
{
    static const struct db_query q = {
        "api-token-add",
        "INSERT INTO api_tokens (name, scope, digest, expires_at, made_by) "
        "SELECT $1, $2, $3::bytea, " TIME(
            "$4") ", $5 "
                  "WHERE NOT EXISTS (SELECT FROM api_tokens WHERE name = $1 AND " IN_FORCE
                  ") RETURNING id"};
    struct digest_text key = digest_text(digest);
    struct number expires = number(expires_at);
    const char *const params[] = {name, scope, key.text, expires_at ? expires.text : NULL, made_by};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (!r)
        *ret_id = PQntuples(res) ? db_int(res, 0, 0) : 0;
    return r;
}

int query_api_token_revoke(struct db *d, int64_t id, bool *ret_changed)
{
    static const struct db_query q = {"api-token-revoke",
                                      "UPDATE api_tokens SET revoked_at = now() "
                                      "WHERE id = $1 AND revoked_at IS NULL RETURNING id"};
    struct number token = number(id);
    const char *const params[] = {token.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (!r)
        *ret_changed = PQntuples(res) == 1;
    return r;
}

/* --- The audit log --- */

static void read_audit(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct audit_row *)ret = (struct audit_row){
        .id = db_int(res, row, 0),
        .at = db_int(res, row, 1),
        .actor = text_at(a, res, row, 2),
        .action = text_at(a, res, row, 3),
        .subject = text_at(a, res, row, 4),
        .detail = text_at(a, res, row, 5),
        .remote = text_at(a, res, row, 6),
    };
}

int query_audit_log(struct db *d, struct arena *a, const struct audit_filter *f,
                    struct audit_list *ret)
{
    static const struct db_query q = {
        "audit-log",
        "SELECT id, " USEC("at") ", actor, action, subject, nullif(detail::text, '{}'), remote "
                                 "FROM audit_log "
                                 "WHERE ($1::text IS NULL OR actor = $1) "
                                 "AND ($2::text IS NULL OR action = $2 "
                                 "     OR right($2, 1) = '.' AND starts_with(action, $2)) "
                                 "AND ($3::text IS NULL OR subject = $3) "
                                 "AND ($4::bigint IS NULL OR id < $4) "
                                 "ORDER BY id DESC LIMIT $5"};
    struct number before = number(f->before), rows = number(AUDIT_PAGE + 1);
    const char *const params[] = {f->actor, f->action, f->subject, f->before ? before.text : NULL,
                                  rows.text};

    return FETCH(d, q, params, a, read_audit, ret);
}
