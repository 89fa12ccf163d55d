/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/page.h"

#include <stdarg.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/store/db.h"
#include "dashd/access/mask.h"
#include "dashd/app.h"
#include "dashd/assets.h"
#include "dashd/templates/templates.h"

#define SCRIPT_ELEMENT_MAX 1024

const struct page_section_link page_sections[] = {
    {SECTION_OVERVIEW, "Overview", "/", MAY_READ},
    {SECTION_GROUPS, "Groups", "/groups", MAY_READ},
    {SECTION_EVENTS, "Events", "/events", MAY_READ},
    {SECTION_SYMBOLS, "Symbols", "/symbols", MAY_READ},
    {SECTION_RELEASES, "Releases", "/releases", MAY_READ},
    {SECTION_HOSTS, "Hosts", "/hosts", MAY_READ},
    {SECTION_SYSTEM, "System", "/system", MAY_READ},
    {SECTION_ADMIN, "Admin", "/admin", MAY_ALL},
};
const size_t page_sections_n = ARRAY_SIZE(page_sections);

/* Whoever is signed in, with the token as this one page may show it. */
static const struct identity *masked(struct request *q)
{
    const struct identity *who = access_identity(q);
    struct identity *shown;

    if (!who || !who->csrf)
        return who;
    shown = arena_new(request_arena(q), struct identity);
    *shown = *who;
    shown->csrf = mask_token(request_arena(q), who->csrf);
    return shown;
}

/* Only an address that was read can be read again. */
static const char *address_of(struct request *q)
{
    return strcmp(request_method(q), "GET") == 0 ? request_target(q) : "/";
}

static struct markup script_element(const struct page *p)
{
    _cleanup_buf_ struct buf b = BUF_INIT(SCRIPT_ELEMENT_MAX);

    buf_adds(&b, "<script src=\"");
    html_put_url(&b, page_url(p, "%s", asset_path(p->arena, "corral.js")));
    buf_adds(&b, "\" defer></script>");
    return (struct markup){buf_error(&b) < 0 ? "" : arena_strdup(p->arena, buf_text(&b))};
}

void page_init(struct page *p, struct request *q, const char *title)
{
    const struct app *app = request_app(q);

    *p = (struct page){
        .arena = request_arena(q),
        .title = title,
        .base = {request_base_path(q)},
        .public_url = app->conf->public_url,
        .who = masked(q),
        .theme = page_theme_class(q),
        .here = address_of(q),
        .search = "",
        .request_id = request_id(q),
        .now = clock_now(),
        .may_triage = access_has(q, MAY_TRIAGE),
        .may_core = access_has(q, MAY_CORE),
        .may_all = access_has(q, MAY_ALL),
    };
    p->style = page_url(p, "%s", asset_path(p->arena, "corral.css"));
    p->icon = page_url(p, "%s", asset_path(p->arena, "icon.svg"));
    p->script = script_element(p);
}

struct instant page_instant(const struct page *p, int64_t at)
{
    return (struct instant){at, p->now};
}

struct url page_url(const struct page *p, const char *format, ...)
{
    va_list ap;
    char *path;

    va_start(ap, format);
    path = arena_vprintf(p->arena, format, ap);
    va_end(ap);
    return (struct url){arena_printf(p->arena, "%s%s", p->base.text, path)};
}

/* Pages hold crash data: nothing of them is kept by caches, runs scripts but our own file, loads
 * from elsewhere or is framed. Whatever else this address serves is no script: it has another type,
 * and nosniff. */
void page_send(struct response *r)
{
    response_type(r, "text/html; charset=utf-8");
    response_header(r, "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                    "form-action 'self'; "
                    "frame-ancestors 'none'; base-uri 'none'");
    response_header(r, "Cache-Control", "no-store");
    response_header(r, "Referrer-Policy", "same-origin");
    response_header(r, "X-Frame-Options", "DENY");
    response_header(r, "Cross-Origin-Opener-Policy", "same-origin");
    response_header(r, "Cross-Origin-Resource-Policy", "same-origin");
}

void page_send_text(struct response *r, const char *type)
{
    response_type(r, type);
    response_header(r, "Cache-Control", "no-store");
}

void page_problem(struct request *q, struct response *r, unsigned status, const char *detail)
{
    struct problem_view v = {.status = status, .title = http_status_text(status), .detail = detail};
    struct page p;

    if (cstr_starts(request_path(q), "/api/") || cstr_starts(request_path(q), "/buildid/")) {
        response_problem(r, q, status, "%s", detail);
        response_header(r, "Cache-Control", "no-store");
        return;
    }
    page_init(&p, q, v.title);
    response_status(r, status);
    buf_clear(response_body(r));
    template_problem(response_body(r), &p, &v);
    page_send(r);
}

void page_error(struct request *q, struct response *r, unsigned status, const char *detail)
{
    if (status == 404)
        detail = "There is no page at this address. Crashes have addresses like /events/0199…, "
                 "groups like /groups/G-142; the search field finds both.";
    page_problem(q, r, status, detail);
}

void page_database_failure(struct request *q, struct response *r, int outcome)
{
    struct app *app = request_app(q);

    metrics_add(app->metrics, METRIC_DATABASE_FAILURES, 1);
    log_error("database", LOG_STR("request_id", request_id(q)), LOG_INT("outcome", outcome),
              LOG_STR("detail", db_message(app_db(app))));
    if (outcome == DB_UNAVAILABLE || outcome == DB_RETRY) {
        page_problem(q, r, 503,
                     "The database does not answer right now. Crashes are still taken in and will "
                     "show up here: "
                     "nothing is lost. Try again in a few seconds.");
        response_header(r, "Retry-After", "5");
        return;
    }
    page_problem(q, r, 500,
                 "The database refused a query; the log of corral-dashd has the reason under this "
                 "request's id.");
}

void page_no_group(struct request *q, struct response *r)
{
    page_problem(q, r, 404,
                 "There is no group with this number: it was never given, or the group is gone "
                 "together with its last event. The list of groups has those that are there.");
}

void page_no_event(struct request *q, struct response *r)
{
    page_problem(q, r, 404,
                 "No crash with this id is here. Either it has not arrived yet (its host may be "
                 "offline: `corralctl client status` there shows what still waits), or it was "
                 "deleted when its time of retention was over, or the id is wrong.");
}
