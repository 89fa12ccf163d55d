/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/round.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"

/* For corralctl: what the last round that failed said; removed by the next one that succeeds. */
#define LAST_ERROR "last-error"

static void note_error(const struct shipper *s, const char *detail)
{
    _cleanup_buf_ struct buf b = BUF_INIT(2 * ANSWER_DETAIL_MAX);
    char now[CLOCK_TEXT_SIZE];

    clock_format(clock_now(), now);
    buf_printf(&b, "%s %s\n", now, detail);
    (void)io_replace(s->spool->dir, LAST_ERROR, buf_text(&b), b.len, 0600);
}

/* What each verdict does to the round, and how loudly it is said. */
static const struct {
    const char *message;
    enum log_level level;
    bool ends_round;
} verdicts[] = {
    [UPLOAD_DONE] = {"crash sent", LOG_LEVEL_INFO, false},
    [UPLOAD_REFUSED] = {"the server refused a crash for good; see rejected/ in the spool",
                        LOG_LEVEL_WARNING, false},
    [UPLOAD_FAILED] = {"a crash could not be sent and stays", LOG_LEVEL_WARNING, false},
    [UPLOAD_UNAVAILABLE] = {"the server takes nothing now", LOG_LEVEL_WARNING, true},
    [UPLOAD_DENIED] =
        {"the server does not accept our token: set token_file to one with scope ingest",
         LOG_LEVEL_ERROR, true},
};

static void account(const struct shipper *s, const char *id, const struct upload *u, int64_t begun,
                    struct round *round)
{
    log_line(verdicts[u->verdict].level, verdicts[u->verdict].message, LOG_STR("crash_id", id),
             LOG_INT("status", u->status), LOG_STR("detail", u->detail),
             LOG_INT("msec", (clock_mono() - begun) / USEC_PER_MSEC));
    if (u->verdict == UPLOAD_DONE || u->verdict == UPLOAD_REFUSED) {
        round->sent += u->verdict == UPLOAD_DONE;
        round->rejected += u->verdict == UPLOAD_REFUSED;
        round->left--;
        return;
    }
    note_error(s, u->detail);
    if (u->verdict > round->verdict)
        round->verdict = u->verdict;
    if (u->retry_after > round->retry_after)
        round->retry_after = u->retry_after;
}

static void send_one(const struct shipper *s, const char *id, struct round *round)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    int64_t begun = clock_mono();
    struct upload u = {0};
    int r = shipment_send(s, id, &a, &u);

    if (r == -ENOENT) { /* somebody tidied up the spool meanwhile */
        round->left--;
        return;
    }
    if (r < 0) {
        u.verdict = UPLOAD_FAILED;
        u.detail =
            arena_printf(&a, "cannot read or change it in the spool: %s", strerrordesc_np(-r));
    }
    account(s, id, &u, begun, round);
}

static size_t first_after(const struct spool_list *list, const char *id)
{
    size_t i = 0;

    while (i < list->n && strcmp(list->ids[i], id) <= 0)
        i++;
    return i < list->n ? i : 0;
}

int round_run(const struct shipper *s, const char *after, bool (*stop)(void *arg), void *arg,
              struct round *ret)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct round round = {.verdict = UPLOAD_DONE};
    struct spool_list list;
    size_t first;
    int r = spool_list(s->spool, NULL, &a, &list);

    if (r < 0)
        return r;
    round.left = list.n;
    first = first_after(&list, after);
    for (size_t i = 0; i < list.n && !verdicts[round.verdict].ends_round; i++) {
        if (stop && stop(arg))
            break;
        send_one(s, list.ids[(first + i) % list.n], &round);
        if (verdicts[round.verdict].ends_round)
            memcpy(round.ended_by, list.ids[(first + i) % list.n], UUID_TEXT_SIZE);
    }
    if (round.verdict == UPLOAD_DONE && round.left == 0)
        (void)unlinkat(s->spool->dir, LAST_ERROR, 0);
    *ret = round;
    return 0;
}
