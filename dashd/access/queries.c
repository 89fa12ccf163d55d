/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/access/queries.h"

#include <stdio.h>

#include "common/base/cleanup.h"
#include "dashd/rows.h"

static void read_user(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct user_row *)ret = (struct user_row){
        .id = db_int(res, row, 0),
        .name = text_at(a, res, row, 1),
        .role = text_at(a, res, row, 2),
        .password_hash = text_at(a, res, row, 3),
    };
}

int query_user(struct db *d, struct arena *a, const char *name, struct user_row *ret)
{
    static const struct db_query q = {"user", "SELECT id, name, role, password_hash FROM users "
                                              "WHERE name = $1 AND disabled_at IS NULL"};
    const char *const params[] = {name};

    return FETCH_ONE(d, q, params, a, read_user, ret);
}

static int save_user(struct db *d, const char *name, const char *role, const char *password_hash,
                     bool replace, bool *ret_exists)
{
    static const struct db_query insert = {
        "user-add", "INSERT INTO users (name, role, password_hash) VALUES ($1, $2, $3) "
                    "ON CONFLICT (name) DO NOTHING RETURNING id"};
    static const struct db_query update = {
        "user-replace",
        "WITH u AS (UPDATE users SET role = $2, password_hash = $3, disabled_at = NULL "
        "WHERE name = $1 RETURNING id) DELETE FROM sessions USING u WHERE user_id = u.id"};
    const char *const params[] = {name, role, password_hash};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, insert, params, &res);

    if (r)
        return r;
    *ret_exists = PQntuples(res) == 0;
    return *ret_exists && replace ? RUN(d, update, params, NULL) : 0;
}

int query_user_save(struct db *d, const char *name, const char *role, const char *password_hash,
                    bool replace, bool *ret_exists)
{
    return IN_TRANSACTION(d, save_user(d, name, role, password_hash, replace, ret_exists));
}

static void read_session(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct session_row *)ret = (struct session_row){
        .user_id = db_int(res, row, 0),
        .name = text_at(a, res, row, 1),
        .role = text_at(a, res, row, 2),
        .csrf = text_at(a, res, row, 3),
        .seen_at = db_int(res, row, 4),
    };
}

int query_session(struct db *d, struct arena *a, const uint8_t digest[SHA256_SIZE],
                  int64_t idle_usec, struct session_row *ret)
{
    static const struct db_query q = {
        "session",
        "SELECT u.id, u.name, u.role, s.csrf, " USEC(
            "s.seen_at") " FROM sessions s "
                         "JOIN users u ON u.id = s.user_id AND u.disabled_at IS NULL "
                         "WHERE s.digest = $1::bytea AND s.expires_at > now() "
                         "AND s.seen_at > now() - $2::bigint * interval '1 microsecond'"};
    struct digest_text key = digest_text(digest);
    struct number idle = number(idle_usec);
    const char *const params[] = {key.text, idle.text};

    return FETCH_ONE(d, q, params, a, read_session, ret);
}

int query_session_seen(struct db *d, const uint8_t digest[SHA256_SIZE])
{
    static const struct db_query q = {
        "session-seen", "UPDATE sessions SET seen_at = now() WHERE digest = $1::bytea"};
    struct digest_text key = digest_text(digest);
    const char *const params[] = {key.text};

    return RUN(d, q, params, NULL);
}

int query_session_end(struct db *d, const uint8_t digest[SHA256_SIZE])
{
    static const struct db_query q = {
        "session-end", "DELETE FROM sessions WHERE digest = $1::bytea OR expires_at < now()"};
    struct digest_text key = digest_text(digest);
    const char *const params[] = {key.text};

    return RUN(d, q, params, NULL);
}

static int insert_session(struct db *d, const uint8_t digest[SHA256_SIZE],
                          const struct user_row *user, const char *csrf, int64_t lifetime_usec)
{
    static const struct db_query q = {
        "session-begin",
        "INSERT INTO sessions (digest, user_id, csrf, expires_at) "
        "VALUES ($1::bytea, $2, $3, now() + $4::bigint * interval '1 microsecond')"};
    struct digest_text key = digest_text(digest);
    struct number id = number(user->id), lifetime = number(lifetime_usec);
    const char *const params[] = {key.text, id.text, csrf, lifetime.text};

    return RUN(d, q, params, NULL);
}

static int begin_session(struct db *d, const uint8_t digest[SHA256_SIZE], const uint8_t *former,
                         const struct user_row *user, const char *csrf, int64_t lifetime_usec,
                         const char *remote)
{
    char actor[256];
    struct audit_entry e = {
        .actor = actor, .action = "user.login", .subject = user->name, .remote = remote};
    int r = query_session_end(d, former ? former : digest);

    snprintf(actor, sizeof(actor), "user:%s", user->name);
    if (!r)
        r = insert_session(d, digest, user, csrf, lifetime_usec);
    return r ? r : query_audit(d, &e);
}

int query_session_begin(struct db *d, const uint8_t digest[SHA256_SIZE], const uint8_t *former,
                        const struct user_row *user, const char *csrf, int64_t lifetime_usec,
                        const char *remote)
{
    return IN_TRANSACTION(d, begin_session(d, digest, former, user, csrf, lifetime_usec, remote));
}

static void read_token(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct token_row *)ret = (struct token_row){
        .id = db_int(res, row, 0),
        .name = text_at(a, res, row, 1),
        .scope = text_at(a, res, row, 2),
    };
}

int query_token(struct db *d, struct arena *a, const uint8_t digest[SHA256_SIZE],
                struct token_row *ret)
{
    static const struct db_query q = {
        "token", "WITH t AS (SELECT id, name, scope, last_used_at FROM api_tokens "
                 "           WHERE digest = $1::bytea AND revoked_at IS NULL "
                 "           AND (expires_at IS NULL OR expires_at > now())), "
                 "used AS (UPDATE api_tokens a SET last_used_at = now() FROM t WHERE a.id = t.id "
                 "         AND (t.last_used_at IS NULL "
                 "              OR t.last_used_at < now() - interval '1 minute')) "
                 "SELECT id, name, scope FROM t"};
    struct digest_text key = digest_text(digest);
    const char *const params[] = {key.text};

    return FETCH_ONE(d, q, params, a, read_token, ret);
}

int query_token_save(struct db *d, const char *name, const char *scope,
                     const uint8_t digest[SHA256_SIZE])
{
    static const struct db_query q = {
        "token-add", "INSERT INTO api_tokens (name, scope, digest) VALUES ($1, $2, $3::bytea)"};
    struct digest_text key = digest_text(digest);
    const char *const params[] = {name, scope, key.text};

    return RUN(d, q, params, NULL);
}

int query_audit(struct db *d, const struct audit_entry *e)
{
    static const struct db_query q = {
        "audit", "INSERT INTO audit_log (actor, action, subject, remote, detail) "
                 "VALUES ($1, $2, $3, $4, coalesce($5::jsonb, '{}'))"};
    const char *const params[] = {e->actor, e->action, e->subject, e->remote, e->detail};

    return RUN(d, q, params, NULL);
}
