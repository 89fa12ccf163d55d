/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
/* Against a PostgreSQL of its own, which is taken away in the course. */
#include "ingestd/auth.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/store/db.h"
#include "tests/lib/server.h"
#include "tests/lib/unit.h"

#define OFTEN  (10 * USEC_PER_MSEC)
#define INGEST "corral_ingest_0123456789"
#define READ   "corral_read_0123456789"

static struct server postgres;
static char conninfo[128], snapshot[96];

static void sql(const char *text)
{
    struct db *d;

    ck_assert_int_eq(db_new(conninfo, &d), 0);
    ck_assert_msg(db_script(d, text) == 0, "%s", db_message(d));
    db_free(d);
}

static void add_token(const char *scope, const char *token)
{
    char text[300];

    snprintf(text, sizeof(text),
             "INSERT INTO api_tokens (name, scope, digest) VALUES ('test', '%s', sha256('%s'))",
             scope, token);
    sql(text);
}

static struct auth *start(void)
{
    struct auth *a;

    ck_assert_int_eq(auth_new(conninfo, snapshot, OFTEN, &a), 0);
    return a;
}

/* Until the answer is that one: a refresh is on its way, and the time limit of the test is the
 * limit. */
static void await(struct auth *a, const char *token, unsigned scopes, int expected)
{
    struct token t;

    while (auth_check(a, token, scopes, &t) != expected)
        clock_sleep(OFTEN);
}

START_TEST(follows_the_database)
{
    struct auth *a = start();
    struct token t;

    await(a, INGEST, SCOPE_INGEST, AUTH_UNKNOWN);
    ck_assert(auth_ready(a) && auth_database_up(a)); /* no token at all is an answer, too */
    ck_assert_int_eq(auth_check(a, NULL, SCOPE_INGEST, &t), AUTH_UNKNOWN);
    add_token("ingest", INGEST);
    add_token("read", READ);
    await(a, INGEST, SCOPE_INGEST, 0);
    ck_assert_int_eq(auth_check(a, INGEST, SCOPE_INGEST, &t), 0);
    ck_assert_str_eq(t.id, "1");
    await(a, READ, SCOPE_INGEST, AUTH_DENIED);
    sql("UPDATE api_tokens SET revoked_at = now() WHERE scope = 'ingest'");
    await(a, INGEST, SCOPE_INGEST, AUTH_UNKNOWN);
    sql("UPDATE api_tokens SET revoked_at = NULL, expires_at = now() - '1s'::interval");
    await(a, READ, SCOPE_READ, AUTH_UNKNOWN);
    auth_free(a);
    auth_free(NULL);
}
END_TEST

START_TEST(starts_from_the_snapshot)
{
    struct auth *a = start();
    struct token t;

    sql("DELETE FROM api_tokens");
    add_token("ingest", INGEST);
    await(a, INGEST, SCOPE_INGEST, 0);
    auth_free(a);

    strcpy(conninfo, "host=/nonexistent dbname=postgres");
    a = start();
    ck_assert(auth_ready(a));
    ck_assert_int_eq(auth_check(a, INGEST, SCOPE_INGEST, &t), 0);
    while (auth_database_up(a))
        clock_sleep(OFTEN);
    ck_assert_int_eq(auth_check(a, INGEST, SCOPE_INGEST, &t), 0);
    auth_free(a);
}
END_TEST

START_TEST(knows_nothing_without_either)
{
    struct auth *a;
    struct token t;

    strcpy(conninfo, "host=/nonexistent dbname=postgres");
    strcat(snapshot, ".none");
    a = start();
    while (auth_database_up(a))
        clock_sleep(OFTEN);
    ck_assert(!auth_ready(a));
    ck_assert_int_eq(auth_check(a, INGEST, SCOPE_INGEST, &t), AUTH_NOT_READY);
    auth_free(a);
    ck_assert_int_eq(auth_new("no conninfo", snapshot, OFTEN, &a), -EINVAL);
}
END_TEST

/* The part of the schema that is read here. */
static void make_table(void)
{
    struct db *d;

    if (db_new(conninfo, &d) != 0 ||
        db_script(d, "CREATE TABLE api_tokens (id integer GENERATED ALWAYS AS IDENTITY PRIMARY "
                     "KEY, name text NOT NULL,"
                     " scope text NOT NULL, digest bytea NOT NULL UNIQUE, expires_at timestamptz, "
                     "revoked_at timestamptz)") != 0)
        abort();
    db_free(d);
}

int main(void)
{
    const struct unit_test tests[] = {
        {follows_the_database, 1},
        {starts_from_the_snapshot, 1},
        {knows_nothing_without_either, 1},
    };
    int status;

    if (!server_postgres(&postgres, &status))
        return status;
    signal(SIGPIPE, SIG_IGN);
    snprintf(conninfo, sizeof(conninfo), "host=%s dbname=postgres user=postgres", postgres.address);
    snprintf(snapshot, sizeof(snapshot), "%s/tokens.json", postgres.folder);
    make_table();
    status = unit_run("ingestd/auth", tests, ARRAY_SIZE(tests));
    server_end(&postgres);
    return status;
}
