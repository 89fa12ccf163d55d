/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/shipment.h"

#include <errno.h>
#include <string.h>

#include "client/sender/eviction.h"
#include "client/sender/journal.h"
#include "client/sender/modules.h"
#include "common/report/limits.h"
#include "common/report/meta.h"

struct shipment {
    const struct shipper *shipper;
    struct entry entry;
    struct arena *arena;
    struct buf text; /* meta.json */
    struct crash_meta meta;
};

static int open_shipment(const struct shipper *shipper, const char *id, struct arena *a,
                         struct shipment *ret)
{
    struct meta_error error;
    struct shipment s = {
        .shipper = shipper, .entry = ENTRY_CLOSED, .arena = a, .text = BUF_INIT(META_JSON_MAX)};
    int r = entry_open(shipper->spool, id, &s.entry);

    if (r == 0) {
        r = entry_read_meta(&s.entry, &s.text);
        if (r == -ENOENT) /* it is there, but damaged: not one that somebody took away */
            r = -ENODATA;
    }
    if (r < 0) {
        entry_close(&s.entry);
        buf_fini(&s.text);
        return r;
    }
    /* A report that we can't read is for the server to refuse. */
    if (meta_parse((struct str){buf_text(&s.text), s.text.len}, a, &s.meta, &error) != 0)
        meta_init(&s.meta);
    *ret = s;
    return 0;
}

static void close_shipment(struct shipment *s)
{
    entry_close(&s->entry);
    buf_fini(&s->text);
}

static bool has_full(const struct shipment *s)
{
    _cleanup_fd_ int fd = -1;

    return entry_open_full(&s->entry, &fd) == 0;
}

/* --- Report and core --- */

static int acknowledge(const struct shipment *s, const struct answer *answer)
{
    const struct module_list list = {s->shipper, &s->meta, s->arena};
    _cleanup_buf_ struct buf wanted = BUF_INIT(ENTRY_WANTED_MAX);
    int r;

    if (s->shipper->ledger && s->meta.kind && answer->core != FIDELITY_UNSAID)
        ledger_want(s->shipper->ledger, s->meta.kind, answer->core);
    modules_note_debuginfo(&list); /* while copies are on the shelf */
    if (answer->crash_id)          /* else it said nothing of modules */
        modules_mark_known(&list, answer);
    for (size_t i = 0; i < answer->n_modules; i++)
        buf_printf(&wanted, "%s\n", answer->modules[i]);
    if (wanted.len == 0 && !has_full(s))
        return entry_remove(&s->entry);
    r = entry_acknowledge(&s->entry, (struct str){buf_text(&wanted), wanted.len});
    return r < 0 ? r : SHIPMENT_LEFT;
}

static int reject(const struct shipment *s, const struct upload *u)
{
    _cleanup_buf_ struct buf reason = BUF_INIT(2 * ANSWER_DETAIL_MAX);

    buf_printf(&reason, "%ld %s\n", u->status, u->detail);
    return entry_reject(&s->entry, (struct str){buf_text(&reason), reason.len});
}

/* The server took it with its core, the answer was lost, and then the core was given up here: now
 * it calls it another one. It has the better one. */
static bool was_taken_before(const struct shipment *s, const struct upload *u)
{
    return u->status == 409 && s->meta.core_problem &&
           strcmp(s->meta.core_problem, EVICTION_WORDS) == 0;
}

/* A disk that is full takes no words about the core that was given up to make room. The server
 * would refuse, for good, a crash that has neither a core nor a reason. */
static void explain_missing_core(struct shipment *s)
{
    if (s->meta.core_problem || !s->meta.crash_id)
        return;
    s->meta.core_problem = EVICTION_WORDS;
    s->meta.fidelity = FIDELITY_META;
    buf_clear(&s->text);
    meta_format(&s->meta, &s->text);
}

static int post(struct shipment *s, struct upload *u)
{
    _cleanup_fd_ int core = -1;
    int r = entry_open_core(&s->entry, &core);

    if (r == ENTRY_NONE)
        explain_missing_core(s);
    if (r >= 0)
        r = buf_error(&s->text);
    if (r < 0)
        return r;
    journal_add(&s->meta, s->shipper->settings, s->arena, &s->text);
    r = upload_crash(s->shipper->connection, (struct str){buf_text(&s->text), s->text.len}, core,
                     s->arena, u);
    if (r < 0)
        return r;
    if (u->verdict == UPLOAD_DONE && strcmp(u->answer.crash_id, s->entry.id) != 0) {
        u->verdict = UPLOAD_FAILED;
        u->detail = "the answer is about another crash: something between us mixes them up";
    }
    if (u->verdict == UPLOAD_REFUSED && was_taken_before(s, u))
        *u = (struct upload){.verdict = UPLOAD_DONE, .status = u->status};
    if (u->verdict == UPLOAD_DONE)
        return acknowledge(s, &u->answer);
    return u->verdict == UPLOAD_REFUSED ? reject(s, u) : 0;
}

int shipment_post(const struct shipper *shipper, const char *id, struct arena *a,
                  struct upload *ret)
{
    struct shipment s;
    int r;

    if (entry_is_acknowledged(shipper->spool, id))
        return SHIPMENT_NOTHING;
    r = open_shipment(shipper, id, a, &s);
    if (r < 0)
        return r;
    r = post(&s, ret);
    close_shipment(&s);
    return r;
}

/* --- Modules --- */

/* Then the entry is done with, or waits for its full core. */
static int send_modules(const struct shipment *s, struct str wanted, struct upload *u)
{
    const struct module_list list = {s->shipper, &s->meta, s->arena};
    int r = modules_send(&list, wanted, u);

    if (r == MODULES_LATER)
        return SHIPMENT_LEFT;
    if (r < 0 || u->verdict != UPLOAD_DONE)
        return r;
    if (!has_full(s))
        return entry_remove(&s->entry);
    r = entry_acknowledge(&s->entry, STR(""));
    return r < 0 ? r : SHIPMENT_LEFT;
}

int shipment_modules(const struct shipper *shipper, const char *id, struct arena *a,
                     struct upload *ret)
{
    _cleanup_buf_ struct buf wanted = BUF_INIT(ENTRY_WANTED_MAX);
    struct shipment s;
    int r;

    if (!entry_is_acknowledged(shipper->spool, id))
        return SHIPMENT_NOTHING;
    r = open_shipment(shipper, id, a, &s);
    if (r < 0)
        return r;
    r = entry_read_wanted(&s.entry, &wanted);
    if (r == 0 && wanted.len == 0 && has_full(&s))
        r = SHIPMENT_NOTHING;
    else if (r == 0)
        r = send_modules(&s, (struct str){buf_text(&wanted), wanted.len}, ret);
    close_shipment(&s);
    return r;
}
