/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the crash is kept: what the configuration allows at most, then what the budgets of
 * its kind have left. */
#include <string.h>

#include "client/process/facts.h"
#include "client/handler/key.h"
#include "client/handler/steps.h"

#define CORE_LIMIT_MIN 4096 /* a RLIMIT_CORE below is how people say no */

static const char *reason_for_no_core(const struct capture *c)
{
    if (!settings_wants_core(&c->settings))
        return "the configuration of the host wants no cores";
    if (c->core_limit < CORE_LIMIT_MIN)
        return "the process wanted no core (RLIMIT_CORE)";
    if (!c->has_core && c->head.bytes.len > 0)
        return "no core that is understood: its secrets could not be blanked";
    return NULL;
}

/* Small cores are kept whole; larger ones when the server asks for the next of that kind. */
static enum fidelity automatic(const struct capture *c)
{
    int64_t expected = c->head.expected;

    if (expected == META_UNKNOWN || expected <= (int64_t)c->settings.auto_full_max)
        return FIDELITY_FULL;
    if (c->ledger && ledger_wanted(c->ledger, &c->crash.kind) == FIDELITY_FULL &&
        expected <= (int64_t)c->settings.core_max)
        return FIDELITY_FULL;
    return FIDELITY_SLIM;
}

static enum fidelity most(const struct capture *c)
{
    enum fidelity f;

    if (c->meta.core_problem)
        return FIDELITY_META;
    if (strcmp(c->settings.core, "slim") == 0)
        f = FIDELITY_SLIM;
    else if (strcmp(c->settings.core, "full") == 0)
        f = FIDELITY_FULL;
    else
        f = automatic(c);
    /* The memory of a set-uid program holds what its caller may not read: stacks will do, and
     * without /proc there is only the whole of it or nothing. */
    if (c->args->dump_mode == 2 && !c->known)
        return FIDELITY_META;
    return c->meta.restricted && c->known && f > FIDELITY_SLIM ? FIDELITY_SLIM : f;
}

static void describe(struct capture *c)
{
    struct slim_source source = memory_source(&c->memory);
    struct crash_meta *m = &c->meta;

    if (c->known)
        process_tell(&c->process, &c->settings, &c->arena, m, &c->privacy);
    else if (c->has_core)
        privacy_from_core(&c->core, &c->settings, &c->arena, &c->privacy);
    if (!c->has_core) {
        c->crash = (struct ledger_case){.path = m->executable,
                                        .comm = m->comm,
                                        .unit = m->unit,
                                        .signal = m->signal,
                                        .code = META_UNKNOWN};
        key_unseen(m->executable, m->comm, m->signal, &c->crash.kind);
        key_container(m, &c->crash.container);
        return;
    }
    privacy_rewrite_head(&c->core, c->head.bytes.data, c->head.bytes.len, c->privacy.arguments);
    copies_blank(c->privacy.copies, c->head.bytes.data, c->head.bytes.len);
    facts_from_core(&c->core, &c->arena, m);
    key_read(&c->core, &source, m, &c->arena, &c->crash);
    key_text(&c->crash.kind, c->kind);
    m->kind = c->kind;
    m->signal_code = c->crash.code;
}

void decide(struct capture *c)
{
    describe(c);
    c->meta.core_problem = reason_for_no_core(c);
    c->fidelity = most(c);
    if (c->ledger)
        c->fidelity = ledger_ask(c->ledger, &c->crash, c->fidelity, c->meta.crashed_at);
}
