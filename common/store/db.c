/* SPDX-License-Identifier: Apache-2.0 */
/* Every exchange with the server has a deadline: statements are sent without blocking and their
 * results awaited with poll(2), so that a server that stopped answering costs a caller ANSWER_USEC
 * and never for ever. (PQexec has no time limit; only migrations, which may take long, use it.) A
 * connection that failed is dropped and made again by the next call, but never inside a
 * transaction: the second half of one must not run alone. */
#include "common/store/db.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

#define ANSWER_USEC    (30 * USEC_PER_SEC)
#define CONNECT_SEC    "5"
#define BACKOFF_USEC   (250 * USEC_PER_MSEC) /* after a failed attempt to connect */
#define STATEMENTS_MAX 256                   /* of one program; more is our own bug */

struct db {
    char *conninfo;
    PGconn *conn;         /* NULL: none */
    bool in_transaction;  /* from db_begin until db_commit succeeds or db_rollback */
    int64_t next_connect; /* monotonic; not before it */
    const struct db_query *prepared[STATEMENTS_MAX]; /* on this connection */
    size_t n_prepared;
    char message[512];
};

/* --- What went wrong --- */

static void set_message(struct db *d, const char *text)
{
    snprintf(d->message, sizeof(d->message), "%s", text && *text ? text : "no message");
    for (char *p = d->message; *p; p++)
        if (*p == '\n' || *p == '\t')
            *p = ' ';
    for (size_t n = strlen(d->message); n > 0 && d->message[n - 1] == ' '; n--)
        d->message[n - 1] = '\0';
}

static void disconnect(struct db *d)
{
    PQfinish(d->conn);
    d->conn = NULL;
    d->n_prepared = 0;
}

/* By prefix of SQLSTATE (PostgreSQL, appendix A). 25006 is a standby: the one to write to is
 * elsewhere now, or soon. 26000 is a prepared statement gone, as after DISCARD ALL by a pooler.
 * 23503 is a row that was there when its number was looked up, and has been removed since. */
static const struct {
    const char *prefix;
    enum db_outcome outcome;
    bool drop; /* the connection, also where the outcome alone would keep it */
} classes[] = {
    {"08", DB_UNAVAILABLE, true}, {"53", DB_UNAVAILABLE, true},    {"57P", DB_UNAVAILABLE, true},
    {"58", DB_UNAVAILABLE, true}, {"25006", DB_UNAVAILABLE, true}, {"40001", DB_RETRY, false},
    {"40P01", DB_RETRY, false},   {"26000", DB_RETRY, true},       {"23503", DB_RETRY, false},
};

/* "no partition of relation" is a 23514 without the name of a constraint; a CHECK that was violated
 * has one. */
static bool lacks_partition(const PGresult *r, const char *state)
{
    return strcmp(state, "23514") == 0 && !PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
}

/* Names the failure and drops the connection where it is of no more use. r may be NULL: nothing
 * came back. The server's DETAIL is left out of the message: it quotes values. */
static int failure(struct db *d, const PGresult *r)
{
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;

    set_message(d,
                state ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : PQerrorMessage(d->conn));
    if (!state || PQstatus(d->conn) != CONNECTION_OK) {
        disconnect(d);
        return DB_UNAVAILABLE;
    }
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
        if (strncmp(state, classes[i].prefix, strlen(classes[i].prefix)) == 0) {
            if (classes[i].drop)
                disconnect(d);
            return classes[i].outcome;
        }
    return lacks_partition(r, state) ? DB_NO_PARTITION : DB_REFUSED;
}

static int too_late(struct db *d)
{
    set_message(d, "the server did not answer in time");
    disconnect(d);
    return DB_UNAVAILABLE;
}

/* --- One exchange --- */

