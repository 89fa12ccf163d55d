/* SPDX-License-Identifier: Apache-2.0 */
/* What people decide about groups and a worker does: merge, split, undo, remove and reprocess are
 * requests, for whose end --wait waits. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/output/table.h"
#include "client/ctl/server/ask.h"
#include "client/ctl/server/reference.h"
#include "common/base/clock.h"

#define FORM_MAX_    4096
#define WAIT_SECONDS 600
#define WAIT_MAX     86400
#define POLL_USEC    (USEC_PER_SEC / 4)

/* --- Requests --- */

struct wish {
    const struct access *access;
    struct connection *c;
    int64_t wait; /* usec; 0: not at all */
    json_t *results;
};

static bool over(const json_t *request)
{
    const char *state = json_string_value(json_object_get(request, "state"));

    return state && (strcmp(state, "done") == 0 || strcmp(state, "failed") == 0);
}

/* Asks until it has ended; *request is replaced by what the server says last. */
static int await(const struct wish *w, json_t **request)
{
    int64_t end = clock_mono() + w->wait;

    while (w->wait > 0 && !over(*request)) {
        json_t *now = NULL;
        char path[128];
        int status;

        if (clock_mono() >= end)
            return ctl_complain(CTL_TIMEOUT, "the request has not ended yet: it goes on by itself");
        clock_sleep(POLL_USEC);
        snprintf(path, sizeof(path), "/api/v1/grouping-requests/%" PRId64,
                 (int64_t)json_integer_value(json_object_get(*request, "id")));
        status = ask_get(w->access, w->c, path, &now);
        if (status != CTL_OK)
            return status;
        json_decref(*request);
        *request = now;
    }
    return CTL_OK;
}

static void print_request(const json_t *r)
{
    const char *problem = json_string_value(json_object_get(r, "problem"));

    printf("%" PRId64 "  ", (int64_t)json_integer_value(json_object_get(r, "id")));
    output_text(json_string_value(json_object_get(r, "kind")) ?: "");
    printf("  ");
    output_text(json_string_value(json_object_get(r, "state")) ?: "");
    printf("  %" PRId64 " of %" PRId64 "  ",
           (int64_t)json_integer_value(json_object_get(r, "done")),
           (int64_t)json_integer_value(json_object_get(r, "total")));
    output_text(problem ?: json_string_value(json_object_get(r, "url")) ?: "");
    printf("\n");
}

static int ask_at(struct wish *w, const char *path, const char *field, const char *value)
{
    _cleanup_buf_ struct buf form = BUF_INIT(FORM_MAX_);
    json_t *request = NULL;
    const char *state;
    int status;

    ask_add(&form, field, value);
    if (buf_error(&form))
        return ctl_complain(CTL_USAGE, "%s is too long", field);
    status = ask_post(w->access, w->c, path, buf_text(&form), &request);
    if (status != CTL_OK)
        return status;
    status = await(w, &request);
    state = json_string_value(json_object_get(request, "state"));
    if (status == CTL_OK && state && strcmp(state, "failed") == 0)
        status = CTL_ERROR;
    if (w->access->output.format == OUTPUT_TEXT)
        print_request(request);
    json_array_append_new(w->results, request);
    return status;
}

static int ask_for(struct wish *w, const char *group, const char *action, const char *field,
                   const char *value)
{
    char path[128];

    snprintf(path, sizeof(path), "/api/v1/groups/%s/%s", group, action);
    return ask_at(w, path, field, value);
}

/* --wait alone is ten minutes; --wait=SECONDS would need a value, so that is an option of its own.
 */
static int begin_wish(struct wish *w, const struct access *access, bool waits, const char *seconds)
{
    long n = arguments_number("--timeout", seconds, WAIT_SECONDS, WAIT_MAX);

    if (n < 0)
        return CTL_USAGE;
    *w = (struct wish){.access = access, .c = access_dash(access), .results = json_array()};
    w->wait = waits || seconds ? (int64_t)n * USEC_PER_SEC : 0;
    return CTL_OK;
}

static int end_wish(struct wish *w, int status)
{
    if (w->access->output.format != OUTPUT_TEXT && json_array_size(w->results) > 0)
        output_json(&w->access->output, w->results);
    json_decref(w->results);
    connection_free(w->c);
    return status;
}

/* The first two options of each verb of a request. */
enum { WISH_WAIT, WISH_TIMEOUT, WISH_BY, WISH_QUERY = WISH_BY };

#define WAIT_OPTIONS                                                                               \
    [WISH_WAIT] = {"--wait", NULL, "until a worker has done it"},                                  \
    [WISH_TIMEOUT] = {"--timeout", "SECONDS", "wait at most so long (default 600)"}

static int one_wish(struct access *access, const struct arguments *args, const char *action,
                    const char *field, const char *value)
{
    struct reference ref;
    struct wish w;
    int status = reference_group(args->words[0], &ref);

    if (status == CTL_OK)
        status = begin_wish(&w, access, args->option[WISH_WAIT], args->option[WISH_TIMEOUT]);
    if (status != CTL_OK)
        return status;
    return end_wish(&w, ask_for(&w, ref.id, action, field, value));
}

