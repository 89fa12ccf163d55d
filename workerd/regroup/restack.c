/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/regroup/restack.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/report/limits.h"

#include "workerd/grouping/message.h"
#include "workerd/grouping/title.h"
#include "workerd/params.h"

/* --- Facts of old stacks --- */

/* What analysis.json says of a crash. False when there is none that can be read. */
static bool read_analysis(struct blob_store *store, const char *crash_id, struct arena *a,
                          struct crash_stack *s)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ANALYSIS_JSON_MAX);
    struct crash_stack found;
    struct analysis an;

    if (!store || blob_crash_read(store, crash_id, "analysis.json", &b) != 0 ||
        analysis_parse((struct str){buf_text(&b), b.len}, a, &an) < 0)
        return false;
    found = group_stack(&an);
    found.frames = s->frames;
    found.n_frames = s->n_frames;
    *s = found;
    return true;
}

/* Any of its events: the first one in the order of their ids, so that the answer is always the
 * same. */
static int find_facts(struct db *d, struct blob_store *store, int64_t stack, struct arena *a,
                      struct crash_stack *s)
{
    static const struct db_query q = {
        "regroup-old-facts",
        "SELECT e.crash_id, e.signal, p.executable FROM group_stacks g "
        "JOIN crash_events e ON e.group_id = g.group_id AND e.stack_id = g.stack_id "
        "JOIN programs p ON p.id = e.program_id WHERE g.stack_id = $1 ORDER BY 1 LIMIT 1"};
    struct number id = number(stack);
    const char *const params[] = {id.text};
    _cleanup_result_ PGresult *res = NULL;
    int r = RUN(d, q, params, &res);

    if (r || PQntuples(res) == 0 || read_analysis(store, db_text(res, 0, 0), a, s))
        return r;
    s->signal = db_int(res, 0, 1);
    s->executable = arena_strdup(a, db_text(res, 0, 2));
    return 0;
}

/* --- Grouping it --- */

/* Stacks of a group that had no key of their own: those that are alike had one, as far as anybody
 * knows today. */
static void make_lineage(const struct old_stack *old, const struct grouping *g,
                         uint8_t ret[static SHA256_SIZE])
{
    const char *kind = key_kind_name(g->keys[0].kind);

    if (old->key)
        memcpy(ret, old->key, SHA256_SIZE);
    else
        sha256(kind, strlen(kind), ret);
}

/* The title with which it was stored has the message's parameters, of which facts know nothing: it
 * stays unless more than those would change. */
static const char *make_title(const struct old_stack *old, const struct crash_stack *s,
                              const struct grouping *g, struct arena *a)
{
    const char *title = title_make(s, g, a);

    if (!cstr_empty(old->title) && strcmp(message_without_parameters(old->title, a),
                                          message_without_parameters(title, a)) == 0)
        return old->title;
    return title;
}

static void group(const struct regroup_way *way, const struct old_stack *old,
                  const struct crash_stack *s, struct arena *a, struct restacked *ret)
{
    struct grouping *g = &ret->grouping;
    struct crash_stack reduced;

    fingerprint_make(way->rules, s, a, g);
    reduced = cstr_empty(old->facts) ? stackrow_reduce(way->rules, s, g, a) : *s;
    ret->row = stackrow_make(&reduced, g, a);
    ret->unreadable = !ret->row;
    stack_keys_make(&way->splits, s, g->verdicts, g->keys, g->n_keys, a, &ret->keys);
    make_lineage(old, g, ret->lineage);
    ret->title = make_title(old, s, g, a);
    ret->title_rank = group_title_rank(s, g);
    ret->quality = group_quality(s, g);
}

int restack(struct db *d, struct blob_store *store, const struct regroup_way *way,
            const struct old_stack *old, struct arena *a, struct restacked *ret)
{
    const char *facts = cstr_empty(old->facts) ? "{}" : old->facts;
    struct crash_stack s;
    int r = 0;

    *ret = (struct restacked){.unreadable = true};
    if (stackrow_parse(str_from(old->frames), str_from(facts), a, &s) < 0 || s.n_frames == 0)
        return 0;
    if (cstr_empty(old->facts))
        r = find_facts(d, store, old->id, a, &s);
    if (r == 0)
        group(way, old, &s, a, ret);
    return r;
}