/* False when the deadline has passed. */
static bool await_socket(struct db *d, short events, int64_t deadline, short *ret_ready)
{
    struct pollfd p = {.fd = PQsocket(d->conn), .events = events};
    int64_t left = deadline - clock_mono();
    int n = left > 0 ? poll(&p, 1, (int)(left / USEC_PER_MSEC) + 1) : 0;

    *ret_ready = p.revents;
    return n > 0 || (n < 0 && errno == EINTR);
}

/* A large statement may fill the socket while the server, too, waits for us to read: so both
 * directions are served. */
static int flush(struct db *d, int64_t deadline)
{
    short ready;
    int r;

    while ((r = PQflush(d->conn)) == 1) {
        if (!await_socket(d, POLLIN | POLLOUT, deadline, &ready))
            return too_late(d);
        if ((ready & POLLIN) && !PQconsumeInput(d->conn))
            return failure(d, NULL);
    }
    return r < 0 ? failure(d, NULL) : 0;
}

static int await_result(struct db *d, int64_t deadline, PGresult **ret)
{
    short ready;

    while (PQisBusy(d->conn)) {
        if (!await_socket(d, POLLIN, deadline, &ready))
            return too_late(d);
        if (!PQconsumeInput(d->conn))
            return failure(d, NULL);
    }
    *ret = PQgetResult(d->conn);
    return 0;
}

