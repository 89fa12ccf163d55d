/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that somebody sent: another process, the kernel for a limit or a filter, the program
 * itself. */
#include "workerd/cause/rules.h"

static enum verdict has_code(const struct finding *f, int code)
{
    return f->facts->code == code ? VERDICT_CERTAIN : VERDICT_NO;
}

static enum verdict is_refused_call(struct finding *f)
{
    return f->facts->in->image->has_call ? has_code(f, 1) : VERDICT_NO;
}

static enum verdict is_cpu_limit(struct finding *f)
{
    return has_code(f, FACT_SI_KERNEL);
}

/* The kernel sends it as if the process had done so itself. */
static enum verdict is_file_limit(struct finding *f)
{
    const struct image *i = f->facts->in->image;

    return i->has_sender && i->sender == i->pid && f->facts->code == FACT_SI_USER ? VERDICT_LIKELY
                                                                                  : VERDICT_NO;
}

static enum verdict is_quit_key(struct finding *f)
{
    return has_code(f, FACT_SI_KERNEL);
}

static bool was_sent(const struct finding *f)
{
    return f->facts->code <= 0 && !f->facts->handled && f->facts->in->image->has_sender &&
           f->facts->in->image->pid > 0;
}

static enum verdict is_from_init(struct finding *f)
{
    const struct image *i = f->facts->in->image;

    return was_sent(f) && i->sender == 1 && i->pid != 1 ? VERDICT_LIKELY : VERDICT_NO;
}

static enum verdict is_from_outside(struct finding *f)
{
    return was_sent(f) && f->facts->in->image->sender == 0 ? VERDICT_CERTAIN : VERDICT_NO;
}

static enum verdict is_from_other(struct finding *f)
{
    const struct image *i = f->facts->in->image;

    return was_sent(f) && i->sender != i->pid ? VERDICT_CERTAIN : VERDICT_NO;
}

static enum verdict is_raised(struct finding *f)
{
    const struct image *i = f->facts->in->image;

    return was_sent(f) && i->sender == i->pid ? VERDICT_CERTAIN : VERDICT_NO;
}

static enum verdict is_timer(struct finding *f)
{
    return has_code(f, FACT_SI_TIMER);
}

/* clang-format off */
const struct rule signal_rules[] = {
    {"system-call-refused", FACT_SIGSYS, is_refused_call,
     "The system call {call} is not allowed: a filter (seccomp) stopped the program", EVIDENCE_CALL},
    {"cpu-limit", FACT_SIGXCPU, is_cpu_limit, "The limit of processor time (RLIMIT_CPU) was reached", 0},
    {"file-size-limit", FACT_SIGXFSZ, is_file_limit, "A file was to become larger than RLIMIT_FSIZE allows", EVIDENCE_CALLER},
    {"quit-key", FACT_SIGQUIT, is_quit_key, "SIGQUIT from the terminal: somebody pressed the quit key (Ctrl-\\)", 0},
    {"watchdog", FACT_SIGABRT, is_from_init,
     "Process 1 sent SIGABRT: systemd does so when a service does not answer its watchdog in time", EVIDENCE_SENDER},
    {"sent-from-outside", 0, is_from_outside, "A process outside of this container, or the kernel, sent {signal}", EVIDENCE_SENDER},
    {"sent", 0, is_from_other, "Process {sender} sent {signal}", EVIDENCE_SENDER},
    {"timer", 0, is_timer, "A timer of the program's own (timer_create()) sent {signal}", 0},
    {"raised", 0, is_raised, "The program sent {signal} to itself{from}", EVIDENCE_SENDER | EVIDENCE_CALLER},
    {.name = NULL},
};
/* clang-format on */
