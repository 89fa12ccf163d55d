/* SPDX-License-Identifier: Apache-2.0 */
/* In this order: who sent the signal, if somebody else did; the fault whose handler then gave up;
 * what the program said; what the processor refused; what is known of the signal alone. */
#include "workerd/cause/cause.h"

#include "common/base/cleanup.h"
#include "workerd/cause/handled.h"
#include "workerd/cause/rules.h"
#include "workerd/cause/words.h"

static void begin(struct finding *ret, const struct facts *f)
{
    *ret = (struct finding){.facts = f,
                            .pointer = REGISTER_NONE,
                            .frame = SIZE_MAX,
                            .message = f->in->analysis->message};
}

static const struct rule *find_rule(const struct rule *rules, struct finding *f,
                                    enum verdict *ret_verdict)
{
    const struct facts *facts = f->facts;

    for (const struct rule *r = rules; r->name; r++) {
        if (r->signal != 0 && r->signal != facts->signal)
            continue;
        begin(f, facts);
        *ret_verdict = r->when(f);
        if (*ret_verdict != VERDICT_NO)
            return r;
    }
    return NULL;
}

static void tell(const struct rule *r, enum verdict v, const struct finding *f, struct cause *ret)
{
    const struct cause_input *in = f->facts->in;
    struct evidence list[ANALYSIS_EVIDENCE_MAX];
    _cleanup_buf_ struct buf b = BUF_INIT(WORDS_MAX);

    words_sentence(r->sentence, f, &b);
    if (f->facts->handled)
        buf_adds(&b, "; a handler of the signal then ended the program");
    if (buf_error(&b) < 0)
        return;
    size_t n = words_evidence(r->evidence, f, in->arena, list);

    *ret = (struct cause){
        .rule = r->name,
        .sentence = arena_strndup(in->arena, buf_text(&b), b.len),
        .certainty = v == VERDICT_CERTAIN ? CAUSE_CERTAIN : CAUSE_LIKELY,
        .evidence = arena_memdup(in->arena, list, n * sizeof *list),
        .n_evidence = n,
        .exception = f->type,
        .handled = f->facts->handled ? f->facts->signal : 0,
    };
}

static bool try_rules(const struct rule *rules, const struct facts *f, struct cause *ret)
{
    struct finding finding;
    enum verdict verdict;

    begin(&finding, f);
    const struct rule *r = find_rule(rules, &finding, &verdict);

    if (r)
        tell(r, verdict, &finding, ret);
    return r != NULL;
}

static bool is_fault(int signal)
{
    return signal == FACT_SIGSEGV || signal == FACT_SIGBUS || signal == FACT_SIGFPE ||
           signal == FACT_SIGILL || signal == FACT_SIGTRAP;
}

/* Rules of faults are for those that the kernel raised. */
static bool try_fault(struct facts *f, struct cause *ret)
{
    if (f->code <= 0 || !is_fault(f->signal))
        return false;
    facts_complete(f);
    return (!f->handled || handled_fits(f)) && try_rules(fault_rules, f, ret);
}

static bool try_handled(const struct facts *f, struct cause *ret)
{
    struct facts first;

    if (f->code > 0)
        return false;
    return (handled_gather(f, &first) || handled_again(f, &first)) && try_fault(&first, ret);
}

static bool try_said(const struct facts *f, struct cause *ret)
{
    struct finding finding;
    struct rule rule;

    begin(&finding, f);
    if (!said_rule(&finding, f->in->arena, &rule))
        return false;
    tell(&rule, VERDICT_CERTAIN, &finding, ret);
    return true;
}

static bool is_from_another(const struct facts *f)
{
    const struct image *i = f->in->image;

    return f->code <= 0 && i->has_sender && i->pid > 0 && i->sender != i->pid;
}

void cause_find(const struct cause_input *in, struct cause *ret)
{
    struct facts f;

    if (!facts_gather(in, &f))
        return;
    if (is_from_another(&f)) {
        try_rules(signal_rules, &f, ret);
        return;
    }
    if (!try_handled(&f, ret) && !try_said(&f, ret) && !try_fault(&f, ret))
        try_rules(signal_rules, &f, ret);
}
