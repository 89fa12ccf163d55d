/* SPDX-License-Identifier: Apache-2.0 */
/* The program halves the numbers of the calls: when it is put in force the kernel walks it for
 * every call that there is, to remember which are allowed whatever their arguments, and translates
 * it; a list of a hundred comparisons costs both several times what a tree of them does. Neighbours
 * with the same answer are one leaf, and an answer is written once.
 *
 * It is written from its last instruction to its first, so that whatever a jump leads to is there
 * already. A conditional jump reaches 255 instructions ahead: what is farther gets a plain jump
 * (which reaches everywhere) on the way. */
#include "common/base/filter.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "which AUDIT_ARCH is this?"
#endif

#define X32_BIT   0x40000000u
#define NEAR      250u /* a conditional jump reaches a little farther: what comes in between */
#define RANGE_MAX (FILTER_CALLS + 2)

/* --- Rows --- */

void filter_begin(struct filter *f)
{
    memset(f->rows, 0, sizeof f->rows);
    f->n_conditions = f->n_answers = 0;
    f->begin = FILTER_MAX;
}

/* Its number, counted from 1. */
static uint8_t add_answer(struct filter *f, uint32_t what)
{
    for (unsigned i = 0; i < f->n_answers; i++)
        if (f->answers[i].what == what)
            return (uint8_t)(i + 1);
    assert(f->n_answers < FILTER_ANSWERS_MAX);
    f->answers[f->n_answers] = (struct filter_answer){what, FILTER_MAX};
    return (uint8_t)++f->n_answers;
}

static void add_row(struct filter *f, uint16_t call, uint32_t what)
{
    assert(call < FILTER_CALLS);
    if (f->rows[call] == 0)
        f->rows[call] = add_answer(f, what);
}

void filter_allow(struct filter *f, uint16_t call)
{
    add_row(f, call, SECCOMP_RET_ALLOW);
}

void filter_refuse(struct filter *f, uint16_t call, uint16_t error)
{
    add_row(f, call, SECCOMP_RET_ERRNO | error);
}

void filter_kill(struct filter *f, uint16_t call)
{
    add_row(f, call, SECCOMP_RET_KILL_PROCESS);
}

void filter_allow_if(struct filter *f, const struct filter_condition *c)
{
    assert(c->call < FILTER_CALLS && f->n_conditions < FILTER_CONDITIONS_MAX);
    f->conditions[f->n_conditions++] = *c;
}

/* --- Instructions, the last first --- */

static unsigned put(struct filter *f, struct sock_filter instruction)
{
    assert(f->begin > 0);
    f->code[--f->begin] = instruction;
    return f->begin;
}

static unsigned load(struct filter *f, size_t offset)
{
    return put(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Where the answer is given, written if it is not yet. */
static unsigned place_of(struct filter *f, uint8_t answer)
{
    struct filter_answer *a = &f->answers[answer - 1];

    if (a->place == FILTER_MAX)
        a->place = put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, a->what));
    return a->place;
}

static unsigned answer(struct filter *f, uint32_t what)
{
    return place_of(f, add_answer(f, what));
}

static unsigned in_reach(struct filter *f, unsigned target)
{
    if (target - f->begin <= NEAR)
        return target;
    return put(f, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, target - f->begin));
}

static unsigned compare(struct filter *f, uint16_t how, uint32_t value, unsigned yes, unsigned no)
{
    yes = in_reach(f, yes);
    no = in_reach(f, no);
    return put(f,
               (struct sock_filter)BPF_JUMP(BPF_JMP | how | BPF_K, value, (uint8_t)(yes - f->begin),
                                            (uint8_t)(no - f->begin)));
}

/* --- Conditions --- */

/* BPF has words of 32 bits, an argument 64 (little-endian); a half that nobody asks about fits. */
static unsigned compare_half(struct filter *f, size_t offset, uint32_t mask, uint32_t value,
                             unsigned yes, unsigned no)
{
    if (mask == 0)
        return yes;
    compare(f, BPF_JEQ, value & mask, yes, no);
    if (mask != UINT32_MAX)
        put(f, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    return load(f, offset);
}

static unsigned compare_argument(struct filter *f, const struct filter_condition *c, unsigned no)
{
    size_t offset = offsetof(struct seccomp_data, args) + c->argument * sizeof(uint64_t);
    unsigned yes = answer(f, SECCOMP_RET_ALLOW);

    yes =
        compare_half(f, offset + 4, (uint32_t)(c->mask >> 32), (uint32_t)(c->value >> 32), yes, no);
    return compare_half(f, offset, (uint32_t)c->mask, (uint32_t)c->value, yes, no);
}

/* --- The tree --- */

/* Numbers from `first` to the next range's, and where the program goes on with them. */
struct range {
    uint32_t first;
    unsigned target;
};

/* The place of what each call's row and conditions say. */
static void write_leaves(struct filter *f, uint32_t otherwise, uint16_t ret[static FILTER_CALLS])
{
    uint8_t rest = add_answer(f, otherwise);

    for (unsigned call = 0; call < FILTER_CALLS; call++)
        ret[call] = (uint16_t)place_of(f, f->rows[call] ? f->rows[call] : rest);
    for (unsigned i = 0; i < f->n_conditions; i++) {
        const struct filter_condition *c = &f->conditions[i];

        ret[c->call] = (uint16_t)compare_argument(f, c, ret[c->call]);
    }
}

static size_t add_range(struct range *ranges, size_t n, uint32_t first, unsigned target)
{
    if (n > 0 && ranges[n - 1].target == target)
        return n;
    ranges[n] = (struct range){first, target};
    return n + 1;
}

static unsigned halve(struct filter *f, const struct range *ranges, size_t n)
{
    size_t half = n / 2;

    if (n == 1)
        return ranges[0].target;
    unsigned upper = halve(f, ranges + half, n - half);
    unsigned lower = halve(f, ranges, half);

    return compare(f, BPF_JGE, ranges[half].first, upper, lower);
}

/* Neighbours that go on at one place are one range. */
static size_t collect_ranges(struct filter *f, uint32_t otherwise,
                             struct range ret[static RANGE_MAX])
{
    uint16_t targets[FILTER_CALLS];
    size_t n = 0;

    write_leaves(f, otherwise, targets);
    for (uint32_t call = 0; call < FILTER_CALLS; call++)
        n = add_range(ret, n, call, targets[call]);
    n = add_range(ret, n, FILTER_CALLS, answer(f, otherwise));
    return add_range(ret, n, X32_BIT, answer(f, SECCOMP_RET_KILL_PROCESS));
}

void filter_end(struct filter *f, uint32_t otherwise)
{
    struct range ranges[RANGE_MAX];
    size_t n = collect_ranges(f, otherwise, ranges);
    unsigned tree = halve(f, ranges, n);

    assert(tree == f->begin);
    tree = load(f, offsetof(struct seccomp_data, nr));
    compare(f, BPF_JEQ, ARCHITECTURE, tree, answer(f, SECCOMP_RET_KILL_PROCESS));
    load(f, offsetof(struct seccomp_data, arch));
}

int filter_enter(struct filter *f, unsigned flags)
{
    const struct sock_fprog program = {.len = (unsigned short)(FILTER_MAX - f->begin),
                                       .filter = f->code + f->begin};
    long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

    if (r < 0)
        return -errno;
    return r > 0 ? -EBUSY : 0;
}
