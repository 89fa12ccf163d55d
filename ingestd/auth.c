/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/store/db.h"

#include "ingestd/queries.h"
#include "ingestd/ticker.h"

#define SNAPSHOT_MODE 0600
#define USED_USEC     (60 * USEC_PER_SEC) /* a token's last use is exact to this */

struct auth {
    struct db *db; /* the ticker's own */
    char *path;
    int64_t refresh_usec;
    struct ticker ticker;
    int64_t next_used;       /* monotonic: of the ticker alone */
    pthread_mutex_t lock;    /* over all below */
    struct tokens *tokens;   /* NULL: none known yet */
    struct tokens_used used; /* since it was told */
    bool database_up;
};

/* --- Taking over a new set --- */

static void use(struct auth *a, struct tokens *new)
{
    struct tokens *old;

    pthread_mutex_lock(&a->lock);
    old = a->tokens;
    a->tokens = new;
    pthread_mutex_unlock(&a->lock);
    tokens_free(old);
}

/* Only the ticker replaces the set, so it may read it without the lock. */
static bool differs(const struct auth *a, const struct buf *text)
{
    _cleanup_buf_ struct buf current;

    buf_init(&current, TOKENS_JSON_MAX);
    if (!a->tokens)
        return true;
    tokens_format(a->tokens, &current);
    return current.len != text->len || memcmp(current.data, text->data, text->len) != 0;
}

static void keep(struct auth *a, struct tokens *new)
{
    _cleanup_buf_ struct buf text;
    int r = 0;

    buf_init(&text, TOKENS_JSON_MAX);
    tokens_format(new, &text);
    if (buf_error(&text) == 0 && differs(a, &text))
        r = io_publish(AT_FDCWD, a->path, text.data, text.len, SNAPSHOT_MODE);
    if (r < 0)
        log_warning("cannot keep the tokens on disk", LOG_STR("path", a->path), LOG_ERRNO(r));
    use(a, new);
}

static void load_snapshot(struct auth *a)
{
    _cleanup_buf_ struct buf text;
    struct tokens *t;
    int r;

    buf_init(&text, TOKENS_JSON_MAX);
    r = io_read_file(AT_FDCWD, a->path, &text);
    if (r == 0)
        r = tokens_parse((struct str){buf_text(&text), text.len}, &t);
    if (r == 0)
        use(a, t);
    else
        log_info("no tokens on disk, waiting for PostgreSQL", LOG_STR("path", a->path),
                 LOG_ERRNO(r));
}

/* --- The ticker's turn --- */

static struct tokens *tokens_of(const PGresult *rows)
{
    struct tokens *t = tokens_new();

    for (int i = 0; i < PQntuples(rows); i++)
        if (tokens_add(t, db_text(rows, i, 0), db_text(rows, i, 1), db_text(rows, i, 2),
                       db_int(rows, i, 3)) < 0)
            log_warning("passed over a token", LOG_STR("id", db_text(rows, i, 0)));
    tokens_seal(t);
    return t;
}

/* Said once when it changes, not at each refresh. */
static void note_database(struct auth *a, bool up)
{
    bool before;

    pthread_mutex_lock(&a->lock);
    before = a->database_up;
    a->database_up = up;
    pthread_mutex_unlock(&a->lock);
    if (before && !up)
        log_warning("PostgreSQL is away, tokens are not refreshed",
                    LOG_STR("reason", db_message(a->db)));
    if (!before && up)
        log_info("tokens refreshed");
}

/* A use that is lost with a failure is none that matters: the next one is a minute away. */
static void tell_used(struct auth *a)
{
    _cleanup_buf_ struct buf ids = BUF_INIT(TOKENS_USED_MAX * (TOKEN_ID_SIZE + 1) + 2);
    const char *params[1];
    bool any;

    if (clock_mono() < a->next_used)
        return;
    pthread_mutex_lock(&a->lock);
    any = a->used.n > 0;
    tokens_used_take(&a->used, &ids);
    pthread_mutex_unlock(&a->lock);
    if (!any)
        return;
    a->next_used = clock_mono() + USED_USEC;
    params[0] = buf_text(&ids);
    (void)db_run(a->db, &query_tokens_used, params, 1, NULL);
}

static int64_t refresh(void *arg)
{
    struct auth *a = arg;
    _cleanup_result_ PGresult *rows = NULL;
    int r;

    if (ticker_stopping(&a->ticker))
        return 0;
    r = db_run(a->db, &query_tokens, NULL, 0, &rows);
    note_database(a, r == 0);
    if (r == 0) {
        keep(a, tokens_of(rows));
        tell_used(a);
    }
    return clock_mono() + a->refresh_usec;
}

/* --- Life --- */

int auth_new(const char *conninfo, const char *path, int64_t refresh_usec, struct auth **ret)
{
    struct auth *a = calloc(1, sizeof(*a));
    int r;

    if (!a)
        abort();
    ticker_init(&a->ticker);
    pthread_mutex_init(&a->lock, NULL);
    a->refresh_usec = refresh_usec;
    a->database_up = true; /* so that the first failure is said */
    a->path = strdup(path);
    if (!a->path)
        abort();
    r = db_new(conninfo, &a->db);
    if (r == 0) {
        load_snapshot(a);
        r = ticker_start(&a->ticker, refresh, a);
    }
    if (r < 0) {
        auth_free(a);
        return r;
    }
    *ret = a;
    return 0;
}

void auth_free(struct auth *a)
{
    if (!a)
        return;
    ticker_fini(&a->ticker);
    pthread_mutex_destroy(&a->lock);
    db_free(a->db);
    tokens_free(a->tokens);
    free(a->path);
    free(a);
}

/* --- Questions --- */

int auth_check(struct auth *a, const char *token, unsigned scopes, struct token *ret)
{
    const struct token *found = NULL;
    int r = 0;

    pthread_mutex_lock(&a->lock);
    if (!a->tokens)
        r = AUTH_NOT_READY;
    else if (!token || !(found = tokens_find(a->tokens, token, clock_now())))
        r = AUTH_UNKNOWN;
    else if (!token_allows(found, scopes))
        r = AUTH_DENIED;
    else {
        tokens_used_note(&a->used, found);
        *ret = *found;
    }
    pthread_mutex_unlock(&a->lock);
    return r;
}

bool auth_ready(struct auth *a)
{
    bool ready;

    pthread_mutex_lock(&a->lock);
    ready = a->tokens != NULL;
    pthread_mutex_unlock(&a->lock);
    return ready;
}

bool auth_database_up(struct auth *a)
{
    bool up;

    pthread_mutex_lock(&a->lock);
    up = a->database_up;
    pthread_mutex_unlock(&a->lock);
    return up;
}
