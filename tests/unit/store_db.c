/* SPDX-License-Identifier: Apache-2.0 */
/* Against a PostgreSQL of its own. */
#include "common/store/db.h"

#include <errno.h>
#include <string.h>

#include "tests/lib/server.h"
#include "tests/lib/unit.h"

static struct server postgres;

static const struct db_query one = {"one", "SELECT 1"};
static const struct db_query echo = {"echo", "SELECT $1::text, $2::bigint, $3::boolean"};
static const struct db_query pid = {"pid", "SELECT pg_backend_pid()"};
static const struct db_query broken = {"broken", "SELECT no_such_column"};
static const struct db_query insert = {"insert", "INSERT INTO days VALUES ($1::date)"};
static const struct db_query count = {"count", "SELECT count(*) FROM days"};

static struct db *open_db(void)
{
    char conninfo[128];
    struct db *d;

    snprintf(conninfo, sizeof(conninfo), "host=%s dbname=postgres user=postgres", postgres.address);
    ck_assert_int_eq(db_new(conninfo, &d), 0);
    return d;
}

static void script(const char *sql)
{
    struct db *d = open_db();

    ck_assert_msg(db_script(d, sql) == 0, "%s: %s", sql, db_message(d));
    db_free(d);
}

static int64_t number(struct db *d, const struct db_query *q)
{
    _cleanup_result_ PGresult *r = NULL;

    ck_assert_msg(db_run(d, q, NULL, 0, &r) == 0, "%s: %s", q->name, db_message(d));
    return db_int(r, 0, 0);
}

static int insert_day(struct db *d, const char *day)
{
    return db_run(d, &insert, &day, 1, NULL);
}

/* A table with partitions for two days. */
static void make_days(void)
{
    script(
        "DROP TABLE IF EXISTS days; CREATE TABLE days (day date CHECK (day <> '2026-01-02')) "
        "PARTITION BY RANGE (day);"
        "CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2026-01-03')");
}

START_TEST(conninfo_is_checked)
{
    struct db *d = NULL;

    ck_assert_int_eq(db_new("this is no conninfo", &d), -EINVAL);
    ck_assert_int_eq(db_new("no_such_option=1", &d), -EINVAL);
    ck_assert_ptr_null(d);
    db_free(NULL);
}
END_TEST

START_TEST(values)
{
    struct db *d = open_db();
    const char *params[] = {"it's 100% \"text\"", "-9223372036854775808", "true"}, *nulls[3] = {0};
    PGresult *r = NULL;

    ck_assert_int_eq(db_run(d, &echo, params, 3, &r), 0);
    ck_assert_str_eq(db_text(r, 0, 0), params[0]);
    ck_assert_int_eq(db_int(r, 0, 1), INT64_MIN);
    ck_assert(db_bool(r, 0, 2));
    PQclear(r);
    ck_assert_int_eq(db_run(d, &echo, nulls, 3, &r), 0);
    ck_assert_ptr_null(db_text(r, 0, 0));
    ck_assert_int_eq(db_int(r, 0, 1), 0);
    ck_assert(!db_bool(r, 0, 2));
    PQclear(r);
    db_free(d);
}
END_TEST

START_TEST(large_parameters_and_results)
{
    struct db *d = open_db();
    size_t n = 8u << 20;
    char *large = malloc(n + 1);
    const char *params[] = {large, "0", NULL};
    PGresult *r = NULL;

    memset(large, 'x', n);
    large[n] = '\0';
    ck_assert_int_eq(db_run(d, &echo, params, 3, &r), 0);
    ck_assert_uint_eq(strlen(db_text(r, 0, 0)), n);
    PQclear(r);
    free(large);
    db_free(d);
}
END_TEST

START_TEST(refusals_leave_the_connection)
{
    struct db *d = open_db();
    int64_t before = number(d, &pid);
    PGresult *r = (PGresult *)&before;

    ck_assert_int_eq(db_run(d, &broken, NULL, 0, &r), DB_REFUSED);
    ck_assert_ptr_eq(r, (PGresult *)&before);
    ck_assert_ptr_nonnull(strstr(db_message(d), "no_such_column"));
    ck_assert_int_eq(number(d, &pid), before);
    db_free(d);
}
END_TEST

