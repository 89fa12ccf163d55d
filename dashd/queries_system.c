/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/queries_system.h"

#include "common/base/cleanup.h"
#include "dashd/rows.h"

static void read_database(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct database_facts *)ret = (struct database_facts){
        .version = text_at(a, res, row, 0),
        .migration = text_at(a, res, row, 1),
        .bytes = count_at(res, row, 2),
    };
}

int query_database_facts(struct db *d, struct arena *a, struct database_facts *ret)
{
    static const struct db_query q = {
        "database-facts", "SELECT split_part(current_setting('server_version'), ' ', 1), "
                          "(SELECT name FROM schema_migrations ORDER BY version DESC LIMIT 1), "
                          "pg_database_size(current_database())"};

    return rows_fetch_one(d, &q, NULL, 0, a, read_database, sizeof(*ret), ret);
}

static void read_problem(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct problem_row *)ret = (struct problem_row){
        .problem = text_at(a, res, row, 0),
        .events = count_at(res, row, 1),
        .last_at = db_int(res, row, 2),
        .crash_id = text_at(a, res, row, 3),
    };
}

int query_problems(struct db *d, struct arena *a, int64_t since, unsigned limit,
                   struct problem_list *ret)
{
    /* What a host only counted has no stack by its nature. */
    static const struct db_query q = {
        "problems",
        "SELECT p.problem, count(*) AS events, " USEC(
            "max(e.received_at)") ", "
                                  "       (array_agg(e.crash_id ORDER BY e.received_at DESC))[1] "
                                  "FROM crash_events e JOIN problems p ON p.id = e.problem_id "
                                  "WHERE e.problem_id <> 0 AND e.flags & 8 = 0 AND e.received_at "
                                  ">= " TIME("$1") " "
                                                   "GROUP BY p.problem ORDER BY events DESC, "
                                                   "p.problem LIMIT $2::int"};
    struct number from = number(since), rows = number(limit);
    const char *const params[] = {from.text, rows.text};

    return FETCH(d, q, params, a, read_problem, ret);
}

static void read_text(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(const char **)ret = text_at(a, res, row, 0);
}

int query_newest_crashes(struct db *d, struct arena *a, unsigned limit, struct crash_ids *ret)
{
    /* An id begins with its time, so this reads the end of an index. */
    static const struct db_query q = {
        "newest-crashes", "SELECT crash_id FROM crash_events ORDER BY crash_id DESC LIMIT $1::int"};
    struct number rows = number(limit);
    const char *const params[] = {rows.text};

    return FETCH(d, q, params, a, read_text, ret);
}
