/* SPDX-License-Identifier: Apache-2.0 */
/* What every page has: its frame (title, navigation, who is signed in), its headers, its way to
 * fail. A handler calls page_init, gathers a view, calls its template on response_body(r), and
 * page_send. */
#ifndef CORRAL_DASHD_PAGE_H
#define CORRAL_DASHD_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/request.h"
#include "common/http/response.h"
#include "dashd/access/access.h"
#include "dashd/view/html.h"

enum page_section {
    SECTION_NONE,
    SECTION_OVERVIEW,
    SECTION_GROUPS,
    SECTION_EVENTS,
    SECTION_SYMBOLS,
    SECTION_RELEASES,
    SECTION_HOSTS,
    SECTION_SYSTEM,
    SECTION_ADMIN,
};

/* The navigation, in its order. */
struct page_section_link {
    enum page_section section;
    const char *label, *path;
    unsigned rights; /* that let one see it */
};
extern const struct page_section_link page_sections[];
extern const size_t page_sections_n;

/* Colours that a person may choose; a cookie remembers. */
struct page_theme {
    const char *name;  /* in the cookie and the form */
    const char *class; /* of the document; "": as the browser likes it */
    const char *label;
};
extern const struct page_theme page_themes[];
extern const size_t page_themes_n;
/* The class that the request's cookie stands for. */
const char *page_theme_class(struct request *q);

struct page {
    struct arena *arena;
    const char *title; /* of the document; hostile */
    enum page_section section;
    struct url base; /* put before every path */
    struct url style, icon;
    struct markup script;       /* the one element; templates can have none of their own */
    const char *public_url;     /* with the base path; for commands that people copy */
    const struct identity *who; /* with a masked token for forms; NULL: not signed in */
    const char *theme;          /* class of the document: "", "light", "dark" */
    const char *here;           /* where a form that changes nothing but the looks comes back to */
    const char *search;         /* what stands in the search field */
    const char *refresh;        /* seconds until the page loads itself again; NULL: never */
    const char *api;            /* path of the same rows as JSON, without the base; NULL: none */
    const char *feed;           /* path of the news as a feed, without the base; NULL: none */
    const char *request_id;
    int64_t now;
    bool may_triage, may_core, may_all;
};

void page_init(struct page *p, struct request *q, const char *title);
/* Type and security headers of a page whose body has been written. */
void page_send(struct response *r);

/* Type and headers of a text that is no page, "text/plain". */
void page_send_text(struct response *r, const char *type);

/* A page, or problem+json below /api/. detail is ours, not hostile. */
void page_problem(struct request *q, struct response *r, unsigned status, const char *detail);
/* For http_options.error_page. */
void page_error(struct request *q, struct response *r, unsigned status, const char *detail);
/* 503 for an outcome of db.h that waiting may heal, else 500; logs the server's message. */
void page_database_failure(struct request *q, struct response *r, int outcome);
/* 404 with what may be the reason. */
void page_no_group(struct request *q, struct response *r);
void page_no_event(struct request *q, struct response *r);

struct instant page_instant(const struct page *p, int64_t at);
/* "?a=b" and "/path" behind the base path. */
struct url page_url(const struct page *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Handlers. */
void handle_login_page(struct request *q, struct response *r);
void handle_login(struct request *q, struct response *r);
void handle_logout(struct request *q, struct response *r);
void handle_theme(struct request *q, struct response *r);
void handle_overview(struct request *q, struct response *r);
void handle_groups(struct request *q, struct response *r);
void handle_group(struct request *q, struct response *r);
void handle_group_act(struct request *q, struct response *r);
void handle_groups_act(struct request *q, struct response *r);
void handle_group_markdown(struct request *q, struct response *r);
void handle_compare(struct request *q, struct response *r);
void handle_merge_preview(struct request *q, struct response *r);
void handle_merge(struct request *q, struct response *r);
void handle_split_preview(struct request *q, struct response *r);
void handle_split(struct request *q, struct response *r);
void handle_remove_page(struct request *q, struct response *r);
void handle_remove(struct request *q, struct response *r);
void handle_one_bug(struct request *q, struct response *r);
void handle_undo(struct request *q, struct response *r);
void handle_reprocess(struct request *q, struct response *r);
void handle_reprocess_query(struct request *q, struct response *r);
void handle_grouping_request(struct request *q, struct response *r);
void handle_admin_users(struct request *q, struct response *r);
void handle_admin_user_add(struct request *q, struct response *r);
void handle_admin_user_change(struct request *q, struct response *r);
void handle_admin_tokens(struct request *q, struct response *r);
void handle_admin_token_add(struct request *q, struct response *r);
void handle_admin_token_revoke(struct request *q, struct response *r);
void handle_admin_audit(struct request *q, struct response *r);
void handle_account(struct request *q, struct response *r);
void handle_account_password(struct request *q, struct response *r);
void handle_events(struct request *q, struct response *r);
void handle_event(struct request *q, struct response *r);
void handle_event_text(struct request *q, struct response *r);
void handle_event_markdown(struct request *q, struct response *r);
void handle_event_core(struct request *q, struct response *r);
void handle_symbols(struct request *q, struct response *r);
void handle_symbol(struct request *q, struct response *r);
void handle_releases(struct request *q, struct response *r);
void handle_hosts(struct request *q, struct response *r);
void handle_host(struct request *q, struct response *r);
void handle_system(struct request *q, struct response *r);
void handle_static(struct request *q, struct response *r);

#endif
