/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/api_admin.h"

#include "common/report/jsontext.h"
#include "dashd/admin/admin.h"
#include "dashd/admin/queries.h"
#include "dashd/api_grouping.h"
#include "dashd/app.h"
#include "dashd/page.h"

/* --- Lists --- */

static void end_list(struct response *r)
{
    jsontext_end_array(response_body(r));
    jsontext_end_object(response_body(r));
    api_send(r);
}

static struct buf *begin_list(struct response *r, const char *name)
{
    struct buf *b = response_body(r);

    jsontext_object(b, NULL);
    jsontext_array(b, name);
    return b;
}

void api_users(struct request *q, struct response *r)
{
    struct account_list l;
    int outcome = query_accounts(app_db(request_app(q)), request_arena(q), &l);
    struct buf *b;

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    b = begin_list(r, "users");
    for (size_t i = 0; i < l.n; i++) {
        jsontext_object(b, NULL);
        jsontext_string(b, "name", l.rows[i].name);
        jsontext_string(b, "role", l.rows[i].role);
        api_add_time(b, "created_at", l.rows[i].created_at);
        api_add_time(b, "disabled_at", l.rows[i].disabled_at);
        api_add_time(b, "seen_at", l.rows[i].seen_at);
        jsontext_int(b, "session_count", (int64_t)l.rows[i].sessions);
        jsontext_end_object(b);
    }
    end_list(r);
}

void api_tokens(struct request *q, struct response *r)
{
    struct api_token_list l;
    int outcome = query_api_tokens(app_db(request_app(q)), request_arena(q), &l);
    struct buf *b;

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    b = begin_list(r, "tokens");
    for (size_t i = 0; i < l.n; i++) {
        jsontext_object(b, NULL);
        jsontext_int(b, "id", l.rows[i].id);
        jsontext_string(b, "name", l.rows[i].name);
        jsontext_string(b, "scope", l.rows[i].scope);
        jsontext_string(b, "made_by", l.rows[i].made_by);
        api_add_time(b, "created_at", l.rows[i].created_at);
        api_add_time(b, "expires_at", l.rows[i].expires_at);
        api_add_time(b, "revoked_at", l.rows[i].revoked_at);
        api_add_time(b, "last_used_at", l.rows[i].last_used_at);
        jsontext_end_object(b);
    }
    end_list(r);
}

void api_audit(struct request *q, struct response *r)
{
    struct audit_filter f = audit_filter_of(q);
    struct audit_list l;
    int outcome = query_audit_log(app_db(request_app(q)), request_arena(q), &f, &l);
    struct buf *b;

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    b = begin_list(r, "entries");
    for (size_t i = 0; i < l.n && i < AUDIT_PAGE; i++) {
        jsontext_object(b, NULL);
        jsontext_int(b, "id", l.rows[i].id);
        api_add_time(b, "at", l.rows[i].at);
        jsontext_string(b, "actor", l.rows[i].actor);
        jsontext_string(b, "action", l.rows[i].action);
        jsontext_string(b, "subject", l.rows[i].subject);
        jsontext_string(b, "remote", l.rows[i].remote);
        if (l.rows[i].detail) { /* jsonb: JSON as it is */
            buf_adds(b, ",\"detail\":");
            buf_adds(b, l.rows[i].detail);
        }
        jsontext_end_object(b);
    }
    end_list(r);
}

/* --- Changes --- */

static void administered(struct request *q, struct response *r, administer *wish,
                         const char *secret)
{
    struct administered done = {0};
    int outcome = wish(q, &done);
    struct buf *b = response_body(r);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    if (done.field) {
        response_problem_field(r, q, done.field, -1, done.problem);
        return;
    }
    if (done.status) {
        response_problem(r, q, done.status, "%s", done.problem);
        return;
    }
    jsontext_object(b, NULL);
    if (done.id)
        jsontext_int(b, "id", done.id);
    if (done.secret)
        jsontext_string(b, secret, done.secret);
    jsontext_end_object(b);
    api_send(r);
}

void api_user_add(struct request *q, struct response *r)
{
    administered(q, r, admin_add_user, "password");
}

void api_user_change(struct request *q, struct response *r)
{
    administered(q, r, admin_change_user, "password");
}

void api_token_add(struct request *q, struct response *r)
{
    administered(q, r, admin_add_token, "token");
}

void api_token_revoke(struct request *q, struct response *r)
{
    administered(q, r, admin_revoke_token, NULL);
}
