/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/id.h"

struct number number(int64_t n)
{
    struct number t;

    snprintf(t.text, sizeof(t.text), "%" PRId64, n);
    return t;
}

struct digest_text digest_text(const uint8_t digest[SHA256_SIZE])
{
    struct digest_text t = {"\\x"};

    hex_encode(digest, SHA256_SIZE, t.text + 2);
    return t;
}

const char *text_at(struct arena *a, const PGresult *r, int row, int column)
{
    return arena_strdup(a, db_text(r, row, column));
}

uint64_t count_at(const PGresult *r, int row, int column)
{
    int64_t n = db_int(r, row, column);

    return n < 0 ? 0 : (uint64_t)n;
}

static void read_rows(const PGresult *res, struct arena *a, row_reader *read, size_t size,
                      void *ret_rows, size_t *ret_n)
{
    size_t n = (size_t)PQntuples(res);
    char *rows = arena_calloc(a, n, size);

    for (size_t i = 0; i < n; i++)
        read(a, res, (int)i, rows + i * size);
    *(void **)ret_rows = rows;
    *ret_n = n;
}

int rows_fetch(struct db *d, const struct db_query *q, const char *const *params, size_t n_params,
               struct arena *a, row_reader *read, size_t size, void *ret_rows, size_t *ret_n)
{
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, q, params, n_params, &res);

    if (r == 0)
        read_rows(res, a, read, size, ret_rows, ret_n);
    return r;
}

int rows_fetch_once(struct db *d, const char *sql, const char *const *params, size_t n_params,
                    struct arena *a, row_reader *read, size_t size, void *ret_rows, size_t *ret_n)
{
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run_once(d, sql, params, n_params, &res);

    if (r == 0)
        read_rows(res, a, read, size, ret_rows, ret_n);
    return r;
}

int rows_fetch_one(struct db *d, const struct db_query *q, const char *const *params,
                   size_t n_params, struct arena *a, row_reader *read, size_t size, void *ret)
{
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, q, params, n_params, &res);

    if (r)
        return r;
    memset(ret, 0, size);
    if (PQntuples(res) > 0)
        read(a, res, 0, ret);
    return 0;
}

int rows_into(struct db *d, const struct db_query *q, const char *const *params, size_t n_params,
              row_reader *read, void *ret)
{
    _cleanup_result_ PGresult *res = NULL;
    int r = db_run(d, q, params, n_params, &res);

    if (!r && PQntuples(res) > 0)
        read(NULL, res, 0, ret);
    return r;
}