static bool succeeded(const PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* After a PQsend… that returned `sent`: the result of the one statement, or its failure. libpq
 * wants to be asked until it has no more to tell. */
static int finish(struct db *d, int sent, PGresult **ret)
{
    _cleanup_result_ PGresult *kept = NULL;
    int64_t deadline = clock_mono() + ANSWER_USEC;
    int r = sent ? flush(d, deadline) : failure(d, NULL);

    while (r == 0) {
        PGresult *next = NULL;

        r = await_result(d, deadline, &next);
        if (r || !next)
            break;
        PQclear(kept);
        kept = next;
    }
    if (r)
        return r;
    if (!kept || !succeeded(kept))
        return failure(d, kept);
    if (ret)
        *ret = TAKE_PTR(kept);
    return 0;
}

/* --- The connection --- */

static void drop_notice(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

/* Defaults stand before the configured conninfo, which may override them.
 * client_connection_check_interval ends on the server what a client has given up waiting for. */
static PGconn *open_connection(const char *conninfo)
{
    static const char options[] = "-c TimeZone=UTC -c client_min_messages=warning "
                                  "-c client_connection_check_interval=10s";
    const char *const keys[] = {"connect_timeout", "options",         "tcp_user_timeout",
                                "dbname",          "client_encoding", NULL};
    const char *const values[] = {CONNECT_SEC, options, "15000", conninfo, "UTF8", NULL};

    return PQconnectdbParams(keys, values, 1);
}

static int connect_now(struct db *d)
{
    if (clock_mono() < d->next_connect)
        return DB_UNAVAILABLE;
    d->conn = open_connection(d->conninfo);
    if (!d->conn)
        abort();
    if (PQstatus(d->conn) != CONNECTION_OK || PQsetnonblocking(d->conn, 1) != 0) {
        d->next_connect = clock_mono() + BACKOFF_USEC;
        return failure(d, NULL);
    }
    PQsetNoticeProcessor(d->conn, drop_notice, NULL);
    return 0;
}

/* Nothing is due on an idle connection, so an event is its end (a restart), or at best news of a
 * changed setting. Asking first is what makes the next statement succeed without sending any
 * statement twice. */
static bool closed_while_idle(struct db *d)
{
    struct pollfd p = {.fd = PQsocket(d->conn), .events = POLLIN};

    return poll(&p, 1, 0) != 0;
}

static int ensure_connected(struct db *d)
{
    if (d->in_transaction) {
        if (d->conn)
            return 0;
        set_message(d, "the connection was lost inside of the transaction");
        return DB_UNAVAILABLE;
    }
    if (d->conn && closed_while_idle(d))
        disconnect(d);
    return d->conn ? 0 : connect_now(d);
}

bool db_conninfo_valid(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    bool valid = options != NULL;

    PQconninfoFree(options);
    return valid;
}

int db_new(const char *conninfo, struct db **ret)
{
    struct db *d;

    if (!db_conninfo_valid(conninfo))
        return -EINVAL;
    d = calloc(1, sizeof(*d));
    if (!d)
        abort();
    d->conninfo = strdup(conninfo);
    if (!d->conninfo)
        abort();
    set_message(d, "not connected yet");
    *ret = d;
    return 0;
}

void db_free(struct db *d)
{
    if (!d)
        return;
    disconnect(d);
    free(d->conninfo);
    free(d);
}

const char *db_message(const struct db *d)
{
    return d->message;
}

/* --- Statements --- */

static int prepare(struct db *d, const struct db_query *q)
{
    int r;

    for (size_t i = 0; i < d->n_prepared; i++)
        if (d->prepared[i] == q)
            return 0;
    assert(d->n_prepared < STATEMENTS_MAX);
    r = finish(d, PQsendPrepare(d->conn, q->name, q->sql, 0, NULL), NULL);
    if (r == 0)
        d->prepared[d->n_prepared++] = q;
    return r;
}

int db_run(struct db *d, const struct db_query *q, const char *const *params, size_t n_params,
           PGresult **ret)
{
    int r = ensure_connected(d);

    if (r == 0)
        r = prepare(d, q);
    if (r)
        return r;
    return finish(d, PQsendQueryPrepared(d->conn, q->name, (int)n_params, params, NULL, NULL, 0),
                  ret);
}

int db_run_once(struct db *d, const char *sql, const char *const *params, size_t n_params,
                PGresult **ret)
{
    int r = ensure_connected(d);

    if (r)
        return r;
    return finish(d, PQsendQueryParams(d->conn, sql, (int)n_params, NULL, params, NULL, NULL, 0),
                  ret);
}

int db_begin(struct db *d)
{
    int r;

    assert(!d->in_transaction);
    r = ensure_connected(d);
    if (r == 0)
        r = finish(d, PQsendQuery(d->conn, "BEGIN"), NULL);
    if (r == 0)
        d->in_transaction = true;
    return r;
}

int db_commit(struct db *d)
{
    _cleanup_result_ PGresult *result = NULL;
    int r;

    assert(d->in_transaction);
    r = ensure_connected(d);
    if (r == 0)
        r = finish(d, PQsendQuery(d->conn, "COMMIT"), &result);
    if (r)
        return r;
    d->in_transaction = false;
    /* COMMIT of a transaction that had failed succeeds, as a ROLLBACK. */
    if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        set_message(d, "the transaction had failed and was rolled back");
        return DB_REFUSED;
    }
    return 0;
}

void db_rollback(struct db *d)
{
    if (d->in_transaction && d->conn)
        (void)finish(d, PQsendQuery(d->conn, "ROLLBACK"), NULL);
    d->in_transaction = false;
    if (d->conn && PQtransactionStatus(d->conn) != PQTRANS_IDLE)
        disconnect(d);
}

int db_script(struct db *d, const char *sql)
{
    _cleanup_result_ PGresult *result = NULL;
    int r = ensure_connected(d);

    if (r)
        return r;
    result = PQexec(d->conn, sql);
    if (result && (succeeded(result) || PQresultStatus(result) == PGRES_EMPTY_QUERY))
        return 0;
    return failure(d, result);
}

/* --- Values --- */

const char *db_text(const PGresult *r, int row, int column)
{
    assert(row >= 0 && row < PQntuples(r) && column >= 0 && column < PQnfields(r));
    return PQgetisnull(r, row, column) ? NULL : PQgetvalue(r, row, column);
}

int64_t db_int(const PGresult *r, int row, int column)
{
    const char *text = db_text(r, row, column);

    return text ? strtoll(text, NULL, 10) : 0;
}

bool db_bool(const PGresult *r, int row, int column)
{
    const char *text = db_text(r, row, column);

    return text && *text == 't';
}
