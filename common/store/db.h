/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL through libpq: parameters always apart from the text, statements prepared on first
 * use, one connection a thread. What a failure means is told by class, so that a caller can wait,
 * run the transaction again, or give up. */
#ifndef CORRAL_STORE_DB_H
#define CORRAL_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "common/base/cleanup.h"

enum db_outcome {
    DB_UNAVAILABLE =
        1,    /* no connection, starting up, shutting down, too many clients: wait, then again */
    DB_RETRY, /* serialization failure, deadlock, or a row gone that was referred to: run the whole
                 transaction again, now */
    DB_NO_PARTITION, /* 23514 on insert: no partition for that day yet */
    DB_REFUSED,      /* anything else the server said; db_message has it */
};

struct db;

/* conninfo as of libpq ("host=/run/postgresql dbname=corral user=…"). Never connects itself. */
int db_new(const char *conninfo, struct db **ret);
void db_free(struct db *d);
/* Whether db_new would take it: for a configuration's -t. */
bool db_conninfo_valid(const char *conninfo);
/* The server's last message, one line; for logs only. */
const char *db_message(const struct db *d);

/* A statement with its text written once, in the program's queries.c. */
struct db_query {
    const char *name; /* unique in the program: the prepared statement's name */
    const char *sql;
};

/* Runs a query with text parameters (NULL is SQL NULL); connects first when there is no connection.
 * The result goes to *ret (may be NULL: dropped); the caller clears it. Inside a transaction, any
 * failure means: db_rollback. */
int db_run(struct db *d, const struct db_query *q, const char *const *params, size_t n_params,
           PGresult **ret);
/* The same for a text that was made for this call, and is not kept. */
int db_run_once(struct db *d, const char *sql, const char *const *params, size_t n_params,
                PGresult **ret);
int db_begin(struct db *d);
int db_commit(struct db *d);
/* Also drops the connection when it is broken. */
void db_rollback(struct db *d);
/* A script of several statements without parameters, for migrations only. */
int db_script(struct db *d, const char *sql);

/* Values of a result: NULL gives NULL, 0, false. Row and column must exist. */
const char *db_text(const PGresult *r, int row, int column);
int64_t db_int(const PGresult *r, int row, int column);
bool db_bool(const PGresult *r, int row, int column);
/* timestamptz selected as (extract(epoch from t) * 1e6)::bigint is plain db_int. */

DEFINE_CLEANUP(cleanup_pgresult, PGresult, PQclear)
#define _cleanup_result_ _cleanup_(cleanup_pgresult)

#endif
