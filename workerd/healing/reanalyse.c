/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/healing/reanalyse.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/store/arrivals.h"
#include "common/store/db.h"
#include "common/store/queue.h"

#include "workerd/conf.h"

#define GROUP_DIGITS_MAX 9

DEFINE_CLEANUP(cleanup_db, struct db, db_free)
DEFINE_CLEANUP(cleanup_store, struct blob_store, blob_close)
DEFINE_CLEANUP(cleanup_queue, struct queue, queue_free)

static const char usage[] =
    "usage: corral-workerd --reanalyse --build-id ID… | --crash ID… | --group G-1… | --all\n"
    "  --build-id ID  the events that lacked this build-id, or its debug information\n"
    "  --crash ID     this event\n"
    "  --group G-1    the events of this group; grouping_requests says how far it is\n"
    "  --all          every event that has a core\n";

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

/* The marks' names, and the groups', are put in front of argv. How many; -1 when the arguments are
 * wrong. */
static int read_arguments(int argc, char **argv)
{
    int n = 0;

    for (int i = 0; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--all") == 0)
            argv[n++] = argv[i] + strlen("--");
        else if (strcmp(argv[i], "--build-id") == 0 && is_build_id(value))
            argv[n++] = argv[++i];
        else if ((strcmp(argv[i], "--crash") == 0 && is_crash(value)) ||
                 (strcmp(argv[i], "--group") == 0 && is_group(value)))
            argv[n++] = argv[++i];
        else
            return -1;
    }
    return n > 0 ? n : -1;
}

/* --- Groups --- */

static int leave_request(struct db *d, const char *group)
{
    static const struct db_query q = {
        "reanalyse-request",
        "INSERT INTO grouping_requests (actor, kind, detail) "
        "SELECT 'system', 'reprocess', jsonb_build_object('group', coalesce(merged_into, id)) "
        "FROM crash_groups WHERE id = substr($1, 3)::integer RETURNING id"};
    const char *const params[] = {group};
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, &q, params, 1, &res);

    if (r)
        fprintf(stderr, "corral-workerd: PostgreSQL: %s\n", db_message(d));
    else if (PQntuples(res) == 0)
        fprintf(stderr, "corral-workerd: there is no group %s\n", group);
    else
        printf("request %s left for corral-workerd\n", db_text(res, 0, 0));
    return r || PQntuples(res) == 0 ? -1 : 0;
}

static int leave_requests(const struct worker_conf *c, char **names, int n)
{
    _cleanup_(cleanup_db) struct db *db = NULL;
    int r = 0;

    for (int i = 0; i < n && r == 0; i++) {
        if (!is_group(names[i]))
            continue;
        r = db ? 0 : db_new(c->database, &db);
        if (r == 0)
            r = leave_request(db, names[i]);
    }
    return r;
}

/* --- Marks --- */

static int leave_marks(const struct worker_conf *c, char **names, int n, int *ret_left)
{
    _cleanup_(cleanup_store) struct blob_store *store = NULL;
    int r = blob_open(c->data, false, &store);

    for (int i = 0; i < n && r == 0; i++) {
        if (is_group(names[i]))
            continue;
        r = arrival_add(store, names[i]);
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
    int n = read_arguments(argc, argv), left = 0;

    if (n < 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (leave_requests(conf, argv, n) < 0 || leave_marks(conf, argv, n, &left) < 0)
        return 1;
    wake(conf);
    if (left > 0)
        printf("%d %s left for corral-workerd\n", left, left == 1 ? "mark" : "marks");
    return 0;
}
