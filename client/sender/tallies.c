/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/tallies.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/version.h"
#include "common/report/limits.h"
#include "common/report/meta.h"

#define MACHINE_ID_MAX 64
#define STATUS_TAKEN   409 /* of the same id with other bytes */

/* --- The report --- */

static void describe_host(struct arena *a, struct crash_meta *m)
{
    _cleanup_buf_ struct buf b = BUF_INIT(MACHINE_ID_MAX);
    struct utsname names;
    struct str id;

    if (uname(&names) == 0) {
        m->hostname = arena_strdup(a, names.nodename);
        m->kernel = arena_strdup(a, names.release);
        m->architecture = arena_strdup(a, names.machine);
    }
    if (io_read_file(AT_FDCWD, "/etc/machine-id", &b) == 0) {
        id = str_trim((struct str){buf_text(&b), b.len});
        if (hex_valid(id, MACHINE_ID_MAX))
            m->machine_id = arena_strndup(a, id.p, id.n);
    }
}

static const char *unless_empty(const char *text)
{
    return cstr_empty(text) ? NULL : text;
}

static void describe(const struct ledger_tally *t, struct arena *a, struct crash_meta *ret)
{
    meta_init(ret);
    ret->client = "corral-sender " CORRAL_VERSION;
    ret->fidelity = FIDELITY_COUNT;
    ret->crash_id = t->crash_id;
    ret->like = unless_empty(t->like);
    ret->kind = unless_empty(t->kind);
    ret->occurrences = t->n;
    ret->first_at = t->first_at;
    ret->crashed_at = t->last_at;
    ret->executable = unless_empty(t->path);
    ret->comm = unless_empty(t->comm);
    ret->unit = unless_empty(t->unit);
    ret->signal = t->signal;
    ret->signal_code = t->code;
    ret->pc_module = unless_empty(t->module);
    ret->pc_build_id =
        hex_valid(str_from(t->build_id), BUILD_ID_TEXT_SIZE - 1) ? t->build_id : NULL;
    if (ret->pc_module)
        ret->pc_offset = (int64_t)(t->offset & INT64_MAX);
    ret->core_problem = unless_empty(t->why);
    describe_host(a, ret);
}

/* --- The way --- */

static void log_outcome(const struct ledger_tally *t, const struct upload *u)
{
    bool done = u->verdict == UPLOAD_DONE;

    log_line(done ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
             done                           ? "counted crashes reported"
             : u->verdict == UPLOAD_REFUSED ? "the server refused a count for good; it is dropped"
                                            : "a count could not be reported and stays",
             LOG_STR("crash_id", t->crash_id), LOG_INT("occurrences", t->n),
             LOG_INT("status", u->status), LOG_STR("detail", u->detail));
}

/* What was said of another report settles nothing of this one. */
static void check_answer(const struct ledger_tally *t, struct upload *u)
{
    if (u->verdict != UPLOAD_DONE || strcmp(u->answer.crash_id, t->crash_id) == 0)
        return;
    u->verdict = UPLOAD_FAILED;
    u->detail = "the answer is about another crash: something between us mixes them up";
}

/* An id that the server knows with other bytes is this report as an earlier version of ours or an
 * earlier name of the host wrote it: it has it. */
static bool is_settled(struct upload *u)
{
    if (u->verdict == UPLOAD_REFUSED && u->status == STATUS_TAKEN)
        u->verdict = UPLOAD_DONE;
    return u->verdict == UPLOAD_DONE || u->verdict == UPLOAD_REFUSED;
}

static void send_one(const struct shipper *s, const struct ledger_tally *t, struct round *round)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(META_JSON_MAX);
    struct upload u = {.verdict = UPLOAD_FAILED};
    struct crash_meta meta;
    int r;

    describe(t, &a, &meta);
    meta_format(&meta, &b);
    r = buf_error(&b);
    if (r == 0)
        r = upload_crash(s->connection, (struct str){buf_text(&b), b.len}, -1, &a, &u);
    if (r < 0)
        u.detail = strerrordesc_np(-r);
    check_answer(t, &u);
    if (is_settled(&u))
        ledger_settle(s->ledger, t);
    log_outcome(t, &u);
    if (u.verdict != UPLOAD_REFUSED && u.verdict > round->verdict)
        round->verdict = u.verdict;
    if (u.retry_after > round->retry_after)
        round->retry_after = u.retry_after;
}

static bool takes_nothing(const struct round *round)
{
    return round->verdict == UPLOAD_UNAVAILABLE || round->verdict == UPLOAD_DENIED;
}

void tallies_flush(const struct shipper *s, bool (*stop)(void *arg), void *arg, struct round *round)
{
    struct ledger_tally t;
    size_t cursor = 0;

    while (!takes_nothing(round) && !(stop && stop(arg)) &&
           ledger_claim(s->ledger, &cursor, &t) == 0)
        send_one(s, &t, round);
}

int64_t tallies_send(struct tallies *t, const struct shipper *s, bool (*stop)(void *arg), void *arg,
                     struct round *round)
{
    int64_t now = clock_mono();

    if (ledger_pending(s->ledger) == 0) {
        if (now >= t->due)
            t->due = 0;
        return INT64_MAX;
    }
    if (t->due == 0)
        t->due = now + TALLIES_GATHER;
    if (now < t->due)
        return t->due - now;
    tallies_flush(s, stop, arg, round);
    t->due = clock_mono() + TALLIES_INTERVAL;
    return TALLIES_INTERVAL;
}
