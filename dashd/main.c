/* SPDX-License-Identifier: Apache-2.0 */
/* corral-dashd: what people and their programs see. Reads PostgreSQL and the blob store, writes
 * nothing but sessions, the state of groups, requests about them, and the audit log. This file is
 * the table of contents: every address, who may use it, what serves it. */
#include "common/base/cleanup.h"
#include "common/daemon/daemon.h"
#include "dashd/access/access.h"
#include "dashd/accounts.h"
#include "dashd/api.h"
#include "dashd/api_admin.h"
#include "dashd/api_grouping.h"
#include "dashd/api_workflow.h"
#include "dashd/app.h"
#include "dashd/buildid.h"
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
    {"POST", "/theme", FORM_MAX, handle_theme, NULL, MAY_READ},

    {"GET", "/", 0, handle_overview, NULL, MAY_READ},
    {"GET", "/groups", 0, handle_groups, NULL, MAY_READ},
    {"GET", "/groups.atom", 0, handle_feed, NULL, PROGRAMS | FEED | MAY_READ},
    {"GET", "/groups/{id}", 0, handle_group, NULL, MAY_READ},
    {"POST", "/groups/act", FORM_MAX, handle_groups_act, NULL, MAY_TRIAGE},
    {"POST", "/groups/{id}/act", FORM_MAX, handle_group_act, NULL, MAY_TRIAGE},
    {"GET", "/groups/{id}/markdown", 0, handle_group_markdown, NULL, MAY_READ},
    {"GET", "/groups/{id}/compare/{other}", 0, handle_compare, NULL, MAY_READ},
    {"GET", "/groups/{id}/merge", 0, handle_merge_preview, NULL, MAY_TRIAGE},
    {"POST", "/groups/{id}/merge", FORM_MAX, handle_merge, NULL, MAY_TRIAGE},
    {"GET", "/groups/{id}/split", 0, handle_split_preview, NULL, MAY_TRIAGE},
    {"POST", "/groups/{id}/split", FORM_MAX, handle_split, NULL, MAY_TRIAGE},
    {"GET", "/groups/{id}/remove", 0, handle_remove_page, NULL, MAY_ALL},
    {"POST", "/groups/{id}/remove", FORM_MAX, handle_remove, NULL, MAY_ALL},
    {"POST", "/groups/{id}/one-bug", FORM_MAX, handle_one_bug, NULL, MAY_TRIAGE},
    {"POST", "/groups/{id}/undo", FORM_MAX, handle_undo, NULL, MAY_TRIAGE},
    {"POST", "/groups/{id}/reprocess", FORM_MAX, handle_reprocess, NULL, MAY_TRIAGE},
    {"POST", "/reprocess", FORM_MAX, handle_reprocess_query, NULL, MAY_TRIAGE},
    {"GET", "/grouping-requests/{id}", 0, handle_grouping_request, NULL, MAY_READ},
    {"GET", "/events", 0, handle_events, NULL, MAY_READ},
    {"GET", "/events/{id}", 0, handle_event, NULL, MAY_READ},
    {"GET", "/events/{id}/text", 0, handle_event_text, NULL, MAY_READ},
    {"GET", "/events/{id}/markdown", 0, handle_event_markdown, NULL, MAY_READ},
    {"GET", "/events/{id}/core", 0, handle_event_core, NULL, MAY_CORE},
    {"GET", "/symbols", 0, handle_symbols, NULL, MAY_READ},
    {"GET", "/symbols/{build_id}", 0, handle_symbol, NULL, MAY_READ},
    {"GET", "/releases", 0, handle_releases, NULL, MAY_READ},
    {"GET", "/hosts", 0, handle_hosts, NULL, MAY_READ},
    {"GET", "/hosts/{name}", 0, handle_host, NULL, MAY_READ},
    {"GET", "/system", 0, handle_system, NULL, MAY_READ},

    {"GET", "/admin", 0, handle_admin_users, NULL, MAY_ALL},
    {"POST", "/admin/users", FORM_MAX, handle_admin_user_add, NULL, MAY_ALL},
    {"POST", "/admin/users/{name}", FORM_MAX, handle_admin_user_change, NULL, MAY_ALL},
    {"GET", "/admin/tokens", 0, handle_admin_tokens, NULL, MAY_ALL},
    {"POST", "/admin/tokens", FORM_MAX, handle_admin_token_add, NULL, MAY_ALL},
    {"POST", "/admin/tokens/{id}/revoke", FORM_MAX, handle_admin_token_revoke, NULL, MAY_ALL},
    {"GET", "/admin/audit", 0, handle_admin_audit, NULL, MAY_ALL},
    {"GET", "/account", 0, handle_account, NULL, MAY_READ},
    {"POST", "/account", FORM_MAX, handle_account_password, NULL, MAY_READ},

    {"GET", "/api/v1/openapi.json", 0, api_openapi, NULL, ANYONE},
    {"GET", "/api/v1/groups", 0, api_groups, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/groups.atom", 0, handle_feed, NULL, PROGRAMS | FEED | MAY_READ},
    {"GET", "/api/v1/groups/{id}", 0, api_group, NULL, PROGRAMS | MAY_READ},
    {"POST", "/api/v1/groups/act", FORM_MAX, api_groups_act, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/resolve", FORM_MAX, api_group_act, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/reopen", FORM_MAX, api_group_act, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/mute", FORM_MAX, api_group_act, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/assign", FORM_MAX, api_group_act, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/label", FORM_MAX, api_group_act, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/unlabel", FORM_MAX, api_group_act, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/comment", FORM_MAX, api_group_act, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/link", FORM_MAX, api_group_act, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/unlink", FORM_MAX, api_group_act, NULL, PROGRAMS | MAY_TRIAGE},
    {"GET", "/api/v1/groups/{id}/markdown", 0, handle_group_markdown, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/groups/{id}/merge", 0, api_merge_preview, NULL, PROGRAMS | MAY_READ},
    {"POST", "/api/v1/groups/{id}/merge", FORM_MAX, api_merge, NULL, PROGRAMS | MAY_TRIAGE},
    {"GET", "/api/v1/groups/{id}/split", 0, api_split_preview, NULL, PROGRAMS | MAY_READ},
    {"POST", "/api/v1/groups/{id}/split", FORM_MAX, api_split, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/remove", FORM_MAX, api_remove, NULL, PROGRAMS | MAY_ALL},
    {"POST", "/api/v1/groups/{id}/one-bug", FORM_MAX, api_one_bug, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/undo", FORM_MAX, api_undo, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/groups/{id}/reprocess", FORM_MAX, api_reprocess, NULL, PROGRAMS | MAY_TRIAGE},
    {"POST", "/api/v1/reprocess", FORM_MAX, api_reprocess_query, NULL, PROGRAMS | MAY_TRIAGE},
    {"GET", "/api/v1/grouping-requests/{id}", 0, api_grouping_request, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/events", 0, api_events, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/events/{id}", 0, api_event, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/events/{id}/analysis", 0, api_event_analysis, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/events/{id}/text", 0, handle_event_text, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/events/{id}/markdown", 0, handle_event_markdown, NULL, PROGRAMS | MAY_READ},
    {"GET", "/api/v1/events/{id}/core", 0, handle_event_core, NULL, PROGRAMS | MAY_CORE},
    {"GET", "/api/v1/users", 0, api_users, NULL, PROGRAMS | MAY_ALL},
    {"POST", "/api/v1/users", FORM_MAX, api_user_add, NULL, PROGRAMS | MAY_ALL},
    {"POST", "/api/v1/users/{name}", FORM_MAX, api_user_change, NULL, PROGRAMS | MAY_ALL},
    {"GET", "/api/v1/tokens", 0, api_tokens, NULL, PROGRAMS | MAY_ALL},
    {"POST", "/api/v1/tokens", FORM_MAX, api_token_add, NULL, PROGRAMS | MAY_ALL},
    {"POST", "/api/v1/tokens/{id}/revoke", FORM_MAX, api_token_revoke, NULL, PROGRAMS | MAY_ALL},
    {"GET", "/api/v1/audit", 0, api_audit, NULL, PROGRAMS | MAY_ALL},
    {"GET", "/api/v1/symbols/missing", 0, api_symbols_missing, NULL, PROGRAMS | MAY_READ},
    {"GET", "/buildid/{id}/{kind}", 0, handle_buildid, NULL, PROGRAMS | MAY_SYMBOLS},
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
