/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/admin/admin.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "dashd/access/access.h"
#include "dashd/access/attempts.h"
#include "dashd/access/credentials.h"
#include "dashd/access/password.h"
#include "dashd/access/queries.h"
#include "dashd/admin/queries.h"
#include "dashd/app.h"
#include "dashd/rows.h"

#define TOKEN_DAYS_MAX  3650
#define PASSWORD_WINDOW (15 * 60 * USEC_PER_SEC)
#define PASSWORD_TRIES  5 /* at the own password, in a window */

static const char bad_name[] =
    "A name has 1 to 64 letters, digits and any of ._@+- and does not begin with a minus.";

static int refuse(struct administered *ret, unsigned status, const char *problem)
{
    *ret = (struct administered){.status = status, .problem = problem};
    return 0;
}

static int refuse_field(struct administered *ret, const char *field, const char *problem)
{
    *ret = (struct administered){.status = 400, .problem = problem, .field = field};
    return 0;
}

static int note(struct request *q, const char *action, const char *subject, const char *detail)
{
    const struct audit_entry e = {
        .actor = access_identity(q)->actor,
        .action = action,
        .subject = subject,
        .remote = request_remote(q),
        .detail = detail,
    };

    return query_audit(app_db(request_app(q)), &e);
}

/* A new password and its hash; NULL when there is no memory for it. */
static const char *make_password(struct request *q, char hash[static PASSWORD_HASH_SIZE])
{
    char password[PASSWORD_NEW_SIZE];

    password_generate(password);
    return password_hash(password, hash) < 0 ? NULL : arena_strdup(request_arena(q), password);
}

/* --- Users --- */

static int add_user(struct request *q, const char *name, const char *role, const char *hash,
                    bool *ret_added)
{
    int r = query_account_add(app_db(request_app(q)), name, role, hash, ret_added);

    if (r || !*ret_added)
        return r;
    return note(q, "user.add", name, arena_printf(request_arena(q), "{\"role\":\"%s\"}", role));
}

int admin_add_user(struct request *q, struct administered *ret)
{
    const char *name = request_form(q, "name"), *role = request_form(q, "role"), *password;
    char hash[PASSWORD_HASH_SIZE];
    bool added = false;
    int r;

    if (!name || !account_name_valid(name))
        return refuse_field(ret, "name", bad_name);
    if (!role || !access_rights_of_role(role))
        return refuse_field(ret, "role", "`role` must be viewer, triager, developer or admin.");
    password = make_password(q, hash);
    if (!password)
        return refuse(ret, 503, "There is no memory to hash a password right now.");
    r = IN_TRANSACTION(app_db(request_app(q)), add_user(q, name, role, hash, &added));
    if (r)
        return r;
    if (!added)
        return refuse(ret, 409, "There is a user of this name already, perhaps a disabled one.");
    *ret = (struct administered){.secret = password};
    return 0;
}

static const struct {
    const char *word, *action;
    enum account_change change;
} user_changes[] = {
    {"role", "user.role", ACCOUNT_ROLE},
    {"password", "user.password", ACCOUNT_PASSWORD},
    {"disable", "user.disable", ACCOUNT_DISABLE},
    {"enable", "user.enable", ACCOUNT_ENABLE},
};

static int change_user(struct request *q, size_t which, const char *value, bool *ret_changed)
{
    const char *name = request_param(q, "name"), *detail = NULL;
    int r = query_account_change(app_db(request_app(q)), user_changes[which].change, name, value,
                                 ret_changed);

    if (r || !*ret_changed)
        return r;
    if (user_changes[which].change == ACCOUNT_ROLE)
        detail = arena_printf(request_arena(q), "{\"role\":\"%s\"}", value);
    return note(q, user_changes[which].action, name, detail);
}

int admin_change_user(struct request *q, struct administered *ret)
{
    const char *word = request_form(q, "do"), *value = NULL, *password = NULL;
    char hash[PASSWORD_HASH_SIZE];
    bool changed = false;
    size_t which = 0;
    int r;

    while (which < ARRAY_SIZE(user_changes) && (!word || strcmp(word, user_changes[which].word)))
        which++;
    if (which == ARRAY_SIZE(user_changes))
        return refuse_field(ret, "do", "`do` must be role, password, disable or enable.");
    if (user_changes[which].change == ACCOUNT_ROLE) {
        value = request_form(q, "role");
        if (!value || !access_rights_of_role(value))
            return refuse_field(ret, "role", "`role` must be viewer, triager, developer or admin.");
    }
    if (user_changes[which].change == ACCOUNT_PASSWORD) {
        password = make_password(q, hash);
        value = hash;
        if (!password)
            return refuse(ret, 503, "There is no memory to hash a password right now.");
    }
    r = IN_TRANSACTION(app_db(request_app(q)), change_user(q, which, value, &changed));
    if (r)
        return r;
    if (!changed)
        return refuse(ret, 409,
                      "Nothing was changed: there is no such user, it is so already, or it is the "
                      "only administrator who can sign in.");
    *ret = (struct administered){.secret = password};
    return 0;
}

/* --- The own password --- */