START_TEST(transactions)
{
    struct db *d = open_db(), *other = open_db();

    make_days();
    ck_assert_int_eq(db_begin(d), 0);
    ck_assert_int_eq(insert_day(d, "2026-01-01"), 0);
    ck_assert_int_eq(number(other, &count), 0);
    ck_assert_int_eq(db_commit(d), 0);
    ck_assert_int_eq(number(other, &count), 1);

    ck_assert_int_eq(db_begin(d), 0);
    ck_assert_int_eq(insert_day(d, "2026-01-01"), 0);
    db_rollback(d);
    ck_assert_int_eq(number(other, &count), 1);

    /* A COMMIT after a failure is a rollback, and says so. */
    ck_assert_int_eq(db_begin(d), 0);
    ck_assert_int_eq(insert_day(d, "2026-01-01"), 0);
    ck_assert_int_eq(db_run(d, &broken, NULL, 0, NULL), DB_REFUSED);
    ck_assert_int_eq(db_commit(d), DB_REFUSED);
    ck_assert_int_eq(number(other, &count), 1);
    db_free(d);
    db_free(other);
}
END_TEST

START_TEST(missing_partition_is_told_from_a_check)
{
    struct db *d = open_db();

    make_days();
    ck_assert_int_eq(insert_day(d, "2026-01-01"), 0);
    ck_assert_int_eq(insert_day(d, "2026-02-01"), DB_NO_PARTITION);
    ck_assert_int_eq(insert_day(d, "2026-01-02"), DB_REFUSED);
    db_free(d);
}
END_TEST

/* Two transactions that each take what the other has: one of them is told to start again. */
START_TEST(serialization_failure_is_retry)
{
    static const struct db_query level = {"level", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"};
    struct db *a = open_db(), *b = open_db();
    int r;

    make_days();
    ck_assert_int_eq(db_begin(a), 0);
    ck_assert_int_eq(db_run(a, &level, NULL, 0, NULL), 0);
    ck_assert_int_eq(db_begin(b), 0);
    ck_assert_int_eq(db_run(b, &level, NULL, 0, NULL), 0);
    number(a, &count);
    number(b, &count);
    ck_assert_int_eq(insert_day(a, "2026-01-01"), 0);
    ck_assert_int_eq(insert_day(b, "2026-01-01"), 0);
    ck_assert_int_eq(db_commit(a), 0);
    r = db_commit(b);
    ck_assert_int_eq(r, DB_RETRY);
    db_rollback(b);
    ck_assert_int_eq(number(b, &count), 1);
    db_free(a);
    db_free(b);
}
END_TEST

static void terminate(int64_t backend)
{
    char sql[80];

    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lld, 5000)", (long long)backend);
    script(sql);
}

START_TEST(idle_connection_that_was_closed_is_replaced)
{
    struct db *d = open_db();
    int64_t before = number(d, &pid);

    terminate(before);
    ck_assert_int_ne(number(d, &pid), before);
    db_free(d);
}
END_TEST

START_TEST(lost_transaction_does_not_go_on)
{
    struct db *d = open_db();

    make_days();
    ck_assert_int_eq(db_begin(d), 0);
    ck_assert_int_eq(insert_day(d, "2026-01-01"), 0);
    terminate(number(d, &pid));
    ck_assert_int_eq(insert_day(d, "2026-01-01"), DB_UNAVAILABLE);
    ck_assert_int_eq(insert_day(d, "2026-01-01"), DB_UNAVAILABLE);
    ck_assert_int_eq(db_commit(d), DB_UNAVAILABLE);
    db_rollback(d);
    ck_assert_int_eq(number(d, &count), 0);
    db_free(d);
}
END_TEST

/* With one more server: the others need theirs. */
START_TEST(restart_of_the_server)
{
    struct db *d;
    int status;

    ck_assert(server_postgres(&postgres, &status));
    d = open_db();
    ck_assert_int_eq(number(d, &one), 1);
    kill(postgres.pid, SIGINT); /* fast shutdown */
    ck_assert_int_eq(waitpid(postgres.pid, NULL, 0), postgres.pid);
    ck_assert_int_eq(db_run(d, &one, NULL, 0, NULL), DB_UNAVAILABLE);
    ck_assert_str_ne(db_message(d), "");
    ck_assert_ptr_null(strchr(db_message(d), '\n'));
    ck_assert(server_postgres_start(&postgres));
    while (db_run(d, &one, NULL, 0, NULL) == DB_UNAVAILABLE)
        clock_sleep(10 * USEC_PER_MSEC);
    ck_assert_int_eq(number(d, &one), 1);
    db_free(d);
    server_end(&postgres);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        {conninfo_is_checked, 1},
        {values, 1},
        {large_parameters_and_results, 1},
        {refusals_leave_the_connection, 1},
        {transactions, 1},
        {missing_partition_is_told_from_a_check, 1},
        {serialization_failure_is_retry, 1},
        {idle_connection_that_was_closed_is_replaced, 1},
        {lost_transaction_does_not_go_on, 1},
        {restart_of_the_server, 1},
    };
    int status;

    if (!server_postgres(&postgres, &status))
        return status;
    signal(SIGPIPE, SIG_IGN);
    status = unit_run("store/db", tests, ARRAY_SIZE(tests));
    server_end(&postgres);
    return status;
}
