/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/mode.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/store/blob.h"
#include "common/store/queue.h"

#include "workerd/conf.h"
#include "workerd/grouping/ruleset.h"
#include "workerd/params.h"
#include "workerd/regroup/census.h"
#include "workerd/regroup/forecast.h"
#include "workerd/regroup/inherit.h"
#include "workerd/siterules.h"

#define EXIT_COULD_NOT 1
#define EXIT_USAGE     2
#define EXIT_CHANGES   3

DEFINE_CLEANUP(cleanup_db, struct db, db_free)
DEFINE_CLEANUP(cleanup_store, struct blob_store, blob_close)
DEFINE_CLEANUP(cleanup_queue, struct queue, queue_free)

static const char usage[] =
    "usage: corral-workerd --regroup [--dry-run [--rules FILE]]\n"
    "  --dry-run     say which groups would be merged and split, and change nothing\n"
    "  --rules FILE  by these rules of the site, or those of a folder, in place of grouping_rules\n"
    "Exit status: 0 no group would change, or the request is left; 3 groups would change.\n";

struct mode {
    const struct worker_conf *conf;
    struct arena *arena;
    bool dry_run;
    const char *rules; /* NULL: those of the configuration */
};

static bool parse_arguments(int argc, char **argv, struct mode *m)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--dry-run") == 0)
            m->dry_run = true;
        else if (strcmp(argv[i], "--rules") == 0 && i + 1 < argc)
            m->rules = argv[++i];
        else
            return false;
    }
    return m->dry_run || !m->rules;
}

static int complain(struct db *d)
{
    fprintf(stderr, "corral-workerd: PostgreSQL: %s\n", db_message(d));
    return EXIT_COULD_NOT;
}

/* --- Leaving a request --- */

static int leave_request(const struct mode *m, struct db *d)
{
    static const struct db_query q = {
        "mode-request",
        "INSERT INTO grouping_requests (actor, kind) VALUES ('system', 'regroup') RETURNING id"};
    _cleanup_(cleanup_queue) struct queue *queue = NULL;
    _cleanup_result_ PGresult *res = NULL;

    if (db_run(d, &q, NULL, 0, &res) != 0)
        return complain(d);
    if (queue_new(m->conf->redis, &queue) == 0)
        (void)queue_wake(queue); /* without it the request is found a second later */
    printf("request %s left for corral-workerd\n", db_text(res, 0, 0));
    return 0;
}

/* --- Looking --- */

static int read_rules(struct mode *m, struct rules *rules, struct regroup_way *way, char *grouped)
{
    struct rules_error error;

    way->rules = siterules_get();
    if (m->rules) {
        if (ruleset_read(&m->rules, 1, m->arena, rules, &error) < 0) {
            rules_error_print(&error);
            return EXIT_COULD_NOT;
        }
        way->rules = rules;
    }
    grouped_name(way->rules, grouped);
    way->grouped = grouped;
    return 0;
}

static int forecast(struct mode *m, struct db *d, struct blob_store *store, struct regroup_way *way,
                    struct forecast *ret, struct census *ret_census)
{
    struct assign_result result;
    int e = census_moment(d);

    if (e == 0)
        e = inherit_splits(d, store, false, m->arena, way);
    if (e == 0)
        e = census_read(d, store, way, m->arena, ret_census);
    if (e)
        return e;
    census_assign(ret_census, m->arena, &result);
    return forecast_print(d, ret_census, &result, m->arena, stdout, ret);
}

static int look(struct mode *m, struct db *d)
{
    _cleanup_(cleanup_store) struct blob_store *store = NULL;
    char grouped[GROUPED_SIZE];
    struct regroup_way way;
    struct rules rules;
    struct census c;
    struct forecast f;
    int e = read_rules(m, &rules, &way, grouped);

    if (e)
        return e;
    if (blob_open(m->conf->data, false, &store) < 0)
        fprintf(stderr,
                "corral-workerd: cannot open %s: stacks of before may be judged without "
                "their messages\n",
                m->conf->data);
    if (db_begin(d) != 0)
        return complain(d);
    e = forecast(m, d, store, &way, &f, &c);
    db_rollback(d);
    if (e)
        return complain(d);
    printf(
        "%zu stacks, of which %zu are to be grouped by %s: %zu %s merged into another, %zu split, "
        "%zu made; %lld events move\n",
        c.n_stacks, c.n_regrouped, grouped, f.merged, f.merged == 1 ? "group" : "groups", f.split,
        f.made, (long long)f.moved);
    return f.merged + f.split + f.made > 0 ? EXIT_CHANGES : 0;
}

int regroup_main(int argc, char **argv, const void *conf)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_(cleanup_db) struct db *db = NULL;
    struct mode m = {.conf = conf, .arena = &a};

    if (!parse_arguments(argc, argv, &m)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (db_new(m.conf->database, &db) < 0)
        return EXIT_COULD_NOT;
    return m.dry_run ? look(&m, db) : leave_request(&m, db);
}
