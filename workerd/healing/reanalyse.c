/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/healing/reanalyse.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/search/query.h"
#include "common/store/arrivals.h"
#include "common/store/db.h"
#include "common/store/queue.h"

#include "workerd/conf.h"

#define GROUP_DIGITS_MAX 9

DEFINE_CLEANUP(cleanup_db, struct db, db_free)
DEFINE_CLEANUP(cleanup_store, struct blob_store, blob_close)
DEFINE_CLEANUP(cleanup_queue, struct queue, queue_free)

static const char usage[] =
    "usage: corral-workerd --reanalyse --build-id ID… | --crash ID… | --group G-1… |\n"
    "                                  --query QUERY… | --all\n"
    "  --build-id ID  the events that lacked this build-id, or its debug information\n"
    "  --crash ID     this event\n"
    "  --group G-1    the events of this group; grouping_requests says how far it is\n"
    "  --query QUERY  the events that it names, as in corral-query(7); likewise\n"
    "  --all          every event that has a core\n";

/* --- Arguments --- */

static bool is_crash(const char *text)
{
    return blob_crash_id_valid(str_from(text));
}

static bool is_build_id(const char *text)
{
    return arrival_valid(str_from(text)) && strcmp(text, ARRIVAL_ALL) != 0 && !is_crash(text);
}

static bool is_group(const char *text)
{
    return cstr_starts(text, "G-") && text[2] && strlen(text) <= GROUP_DIGITS_MAX + 2 &&
           text[2 + strspn(text + 2, "0123456789")] == '\0';
}

/* Says what is wrong with it, for it is long enough to be mistaken in. An empty one would be all.
 */
static bool is_query(const char *text)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(4 * SEARCH_QUERY_MAX);
    struct search_mistake m;
    struct search_query q;

    if (search_parse(str_from(text), &a, &q, &m) == 0)
        return q.n_terms > 0;
    search_point(str_from(text), &m, &b);
    fprintf(stderr, "corral-workerd: %s%s%s%s\n%s\n", m.message, m.nearest ? "; did you mean " : "",
            m.nearest ? m.nearest : "", m.nearest ? "?" : "", buf_text(&b));
    return false;
}

enum wish_kind { WISH_MARK, WISH_GROUP, WISH_QUERY };

struct wish {
    enum wish_kind kind;
    const char *value; /* a mark's name, a group, a query */
};

static const struct {
    const char *option;
    enum wish_kind kind;
    bool (*is_valid)(const char *text);
} options[] = {
    {"--build-id", WISH_MARK, is_build_id},
    {"--crash", WISH_MARK, is_crash},
    {"--group", WISH_GROUP, is_group},
    {"--query", WISH_QUERY, is_query},
};

/* False when this is no option with its value. */
static bool read_option(const char *option, const char *value, struct wish *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (strcmp(options[i].option, option) != 0)
            continue;
        *ret = (struct wish){options[i].kind, value};
        return options[i].is_valid(value);
    }
    return false;
}

/* How many; -1 when the arguments are wrong. There are no more than arguments. */
static int read_arguments(int argc, char **argv, struct wish *ret)
{
    int n = 0;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0)
            ret[n++] = (struct wish){WISH_MARK, ARRIVAL_ALL};
        else if (i + 1 < argc && read_option(argv[i], argv[i + 1], &ret[n]))
            n++, i++;
        else
            return -1;
    }
    return n > 0 ? n : -1;
}

/* --- Requests --- */

static int leave_request(struct db *d, const struct wish *w)
{
    static const struct db_query queries[] = {
        [WISH_GROUP] =
            {"reanalyse-group",
             "INSERT INTO grouping_requests (actor, kind, detail) "
             "SELECT 'system', 'reprocess', jsonb_build_object('group', coalesce(merged_into, id)) "
             "FROM crash_groups WHERE id = substr($1, 3)::integer RETURNING id"},
        [WISH_QUERY] = {"reanalyse-query",
                        "INSERT INTO grouping_requests (actor, kind, detail) VALUES "
                        "('system', 'reprocess', jsonb_build_object('query', $1::text)) "
                        "RETURNING id"},
    };
    const char *const params[] = {w->value};
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, &queries[w->kind], params, 1, &res);

    if (r)
        fprintf(stderr, "corral-workerd: PostgreSQL: %s\n", db_message(d));
    else if (PQntuples(res) == 0)
        fprintf(stderr, "corral-workerd: there is no group %s\n", w->value);
    else
        printf("request %s left for corral-workerd\n", db_text(res, 0, 0));
    return r || PQntuples(res) == 0 ? -1 : 0;
}

static int leave_requests(const struct worker_conf *c, const struct wish *wishes, int n)
{
    _cleanup_(cleanup_db) struct db *db = NULL;
    int r = 0;

    for (int i = 0; i < n && r == 0; i++) {
        if (wishes[i].kind == WISH_MARK)
            continue;
        r = db ? 0 : db_new(c->database, &db);
        if (r == 0)
            r = leave_request(db, &wishes[i]);
    }
    return r;
}

/* --- Marks --- */

static int leave_marks(const struct worker_conf *c, const struct wish *wishes, int n, int *ret_left)
{
    _cleanup_(cleanup_store) struct blob_store *store = NULL;
    int r = blob_open(c->data, false, &store);

    for (int i = 0; i < n && r == 0; i++) {
        if (wishes[i].kind != WISH_MARK)
            continue;
        r = arrival_add(store, wishes[i].value);
        *ret_left += r == 0;
    }
    if (r < 0)
        fprintf(stderr, "corral-workerd: cannot leave a mark in %s/arrived: %s\n", c->data,
                strerror(-r));
    return r;
}

static void wake(const struct worker_conf *c)
{
    _cleanup_(cleanup_queue) struct queue *queue = NULL;

    if (queue_new(c->redis, &queue) == 0)
        (void)queue_wake(queue); /* without it all is found a second later */
}

int reanalyse_main(int argc, char **argv, const void *conf)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct wish *wishes = arena_array(&a, struct wish, (size_t)argc + 1);
    int n = read_arguments(argc, argv, wishes), left = 0;

    if (n < 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (leave_requests(conf, wishes, n) < 0 || leave_marks(conf, wishes, n, &left) < 0)
        return 1;
    wake(conf);
    if (left > 0)
        printf("%d %s left for corral-workerd\n", left, left == 1 ? "mark" : "marks");
    return 0;
}
