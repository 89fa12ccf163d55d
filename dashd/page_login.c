/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in and out. The answer to a wrong name, a wrong password and a disabled account is the
 * same, after the same work; and the number of tries is limited before any work is done. */
#include "dashd/page.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "dashd/access/password.h"
#include "dashd/access/session.h"
#include "dashd/app.h"
#include "dashd/access/queries.h"
#include "dashd/templates/templates.h"

#define WINDOW              (15 * 60 * USEC_PER_SEC)
#define FAILURES_OF_ACCOUNT 5  /* of one account from one address, in a window */
#define FAILURES_OF_ADDRESS 50 /* of all accounts from one address */
#define NAME_MAX_BYTES      100

static void show(struct request *q, struct response *r, const struct login_view *v)
{
    struct page p;

    page_init(&p, q, "Sign in");
    template_login(response_body(r), &p, v);
    page_send(r);
}

void handle_login_page(struct request *q, struct response *r)
{
    struct login_view v = {.name = "", .next = access_safe_path(request_query(q, "next"))};

    show(q, r, &v);
}

/* 0, or the microseconds to wait. */
static int64_t take_attempt(struct app *app, const char *account_key, const char *remote)
{
    int64_t now = clock_mono();
    int64_t wait = attempts_take(app->attempts, remote, FAILURES_OF_ADDRESS, WINDOW, now);

    return wait ? wait
                : attempts_take(app->attempts, account_key, FAILURES_OF_ACCOUNT, WINDOW, now);
}

static void refuse(struct request *q, struct response *r, struct login_view *v, unsigned status,
                   int64_t wait_usec, const char *error)
{
    int64_t seconds = wait_usec / USEC_PER_SEC + 1;

    response_status(r, status);
    if (status != 401)
        response_header(r, "Retry-After",
                        arena_printf(request_arena(q), "%lld", (long long)seconds));
    v->error = error;
    show(q, r, v);
}

static void refuse_for_now(struct request *q, struct response *r, struct login_view *v,
                           int64_t wait)
{
    struct app *app = request_app(q);

    metrics_add(app->metrics, METRIC_LOGIN_LIMITED, 1);
    refuse(q, r, v, 429, wait,
           arena_printf(
               request_arena(q),
               "Too many tries for this account from your address. Try again in %lld minutes.",
               (long long)(wait / (60 * USEC_PER_SEC) + 1)));
}

static void admit(struct request *q, struct response *r, const struct user_row *user,
                  const char *account_key, const struct login_view *v)
{
    struct app *app = request_app(q);
    int outcome = session_begin(q, r, user);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    attempts_forgive(app->attempts, account_key);
    attempts_forgive(app->attempts, request_remote(q));
    metrics_add(app->metrics, METRIC_LOGIN_OK, 1);
    response_redirect(r, q, v->next);
}

static void check(struct request *q, struct response *r, const char *password, struct login_view *v,
                  const char *account_key)
{
    struct app *app = request_app(q);
    struct user_row user;
    int outcome = query_user(app_db(app), request_arena(q), v->name, &user);

    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    switch (password_check(user.password_hash, password)) {
    case 0:
        admit(q, r, &user, account_key, v);
        return;
    case PASSWORD_BUSY:
        refuse(q, r, v, 503, USEC_PER_SEC,
               "Many people are signing in right now. Try again in a moment.");
        return;
    default:
        metrics_add(app->metrics, METRIC_LOGIN_WRONG, 1);
        log_warning("sign-in refused", LOG_STR("remote", request_remote(q)),
                    LOG_STR("request_id", request_id(q)));
        refuse(q, r, v, 401, 0, "That name and password do not belong together.");
    }
}

void handle_login(struct request *q, struct response *r)
{
    const char *name = request_form(q, "name"), *password = request_form(q, "password"), *key;
    struct login_view v = {.name = name ? name : "",
                           .next = access_safe_path(request_form(q, "next"))};
    int64_t wait;

    if (access_check_form(q, r))
        return;
    if (strlen(v.name) > NAME_MAX_BYTES)
        v.name = "";
    key = arena_printf(request_arena(q), "%s %s", request_remote(q), v.name);
    wait = take_attempt(request_app(q), key, request_remote(q));
    if (wait)
        refuse_for_now(q, r, &v, wait);
    else
        check(q, r, password ? password : "", &v, key);
}

void handle_logout(struct request *q, struct response *r)
{
    int outcome;

    if (access_check_form(q, r))
        return;
    outcome = session_end(q, r);
    if (outcome)
        page_database_failure(q, r, outcome);
    else
        response_redirect(r, q, "/login");
}
