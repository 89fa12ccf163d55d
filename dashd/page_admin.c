/* SPDX-License-Identifier: Apache-2.0 */
/* Users, tokens and the audit log, for administrators; and the own password, for everybody. */
#include "dashd/page.h"

#include <inttypes.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "dashd/admin/admin.h"
#include "dashd/admin/queries.h"
#include "dashd/app.h"
#include "dashd/templates/templates.h"

/* --- Lists --- */

static void begin(struct page *p, struct request *q, const char *title, const char *api)
{
    page_init(p, q, title);
    p->section = SECTION_ADMIN;
    p->api = api;
}

void handle_admin_users(struct request *q, struct response *r)
{
    struct users_view v;
    struct page p;
    int outcome = query_accounts(app_db(request_app(q)), request_arena(q), &v.users);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    begin(&p, q, "Users", "/api/v1/users");
    template_admin_users(response_body(r), &p, &v);
    page_send(r);
}

void handle_admin_tokens(struct request *q, struct response *r)
{
    struct tokens_view v;
    struct page p;
    int outcome = query_api_tokens(app_db(request_app(q)), request_arena(q), &v.tokens);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    begin(&p, q, "Tokens", "/api/v1/tokens");
    template_admin_tokens(response_body(r), &p, &v);
    page_send(r);
}

static void add_filter(struct buf *b, const char *name, const char *value)
{
    if (cstr_empty(value))
        return;
    buf_printf(b, "%s%s=", b->len ? "&" : "?", name);
    html_percent(b, value);
}

static const char *audit_address(const struct audit_filter *f, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(4096);

    add_filter(&b, "actor", f->actor);
    add_filter(&b, "action", f->action);
    add_filter(&b, "subject", f->subject);
    if (f->before)
        add_filter(&b, "before", arena_printf(a, "%" PRId64, f->before));
    return buf_error(&b) < 0 ? "" : arena_strdup(a, buf_text(&b));
}

void handle_admin_audit(struct request *q, struct response *r)
{
    struct audit_view v = {.filter = audit_filter_of(q)};
    struct page p;
    int outcome = query_audit_log(app_db(request_app(q)), request_arena(q), &v.filter, &v.rows);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    begin(&p, q, "Audit log",
          arena_printf(request_arena(q), "/api/v1/audit%s",
                       audit_address(&v.filter, request_arena(q))));
    if (v.rows.n > AUDIT_PAGE) {
        struct audit_filter older = v.filter;

        v.rows.n = AUDIT_PAGE;
        older.before = v.rows.rows[AUDIT_PAGE - 1].id;
        v.older = page_url(&p, "/admin/audit%s", audit_address(&older, p.arena));
    }
    template_audit(response_body(r), &p, &v);
    page_send(r);
}

/* --- Changes --- */

/* The answer to a form: the secret that it made, or the list again. */
static void administered(struct request *q, struct response *r, administer *wish,
                         const struct secret_view *shown, const char *title, const char *back)
{
    struct secret_view v = *shown;
    struct administered done = {0};
    struct page p;
    int outcome;

    if (access_check_form(q, r))
        return;
    outcome = wish(q, &done);
    if (outcome) {
        page_database_failure(q, r, outcome);
    } else if (done.status) {
        page_problem(q, r, done.status, done.problem);
    } else if (!done.secret) {
        response_redirect(r, q, back);
    } else {
        begin(&p, q, title, NULL);
        v.secret = done.secret;
        v.back = page_url(&p, "%s", back);
        template_secret(response_body(r), &p, &v);
        page_send(r);
    }
}

void handle_admin_user_add(struct request *q, struct response *r)
{
    static const struct secret_view v = {.words = "This password lets the new user in."};

    administered(q, r, admin_add_user, &v, "User added", "/admin");
}

void handle_admin_user_change(struct request *q, struct response *r)
{
    static const struct secret_view v = {
        .words = "This is the new password; all sessions of this user have ended."};

    administered(q, r, admin_change_user, &v, "New password", "/admin");
}

void handle_admin_token_add(struct request *q, struct response *r)
{
    static const struct secret_view v = {
        .words = "This token lets a program in.",
        .example = "Put it into a file that only the program can read; on a host that sends "
                   "crashes that is the token_file of client.conf."};

    administered(q, r, admin_add_token, &v, "Token added", "/admin/tokens");
}

void handle_admin_token_revoke(struct request *q, struct response *r)
{
    static const struct secret_view v = {0};

    administered(q, r, admin_revoke_token, &v, "Token revoked", "/admin/tokens");
}

/* --- The own account --- */

void handle_account(struct request *q, struct response *r)
{
    struct page p;

    page_init(&p, q, "Your account");
    template_account(response_body(r), &p);
    page_send(r);
}

void handle_account_password(struct request *q, struct response *r)
{
    static const struct secret_view v = {0};

    administered(q, r, admin_own_password, &v, "Your account", "/login");
}
