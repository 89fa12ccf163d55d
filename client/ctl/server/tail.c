/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl tail`: crashes as they come. The list's first page is asked for again and again; what
 * has not been shown yet is shown. */
#include <stdio.h>
#include <string.h>

#include "client/ctl/output/table.h"
#include "client/ctl/server/ask.h"
#include "client/ctl/server/lists.h"
#include "common/base/clock.h"

#define PAGE         100
#define SHOWN_FIRST  10
#define COUNT_MAX    1000000
#define INTERVAL     2
#define INTERVAL_MAX 3600
#define SEEN_MAX     100000u /* ids; then the oldest knowledge is dropped at once */
#define QUERY_MAX    8192

enum { TAIL_LINES, TAIL_COUNT, TAIL_INTERVAL };

struct tail {
    const struct access *access;
    struct connection *c;
    const char *path;
    json_t *seen;
    long left; /* rows to show; negative: any number */
};

static void show(struct tail *t, json_t *row)
{
    struct output lines = t->access->output;
    _cleanup_json_ json_t *list = json_pack("[O]", row);

    if (lines.format == OUTPUT_JSON)
        lines.format = OUTPUT_JSONL;
    if (lines.format == OUTPUT_CSV || lines.format == OUTPUT_TEXT) {
        lines.format = OUTPUT_TEXT;
        lines.terminal = false; /* a line each, and no head again and again */
    }
    table_print(&lines, event_columns, n_event_columns, list);
    fflush(stdout);
    if (t->left > 0)
        t->left--;
}

/* The rows that were not seen, the oldest first; of the first page only the newest `first`. */
static int look(struct tail *t, size_t first)
{
    _cleanup_json_ json_t *rows = NULL;
    int status = ask_list(t->access, t->c, t->path, "events", PAGE, &rows);

    if (status != CTL_OK)
        return status;
    if (json_object_size(t->seen) > SEEN_MAX)
        json_object_clear(t->seen);
    for (size_t i = json_array_size(rows); i-- > 0;) {
        json_t *row = json_array_get(rows, i);
        const char *id = json_string_value(json_object_get(row, "id"));

        if (!id || json_object_get(t->seen, id))
            continue;
        json_object_set_new(t->seen, id, json_true());
        if (i < first && t->left != 0)
            show(t, row);
    }
    return CTL_OK;
}

static int run_tail(struct access *access, const struct arguments *args)
{
    _cleanup_connection_ struct connection *c = access_dash(access);
    _cleanup_buf_ struct buf path = BUF_INIT(QUERY_MAX);
    _cleanup_json_ json_t *seen = json_object();
    long lines = arguments_number("--lines", args->option[TAIL_LINES], SHOWN_FIRST, PAGE);
    long count = arguments_number("--count", args->option[TAIL_COUNT], -2, COUNT_MAX);
    long interval =
        arguments_number("--interval", args->option[TAIL_INTERVAL], INTERVAL, INTERVAL_MAX);
    struct tail t = {.access = access, .c = c, .seen = seen, .left = count};
    int status;

    if (lines < 0 || count == -1 || interval < 0)
        return CTL_USAGE;
    buf_adds(&path, "/api/v1/events");
    ask_add(&path, "q", args->n_words > 0 ? args->words[0] : NULL);
    t.path = buf_text(&path);
    status = look(&t, (size_t)lines);
    while (status == CTL_OK && t.left != 0 && !ferror(stdout)) {
        clock_sleep((int64_t)interval * USEC_PER_SEC);
        status = look(&t, PAGE);
    }
    return status;
}

const struct verb verb_tail = {
    .word = "tail",
    .arguments = "[QUERY]",
    .help = "show crashes as they come, a line each",
    .run = run_tail,
    .most = 1,
    .options =
        {
            [TAIL_LINES] = {"--lines", "N", "begin with so many of the past (default 10)"},
            [TAIL_COUNT] = {"--count", "N", "end after so many"},
            [TAIL_INTERVAL] = {"--interval", "SECONDS", "ask so often (default 2)"},
        },
};
