/* SPDX-License-Identifier: Apache-2.0 */
/* corral-dashd: what people and their programs see. Reads PostgreSQL and the blob store, writes
 * nothing but sessions, the state of groups, requests about them, and the audit log. This file is
 * the table of contents: every address, who may use it, what serves it. */
#include "common/base/cleanup.h"
#include "common/daemon/daemon.h"
#include "dashd/access/access.h"
#include "dashd/accounts.h"
#include "dashd/api.h"
#include "dashd/api_grouping.h"
#include "dashd/app.h"
#include "dashd/page.h"

#define FORM_MAX (16u * 1024)

static const struct route routes[] = {
    {"GET", "/healthz", 0, handle_healthz, NULL, ANYONE},
    {"GET", "/readyz", 0, handle_readyz, NULL, ANYONE},
    {"GET", "/metrics", 0, handle_metrics, NULL, ANYONE},
    {"GET", "/static/{digest}/{name}", 0, handle_static, NULL, ANYONE},
    {"GET", "/login", 0, handle_login_page, NULL, ANYONE},
    {"POST", "/login", FORM_MAX, handle_login, NULL, ANYONE},
    {"POST", "/logout", FORM_MAX, handle_logout, NULL, MAY_READ},

    {"GET", "/", 0, handle_overview, NULL, MAY_READ},
    {"GET", "/groups", 0, handle_groups, NULL, MAY_READ},
    {"GET", "/groups/{id}", 0, handle_group, NULL, MAY_READ},
    {"POST", "/groups/{id}/resolve", FORM_MAX, handle_group_resolve, NULL, MAY_TRIAGE},
    {"POST", "/groups/{id}/reopen", FORM_MAX, handle_group_reopen, NULL, MAY_TRIAGE},
    {"GET", "/groups/{id}/compare/{other}", 0, handle_compare, NULL, MAY_READ},
    {"GET", "/groups/{id}/merge", 0, handle_merge_preview, NULL, MAY_TRIAGE},
    {"POST", "/groups/{id}/merge", FORM_MAX, handle_merge, NULL, MAY_TRIAGE},
    {"GET", "/groups/{id}/split", 0, handle_split_preview, NULL, MAY_TRIAGE},
    {"POST", "/groups/{id}/split", FORM_MAX, handle_split, NULL, MAY_TRIAGE},
    {"POST", "/groups/{id}/undo", FORM_MAX, handle_undo, NULL, MAY_TRIAGE},
    {"POST", "/groups/{id}/reprocess", FORM_MAX, handle_reprocess, NULL, MAY_TRIAGE},
    {"GET", "/grouping-requests/{id}", 0, handle_grouping_request, NULL, MAY_READ},
    {"GET", "/events/{id}", 0, handle_event, NULL, MAY_READ},
    {"GET", "/events/{id}/text", 0, handle_event_text, NULL, MAY_READ},
    {"GET", "/events/{id}/core", 0, handle_event_core, NULL, MAY_CORE},

    {"GET", "/api/v1/groups", 0, api_groups, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/groups/{id}", 0, api_group, NULL, PROGRAMS | MAY_READ},
    {"POST", "/api/v1/groups/{id}/resolve", FORM_MAX, api_group_resolve, NULL,
     PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/reopen", FORM_MAX, api_group_reopen, NULL, PROGRAMS | MAY_TRIAGE},
    {"GET", "/api/v1/groups/{id}/merge", 0, api_merge_preview, NULL, PROGRAMS | MAY_READ},
    {"POST", "/api/v1/groups/{id}/merge", FORM_MAX, api_merge, NULL, PROGRAMS | MAY_TRIAGE},
    {"GET", "/api/v1/groups/{id}/split", 0, api_split_preview, NULL, PROGRAMS | MAY_READ},
    {"POST", "/api/v1/groups/{id}/split", FORM_MAX, api_split, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/undo", FORM_MAX, api_undo, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/reprocess", FORM_MAX, api_reprocess, NULL, PROGRAMS | MAY_TRIAGE},
    {"GET", "/api/v1/grouping-requests/{id}", 0, api_grouping_request, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/events/{id}", 0, api_event, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/events/{id}/analysis", 0, api_event_analysis, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/events/{id}/core", 0, handle_event_core, NULL, PROGRAMS | MAY_CORE},
};

static const struct daemon_mode modes[] = {
    {"--add-user",
     "NAME [--role viewer|triager|developer|admin] [--password-file FILE] [--replace]",
     "let a person in; prints a new password unless a file holds one", accounts_add_user, true},
    {"--add-token", "ingest|symbols|read|write|admin NAME",
     "let a program in; prints the token, this once", accounts_add_token, true},
};

static struct dashd_conf conf;
static struct app app;

static int start(void)
{
    return app_start(&app, &conf, routes, ARRAY_SIZE(routes));
}

static void stop(void)
{
    app_stop(&app);
}

int main(int argc, char **argv)
{
    const struct daemon d = {
        .name = "corral-dashd",
        .summary = "Shows crashes and their groups in a browser and as JSON.",
        .default_conf = "/etc/corral/dashd.conf",
        .keys = dashd_keys,
        .n_keys = dashd_keys_n,
        .conf = &conf,
        .modes = modes,
        .n_modes = ARRAY_SIZE(modes),
        .check = dashd_conf_check,
        .start = start,
        .stop = stop,
    };

    return daemon_main(&d, argc, argv);
}
