/* SPDX-License-Identifier: Apache-2.0 */
/* Modules: what is missing, what would fix it and what is here; as pages and as JSON. */
#include "dashd/page.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/base/str.h"
#include "common/report/jsontext.h"
#include "dashd/api.h"
#include "dashd/api_grouping.h"
#include "dashd/app.h"
#include "dashd/queries_symbols.h"
#include "dashd/templates/templates.h"

#define GROUPS_SHOWN 50
#define LIMIT_MAX    1000 /* of the API's list */

static const struct {
    const char *words, *gives;
} kinds[MODULE_KIND_COUNT] = {
    [MODULE_EXECUTABLE] = {"Executable", "unwinding, exported functions, the code itself"},
    [MODULE_DEBUGINFO] = {"Debug information", "functions, files and lines, inlining, variables"},
    [MODULE_UNWIND] = {"Unwind tables", "unwinding where the file itself is not here"},
};

const char *module_kind_words(enum module_kind k)
{
    return kinds[k].words;
}

const char *module_kind_gives(enum module_kind k)
{
    return kinds[k].gives;
}

const char *module_answer_words(const char *outcome)
{
    static const struct {
        const char *outcome, *words;
    } answers[] = {
        {"stored", "sent it"},     {"present", "was here already"}, {"not_found", "not found"},
        {"refused", "not usable"}, {"failed", "no answer"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        if (strcmp(answers[i].outcome, outcome) == 0)
            return answers[i].words;
    return outcome;
}

/* --- The list --- */

static int fill_store(struct app *app, struct arena *a, struct symbols_view *v)
{
    const char *ids[INVENTORY_RECENT];

    v->has_store = inventory_get(app->inventory, &v->store) == 0;
    if (!v->has_store)
        return 0;
    for (size_t i = 0; i < v->store.n_recent; i++)
        ids[i] = v->store.recent[i].build_id;
    return query_module_paths(app_db(app), a, ids, v->store.n_recent, v->paths);
}

static int fill_list(struct request *q, unsigned limit, struct symbols_view *v)
{
    struct app *app = request_app(q);
    int r = query_missing_modules(app_db(app), request_arena(q), &v->filter, limit, &v->list);

    if (r || v->list.n == 0)
        return r;
    v->modules = v->list.rows[0].of_modules;
    v->without_file = v->list.rows[0].of_missing;
    if (v->list.more) {
        const struct missing_module *last = &v->list.rows[v->list.n - 1];

        v->next = filter_after(&v->filter, request_arena(q), (int64_t)last->events, last->id);
    }
    return 0;
}

static const char *parse(struct request *q, struct filter *ret)
{
    return filter_parse(request_query(q, "q"), request_query(q, "cursor"), request_arena(q), ret);
}

void handle_symbols(struct request *q, struct response *r)
{
    struct symbols_view v = {.filter.text = ""};
    struct page p;
    int outcome = 0;

    page_init(&p, q, "Symbols");
    p.section = SECTION_SYMBOLS;
    v.wrong = parse(q, &v.filter);
    if (v.wrong) {
        response_status(r, 400);
    } else {
        p.api =
            arena_printf(p.arena, "/api/v1/symbols/missing%s", filter_address(&v.filter, p.arena));
        outcome = fill_list(q, FILTER_PAGE, &v);
        if (!outcome)
            outcome = fill_store(request_app(q), p.arena, &v);
    }
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    template_symbols(response_body(r), &p, &v);
    page_send(r);
}

/* --- One module --- */

static void no_module(struct request *q, struct response *r)
{
    page_problem(q, r, 404,
                 "No file of this build-id is in the store, and no stack lacks one. A build-id is "
                 "what `file PROGRAM` or `readelf -n PROGRAM` shows: up to 128 hexadecimal "
                 "digits.");
}

static int fill_module(struct app *app, struct arena *a, struct symbol_view *v)
{
    int r = query_module(app_db(app), a, v->build_id, &v->module);

    if (!r && v->module.id)
        r = query_module_fetches(app_db(app), a, v->module.id, &v->fetches);
    if (!r && v->module.id)
        r = query_module_groups(app_db(app), a, v->module.id, GROUPS_SHOWN, &v->groups);
    return r;
}

static bool has_file(const struct symbol_view *v)
{
    for (size_t k = 0; k < MODULE_KIND_COUNT; k++)
        if (v->files[k].at)
            return true;
    return false;
}

void handle_symbol(struct request *q, struct response *r)
{
    struct app *app = request_app(q);
    struct symbol_view v = {.build_id = request_param(q, "build_id")};
    struct page p;
    int outcome;

    if (!hex_valid(str_from(v.build_id), BUILD_ID_TEXT_SIZE - 1)) {
        no_module(q, r);
        return;
    }
    outcome = fill_module(app, request_arena(q), &v);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    inventory_module(app->blobs, v.build_id, v.files);
    if (!v.module.id && !has_file(&v)) {
        no_module(q, r);
        return;
    }
    page_init(&p, q, v.module.path ? path_base(v.module.path) : v.build_id);
    p.section = SECTION_SYMBOLS;
    template_symbol(response_body(r), &p, &v);
    page_send(r);
}

/* --- As JSON --- */

static void add_module(struct buf *b, struct arena *a, const struct missing_module *m)
{
    struct remedy fix = remedy_for(a, m->path, m->build_id, strcmp(m->status, "missing") == 0);

    jsontext_object(b, NULL);
    jsontext_string(b, "build_id", m->build_id);
    jsontext_string(b, "path", m->path);
    jsontext_string(b, "status", m->status);
    jsontext_int(b, "event_count", (int64_t)m->events);
    jsontext_int(b, "group_count", (int64_t)m->groups);
    api_add_time(b, "first_seen", m->first_seen);
    api_add_time(b, "debuginfod_asked_at", m->asked_at);
    jsontext_string(b, "debuginfod_answer", m->answer);
    jsontext_string(b, "fix", fix.command);
    jsontext_end_object(b);
}

void api_symbols_missing(struct request *q, struct response *r)
{
    struct buf *b = response_body(r);
    const char *asked = request_query(q, "limit");
    struct symbols_view v = {0};
    uint64_t limit = FILTER_PAGE;
    int outcome;

    if (asked && (str_to_u64(str_from(asked), LIMIT_MAX, &limit) < 0 || limit == 0)) {
        response_problem_field(r, q, "limit", -1,
                               arena_printf(request_arena(q),
                                            "The parameter `limit` must be a number from 1 to %d.",
                                            LIMIT_MAX));
        return;
    }

    v.wrong = parse(q, &v.filter);
    if (v.wrong) {
        response_problem(r, q, 400, "%s", v.wrong);
        return;
    }
    outcome = fill_list(q, (unsigned)limit, &v);
    if (outcome) {
        page_database_failure(q, r, outcome);
        return;
    }
    jsontext_object(b, NULL);
    jsontext_int(b, "module_count", (int64_t)v.modules);
    jsontext_array(b, "modules");
    for (size_t i = 0; i < v.list.n; i++)
        add_module(b, request_arena(q), &v.list.rows[i]);
    jsontext_end_array(b);
    if (v.next) {
        const struct missing_module *last = &v.list.rows[v.list.n - 1];

        jsontext_string(b, "next_cursor",
                        listing_cursor(request_arena(q), (int64_t)last->events, last->id));
        response_header(r, "Link",
                        arena_printf(request_arena(q),
                                     "<%s/api/v1/symbols/missing%s>; rel=\"next\"",
                                     request_base_path(q), v.next));
    }
    jsontext_end_object(b);
    api_send(r);
}
