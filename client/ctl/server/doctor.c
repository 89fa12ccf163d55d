/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl doctor`: what has to be right for crashes to arrive here and to be looked at from
 * here, each with what to do about it. Changes nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/ctl/checks.h"
#include "client/ctl/hook.h"
#include "client/ctl/output/table.h"
#include "client/ctl/server/ask.h"

struct doctor {
    const struct access *access;
    json_t *rows;
    bool failed;
};

enum finding { FINE, WARNING, FAILURE };

static const struct column columns[] = {
    {"STATE", "state", COLUMN_STATUS},
    {"CHECK", "check", COLUMN_STATUS},
    {"FOUND", "found", COLUMN_STATUS},
    {"WHAT TO DO", "remedy", COLUMN_STATUS},
};

static void tell(struct doctor *d, enum finding f, const char *check, const char *found,
                 const char *remedy)
{
    static const char *const words[] = {[FINE] = "ok", [WARNING] = "warning", [FAILURE] = "FAIL"};

    json_array_append_new(d->rows,
                          json_pack("{s:s, s:s, s:s, s:s*}", "state", words[f], "check", check,
                                    "found", found, "remedy", f == FINE ? NULL : remedy));
    d->failed |= f == FAILURE;
}

/* --- Servers --- */

static bool server(struct doctor *d, const char *name, const char *url)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    struct access nobody = *d->access;
    _cleanup_connection_ struct connection *c = NULL;
    int r;

    nobody.dash_url = url;
    nobody.token = "";
    c = access_dash(&nobody);
    r = connection_get(c, "/readyz", &reply);
    if (r != 0)
        tell(d, FAILURE, name, reply.error,
             "check --server, --ingest or ctl.conf, and that the service runs: corralctl status");
    else if (reply.status != 200)
        tell(d, WARNING, name, "it is not ready",
             "corralctl status tells which part is away; crashes are kept meanwhile");
    else
        tell(d, FINE, name, url, NULL);
    return r == 0;
}

static void token(struct doctor *d)
{
    static const struct {
        const char *path, *what;
    } rights[] = {
        {"/api/v1/groups?limit=1", "may read"},
        {"/buildid/00/executable", "may fetch programs"},
    };
    _cleanup_connection_ struct connection *c = access_dash(d->access);

    for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
        _cleanup_reply_ struct reply reply = REPLY_INIT;
        int r = connection_get(c, rights[i].path, &reply);

        if (r != 0)
            tell(d, FAILURE, "token", reply.error, "name a readable file with --token-file");
        else if (reply.status == 401)
            tell(d, FAILURE, "token", "it is not accepted",
                 "corral-dashd --add-token read NAME makes one");
        else if (reply.status == 403)
            tell(d, WARNING, "token", i == 0 ? "it may not read" : "it may not fetch programs",
                 "a token of scope write may do what this program does");
        else
            tell(d, FINE, "token", rights[i].what, NULL);
        if (r != 0 || reply.status == 401)
            return;
    }
}

static void missing(struct doctor *d)
{
    _cleanup_connection_ struct connection *c = access_dash(d->access);
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    _cleanup_json_ json_t *answer = NULL;

    if (connection_get(c, "/api/v1/symbols/missing?limit=1", &reply) != 0 || reply.status != 200)
        return;
    answer = jsontree_object((struct str){buf_text(&reply.body), reply.body.len}, 1000, NULL);
    if (json_array_size(json_object_get(answer, "modules")) > 0)
        tell(d, WARNING, "symbols", "stacks lack modules or their debug information",
             "corralctl symbols missing lists them, corralctl symbols upload sends them");
    else
        tell(d, FINE, "symbols", "nothing is missing", NULL);
}

/* --- This host --- */

static void capture(struct doctor *d)
{
    struct hook hook;
    int r = hook_read(&hook);

    if (r < 0)
        tell(d, WARNING, "core_pattern", strerror(-r), "is /proc mounted?");
    else if (hook.ours)
        tell(d, FINE, "core_pattern", "crashes of this host go to Corral", NULL);
    else
        tell(d, WARNING, "core_pattern", hook_owner_name(hook.owner),
             "to send this host's crashes: corralctl client setup");
}

static void debugger(struct doctor *d)
{
    const char *path = getenv("PATH");
    struct str rest = str_from(path), folder;

    while (rest.p && str_split(&rest, ':', &folder)) {
        char program[PATH_MAX];

        snprintf(program, sizeof(program), "%.*s/gdb", (int)folder.n, folder.p);
        if (access(program, X_OK) == 0) {
            tell(d, FINE, "gdb", program, NULL);
            return;
        }
    }
    tell(d, WARNING, "gdb", "it is not installed",
         "corralctl debug needs gdb, or lldb with --lldb");
}

static int run_doctor(struct access *access, const struct arguments *args)
{
    _cleanup_json_ json_t *rows = json_array();
    struct doctor d = {.access = access, .rows = rows};

    (void)args;
    if (server(&d, "dashd", access->dash_url)) {
        token(&d);
        missing(&d);
    }
    (void)server(&d, "ingestd", access->ingest_url);
    capture(&d);
    debugger(&d);
    table_print(&access->output, columns, ARRAY_SIZE(columns), rows);
    return d.failed ? CTL_CHECK_FAILED : CTL_OK;
}

const struct verb verb_doctor = {
    .word = "doctor",
    .arguments = "",
    .help = "check this host and the servers, and say what to do; 8 when something fails",
    .run = run_doctor,
};
