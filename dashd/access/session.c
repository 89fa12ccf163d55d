/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/access/session.h"

#include <string.h>

#include <sodium.h>

#include "common/base/id.h"
#include "dashd/app.h"

#define SEEN_INTERVAL (60 * USEC_PER_SEC) /* seen_at is written at most so often */

/* False when there is no cookie that could be one of ours. */
static bool cookie_digest(struct request *q, uint8_t ret[static SHA256_SIZE])
{
    const char *token = request_cookie(q, SESSION_COOKIE);

    if (!token || strlen(token) != SESSION_TOKEN_SIZE - 1 ||
        !hex_valid(str_from(token), SESSION_TOKEN_SIZE - 1))
        return false;
    sha256(token, strlen(token), ret);
    return true;
}

int session_find(struct request *q, struct session_row *ret)
{
    struct db *db = app_db(request_app(q));
    uint8_t digest[SHA256_SIZE];
    int r;

    *ret = (struct session_row){0};
    if (!cookie_digest(q, digest))
        return 0;
    r = query_session(db, request_arena(q), digest, SESSION_IDLE, ret);
    if (!r && ret->user_id && clock_now() - ret->seen_at > SEEN_INTERVAL)
        r = query_session_seen(db, digest);
    return r;
}

static void set_cookie(struct request *q, struct response *r, const char *token, int64_t lifetime)
{
    const struct app *app = request_app(q);
    const char *path = request_base_path(q);
    bool https = cstr_starts(app->conf->public_url, "https://");

    response_header(r, "Set-Cookie",
                    arena_printf(request_arena(q),
                                 SESSION_COOKIE
                                 "=%s; Path=%s; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
                                 token, *path ? path : "/", (long long)(lifetime / USEC_PER_SEC),
                                 https ? "; Secure" : ""));
}

static void random_token(char ret[static SESSION_TOKEN_SIZE])
{
    unsigned char bytes[(SESSION_TOKEN_SIZE - 1) / 2];

    random_bytes(bytes, sizeof(bytes));
    hex_encode(bytes, sizeof(bytes), ret);
}

int session_begin(struct request *q, struct response *r, const struct user_row *user)
{
    struct app *app = request_app(q);
    char token[SESSION_TOKEN_SIZE], csrf[SESSION_TOKEN_SIZE];
    uint8_t digest[SHA256_SIZE], former[SHA256_SIZE];
    bool has_former = cookie_digest(q, former);
    int outcome;

    random_token(token);
    random_token(csrf);
    sha256(token, SESSION_TOKEN_SIZE - 1, digest);
    outcome = query_session_begin(app_db(app), digest, has_former ? former : NULL, user, csrf,
                                  app->conf->session_lifetime, request_remote(q));
    if (!outcome)
        set_cookie(q, r, token, app->conf->session_lifetime);
    return outcome;
}

int session_end(struct request *q, struct response *r)
{
    uint8_t digest[SHA256_SIZE];
    int outcome = 0;

    if (cookie_digest(q, digest))
        outcome = query_session_end(app_db(request_app(q)), digest);
    if (!outcome)
        set_cookie(q, r, "", 0);
    return outcome;
}