static int run_merge(struct access *access, const struct arguments *args)
{
    struct reference into;
    int status = reference_group(args->words[1], &into);

    return status == CTL_OK ? one_wish(access, args, "merge", "into", into.id) : status;
}

static int run_split(struct access *access, const struct arguments *args)
{
    return one_wish(access, args, "split", "by", args->option[WISH_BY] ?: "frame-1");
}

static int run_undo(struct access *access, const struct arguments *args)
{
    return one_wish(access, args, "undo", "decision", args->words[1]);
}

const struct verb verb_merge = {
    .word = "merge",
    .arguments = "GROUP INTO",
    .help = "make a group part of another one",
    .run = run_merge,
    .least = 2,
    .most = 2,
    .options = {WAIT_OPTIONS},
};

const struct verb verb_split = {
    .word = "split",
    .arguments = "GROUP",
    .help = "make several groups of one",
    .run = run_split,
    .least = 1,
    .most = 1,
    .options = {WAIT_OPTIONS, [WISH_BY] = {"--by", "WHAT",
                                           "frame-1 (default), frame-2, ..., signal, executable"}},
};

const struct verb verb_undo = {
    .word = "undo",
    .arguments = "GROUP DECISION",
    .help = "undo a merge or a split, by the number that show --json has",
    .run = run_undo,
    .least = 2,
    .most = 2,
    .options = {WAIT_OPTIONS},
};

/* --- remove --- */

enum { WISH_YES = WISH_BY };

static int run_remove(struct access *access, const struct arguments *args)
{
    struct wish w;
    int status;

    for (int i = 0; i < args->n_words; i++) {
        struct reference ref;

        status = reference_group(args->words[i], &ref);
        if (status != CTL_OK)
            return status;
    }
    if (!args->option[WISH_YES])
        return ctl_complain(CTL_USAGE,
                            "a removed group does not come back, nor do its crashes: say --yes");
    status = begin_wish(&w, access, args->option[WISH_WAIT], args->option[WISH_TIMEOUT]);
    for (int i = 0; status == CTL_OK && i < args->n_words; i++)
        status = ask_for(&w, reference_parse(args->words[i]).id, "remove", "", NULL);
    return end_wish(&w, status);
}

const struct verb verb_remove = {
    .word = "remove",
    .arguments = "GROUP...",
    .help = "remove groups with all their crashes and cores, for good",
    .run = run_remove,
    .least = 1,
    .most = -1,
    .options = {WAIT_OPTIONS, [WISH_YES] = {"--yes", NULL, "I mean it"}},
};

/* --- reprocess --- */

/* An event stands for its group. */
static int reprocess_one(struct wish *w, const char *word)
{
    struct reference ref = reference_parse(word);
    _cleanup_json_ json_t *event = NULL;
    char address[128];
    int status;

    if (ref.kind != REFERENCE_EVENT) {
        status = reference_group(word, &ref);
        return status == CTL_OK ? ask_for(w, ref.id, "reprocess", "", NULL) : status;
    }
    snprintf(address, sizeof(address), "/api/v1/events/%s", ref.id);
    status = ask_get(w->access, w->c, address, &event);
    if (status != CTL_OK)
        return status;
    if (!json_string_value(json_object_get(event, "group")))
        return ctl_complain(CTL_NOT_FOUND, "%s is not analysed yet", word);
    return ask_for(w, json_string_value(json_object_get(event, "group")), "reprocess", "", NULL);
}

static int reprocess_query(struct wish *w, const char *query)
{
    int status = ask_at(w, "/api/v1/reprocess", "query", query);
    const json_t *request = json_array_get(w->results, 0);

    if (status == CTL_OK && json_integer_value(json_object_get(request, "total")) == 0)
        return ctl_complain(CTL_NOT_FOUND, "nothing matches");
    return status;
}

static int run_reprocess(struct access *access, const struct arguments *args)
{
    const char *query = args->option[WISH_QUERY];
    struct wish w;
    int status;

    if ((args->n_words == 0) == !query)
        return ctl_complain(CTL_USAGE, "reprocess needs either groups and events, or --query");
    status = begin_wish(&w, access, args->option[WISH_WAIT], args->option[WISH_TIMEOUT]);
    if (status != CTL_OK)
        return status;
    if (query)
        return end_wish(&w, reprocess_query(&w, query));
    for (int i = 0; status == CTL_OK && i < args->n_words; i++)
        status = reprocess_one(&w, args->words[i]);
    return end_wish(&w, status);
}

const struct verb verb_reprocess = {
    .word = "reprocess",
    .arguments = "[GROUP|EVENT]...",
    .help = "have all events of groups analysed again",
    .run = run_reprocess,
    .most = -1,
    .options = {WAIT_OPTIONS, [WISH_QUERY] = {"--query", "QUERY",
                                              "the events that match, instead of named groups"}},
};