static int check_old(struct request *q, const struct identity *who, const char *old,
                     struct administered *ret)
{
    struct app *app = request_app(q);
    const char *key = arena_printf(request_arena(q), "password %s", who->name);
    int64_t now = clock_mono();
    struct user_row user;
    int r;

    if (attempts_take(app->attempts, key, PASSWORD_TRIES, PASSWORD_WINDOW, now))
        return refuse(ret, 429, "Too many tries: wait a quarter of an hour.");
    r = query_user(app_db(app), request_arena(q), who->name, &user);
    if (r)
        return r;
    switch (password_check(user.password_hash, old)) {
    case 0:
        attempts_forgive(app->attempts, key);
        return 0;
    case PASSWORD_BUSY:
        return refuse(ret, 503, "Many people are signing in right now. Try again in a moment.");
    default:
        return refuse(ret, 403, "That is not your present password.");
    }
}

static int set_own(struct request *q, const struct identity *who, const char *hash)
{
    bool changed = false;
    int r =
        query_account_change(app_db(request_app(q)), ACCOUNT_PASSWORD, who->name, hash, &changed);

    return r || !changed ? r : note(q, "user.password", who->name, NULL);
}

int admin_own_password(struct request *q, struct administered *ret)
{
    const struct identity *who = access_identity(q);
    const char *old = request_form(q, "old"), *new = request_form(q, "new");
    char hash[PASSWORD_HASH_SIZE];
    int r;

    *ret = (struct administered){0};
    if (!old || !new || strlen(new) < PASSWORD_MIN || strlen(new) > PASSWORD_MAX)
        return refuse_field(ret, "new", "The new password must have 12 to 256 bytes.");
    r = check_old(q, who, old, ret);
    if (r || ret->status)
        return r;
    if (password_hash(new, hash) < 0)
        return refuse(ret, 503, "There is no memory to hash a password right now.");
    return IN_TRANSACTION(app_db(request_app(q)), set_own(q, who, hash));
}

/* --- Tokens --- */

static int add_token(struct request *q, const char *name, const char *scope, int64_t expires_at,
                     struct token_secret *secret, int64_t *ret_id)
{
    struct arena *a = request_arena(q);
    int r = query_api_token_add(app_db(request_app(q)), name, scope, secret->digest, expires_at,
                                access_identity(q)->actor, ret_id);

    if (r || !*ret_id)
        return r;
    return note(q, "token.add", arena_printf(a, "token:%" PRId64, *ret_id),
                arena_printf(a, "{\"name\":\"%s\",\"scope\":\"%s\"}", name, scope));
}

int admin_add_token(struct request *q, struct administered *ret)
{
    const char *name = request_form(q, "name"), *scope = request_form(q, "scope");
    const char *days_text = request_form(q, "days");
    struct token_secret secret;
    uint64_t days = 0;
    int64_t id = 0;
    int r;

    if (!name || !account_name_valid(name))
        return refuse_field(ret, "name", bad_name);
    if (!scope || !token_scope_valid(scope))
        return refuse_field(ret, "scope", "`scope` must be ingest, symbols, read, write or admin.");
    if (!cstr_empty(days_text) && str_to_u64(str_from(days_text), TOKEN_DAYS_MAX, &days) < 0)
        return refuse_field(ret, "days",
                            "`days` must be a number up to 3650, or empty: it never expires.");
    token_make(scope, &secret);
    r = IN_TRANSACTION(app_db(request_app(q)),
                       add_token(q, name, scope,
                                 days ? clock_now() + (int64_t)days * 86400 * USEC_PER_SEC : 0,
                                 &secret, &id));
    if (r)
        return r;
    if (!id)
        return refuse(ret, 409,
                      "A token of this name is in force: revoke it, or take another name.");
    *ret = (struct administered){.secret = arena_strdup(request_arena(q), secret.text), .id = id};
    return 0;
}

static int revoke_token(struct request *q, int64_t id, bool *ret_changed)
{
    int r = query_api_token_revoke(app_db(request_app(q)), id, ret_changed);

    if (r || !*ret_changed)
        return r;
    return note(q, "token.revoke", arena_printf(request_arena(q), "token:%" PRId64, id), NULL);
}

int admin_revoke_token(struct request *q, struct administered *ret)
{
    bool changed = false;
    int64_t id;
    int r;

    if (str_to_i64(str_from(request_param(q, "id")), &id) < 0 || id <= 0 || id > INT32_MAX)
        return refuse(ret, 404, "There is no token of this number.");
    r = IN_TRANSACTION(app_db(request_app(q)), revoke_token(q, id, &changed));
    if (r)
        return r;
    if (!changed)
        return refuse(ret, 409, "There is no token of this number that could be revoked.");
    *ret = (struct administered){.id = id};
    return 0;
}

/* --- The audit log --- */

static const char *given(const char *text)
{
    return cstr_empty(text) ? NULL : text;
}

struct audit_filter audit_filter_of(struct request *q)
{
    struct audit_filter f = {
        .actor = given(request_query(q, "actor")),
        .action = given(request_query(q, "action")),
        .subject = given(request_query(q, "subject")),
    };

    if (str_to_i64(str_from(request_query(q, "before")), &f.before) < 0 || f.before < 0)
        f.before = 0;
    return f;
}
