/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl groups` and `corralctl events`: lists by the query language of the dashboard, which
 * reads the query; corralctl hands it through. */
#include <stdio.h>
#include <string.h>

#include "client/ctl/output/table.h"
#include "client/ctl/server/ask.h"
#include "client/ctl/server/lists.h"
#include "client/ctl/server/reference.h"

#define LIMIT     50
#define LIMIT_MAX 100000
#define QUERY_MAX 8192

static const struct column group_columns[] = {
    {"GROUP", "id", COLUMN_STATUS},          {"STATUS", "status", COLUMN_STATUS},
    {"24H", "recent_events", COLUMN_NUMBER}, {"EVENTS", "event_count", COLUMN_NUMBER},
    {"HOSTS", "host_count", COLUMN_NUMBER},  {"LAST SEEN", "last_seen", COLUMN_TIME},
    {"TITLE", "title", COLUMN_NAME},
};

const struct column event_columns[] = {
    {"CRASHED", "crashed_at", COLUMN_TIME},
    {"EVENT", "id", COLUMN_STATUS},
    {"GROUP", "group", COLUMN_STATUS},
    {"SIGNAL", "signal", COLUMN_STATUS},
    {"HOST", "host", COLUMN_TEXT},
    {"VERSION", "version", COLUMN_TEXT},
    {"EXECUTABLE", "executable", COLUMN_NAME},
};
const size_t n_event_columns = ARRAY_SIZE(event_columns);

/* All words of a query as one, which is how a shell's quotes are forgotten. */
static void join(struct buf *b, const struct arguments *args)
{
    for (int i = 0; i < args->n_words; i++) {
        if (i > 0)
            buf_addc(b, ' ');
        buf_adds(b, args->words[i]);
    }
}

static int show(const struct access *a, const struct column *columns, size_t n, const json_t *rows)
{
    if (json_array_size(rows) > 0)
        output_page(&a->output);
    if (json_array_size(rows) > 0 || a->output.format != OUTPUT_TEXT)
        table_print(&a->output, columns, n, rows);
    return json_array_size(rows) > 0 ? CTL_OK : ctl_complain(CTL_NOT_FOUND, "nothing matches");
}

/* --- groups --- */

enum { GROUPS_SORT, GROUPS_LIMIT, GROUPS_STATUS };

static int run_groups(struct access *access, const struct arguments *args)
{
    _cleanup_connection_ struct connection *c = access_dash(access);
    _cleanup_buf_ struct buf path = BUF_INIT(QUERY_MAX), query = BUF_INIT(QUERY_MAX);
    long limit = arguments_number("--limit", args->option[GROUPS_LIMIT], LIMIT, LIMIT_MAX);
    _cleanup_json_ json_t *rows = NULL;
    int status;

    if (limit < 0)
        return CTL_USAGE;
    join(&query, args);
    buf_adds(&path, "/api/v1/groups");
    ask_add(&path, "q", query.len > 0 ? buf_text(&query) : NULL);
    ask_add(&path, "status", args->option[GROUPS_STATUS]);
    ask_add(&path, "sort", args->option[GROUPS_SORT]);
    status = ask_list(access, c, buf_text(&path), "groups", limit, &rows);
    return status == CTL_OK ? show(access, group_columns, ARRAY_SIZE(group_columns), rows) : status;
}

const struct verb verb_groups = {
    .word = "groups",
    .arguments = "[QUERY]",
    .help = "list groups of crashes",
    .run = run_groups,
    .most = -1,
    .options =
        {
            [GROUPS_SORT] = {"--sort", "KEY",
                             "last_seen, first_seen, events, hosts; -KEY: largest first"},
            [GROUPS_LIMIT] = {"--limit", "N", "at most so many (default 50)"},
            [GROUPS_STATUS] = {"--status", "STATUS",
                               "open (default), all, new, ongoing, escalating, ..."},
        },
};

/* --- events --- */

enum { EVENTS_LIMIT };

/* The last ones, which the group itself tells. */
static int events_of_group(const struct access *a, struct connection *c, const char *id, long limit,
                           json_t **ret)
{
    _cleanup_json_ json_t *group = NULL;
    char path[64];
    json_t *rows;
    int status;

    snprintf(path, sizeof(path), "/api/v1/groups/%s", id);
    status = ask_get(a, c, path, &group);
    if (status != CTL_OK)
        return status;
    rows = json_object_get(group, "events");
    while ((long)json_array_size(rows) > limit)
        json_array_remove(rows, json_array_size(rows) - 1);
    *ret = json_incref(rows);
    return CTL_OK;
}

static int run_events(struct access *access, const struct arguments *args)
{
    _cleanup_connection_ struct connection *c = access_dash(access);
    _cleanup_buf_ struct buf path = BUF_INIT(QUERY_MAX), query = BUF_INIT(QUERY_MAX);
    long limit = arguments_number("--limit", args->option[EVENTS_LIMIT], LIMIT, LIMIT_MAX);
    struct reference ref = {.kind = REFERENCE_NONE};
    _cleanup_json_ json_t *rows = NULL;
    int status;

    if (limit < 0)
        return CTL_USAGE;
    if (args->n_words == 1)
        ref = reference_parse(args->words[0]);
    if (ref.kind == REFERENCE_GROUP) {
        status = events_of_group(access, c, ref.id, limit, &rows);
    } else {
        join(&query, args);
        buf_adds(&path, "/api/v1/events");
        ask_add(&path, "q", query.len > 0 ? buf_text(&query) : NULL);
        status = ask_list(access, c, buf_text(&path), "events", limit, &rows);
    }
    return status == CTL_OK ? show(access, event_columns, n_event_columns, rows) : status;
}

const struct verb verb_events = {
    .word = "events",
    .arguments = "[QUERY | GROUP]",
    .help = "list crashes, the newest first",
    .run = run_events,
    .most = -1,
    .options = {[EVENTS_LIMIT] = {"--limit", "N", "at most so many (default 50)"}},
};
