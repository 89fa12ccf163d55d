/* SPDX-License-Identifier: Apache-2.0 */
/* Between C values and PostgreSQL's texts: parameters are made of numbers and digests, rows of a
 * result become structs in an arena, so that no text outlives its PGresult. */
#ifndef CORRAL_DASHD_ROWS_H
#define CORRAL_DASHD_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/store/db.h"

/* A parameter: a number as text. */
struct number {
    char text[24];
};
struct number number(int64_t n);

/* A parameter: bytea in its hexadecimal form. */
struct digest_text {
    char text[3 + 2 * SHA256_SIZE];
};
struct digest_text digest_text(const uint8_t digest[SHA256_SIZE]);

/* A value as a copy in the arena, NULL for NULL; as a count, never negative. */
const char *text_at(struct arena *a, const PGresult *r, int row, int column);
uint64_t count_at(const PGresult *r, int row, int column);

/* Reads one row of a result into a zeroed struct of the query's own. */
typedef void row_reader(struct arena *a, const PGresult *res, int row, void *ret);

/* All rows as an array of elements of that size in the arena. An outcome of db.h. */
int rows_fetch(struct db *d, const struct db_query *q, const char *const *params, size_t n_params,
               struct arena *a, row_reader *read, size_t size, void *ret_rows, size_t *ret_n);
/* The same for a text that was made for this call (db_run_once). */
int rows_fetch_once(struct db *d, const char *sql, const char *const *params, size_t n_params,
                    struct arena *a, row_reader *read, size_t size, void *ret_rows, size_t *ret_n);
/* The first row; all zero when there is none. */
int rows_fetch_one(struct db *d, const struct db_query *q, const char *const *params,
                   size_t n_params, struct arena *a, row_reader *read, size_t size, void *ret);
/* The first row, of numbers alone, into a struct that may hold others already. */
int rows_into(struct db *d, const struct db_query *q, const char *const *params, size_t n_params,
              row_reader *read, void *ret);

/* For statements: timestamptz to microseconds, and back. */
#define USEC(t)    "(extract(epoch FROM " t ") * 1000000)::bigint"
#define TIME(text) "to_timestamp(" text "::bigint / 1000000.0)"

#define RUN(d, q, params, ret) db_run((d), &(q), (params), ARRAY_SIZE(params), (ret))
/* For a list that has the members rows and n, and for a single struct. */
#define FETCH(d, q, params, a, read, list)                                                         \
    rows_fetch((d), &(q), (params), ARRAY_SIZE(params), (a), (read), sizeof(*(list)->rows),        \
               &(list)->rows, &(list)->n)
#define FETCH_ONE(d, q, params, a, read, ret)                                                      \
    rows_fetch_one((d), &(q), (params), ARRAY_SIZE(params), (a), (read), sizeof(*(ret)), (ret))

/* Runs work in a transaction: commits when it returned 0, else rolls back. */
#define IN_TRANSACTION(d, work)                                                                    \
    ({                                                                                             \
        int r_ = db_begin(d);                                                                      \
        if (!r_)                                                                                   \
            r_ = (work);                                                                           \
        if (!r_)                                                                                   \
            r_ = db_commit(d);                                                                     \
        if (r_)                                                                                    \
            db_rollback(d);                                                                        \
        r_;                                                                                        \
    })

#endif
