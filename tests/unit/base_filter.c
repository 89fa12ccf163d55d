/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* Programs are run here, instruction by instruction as seccomp(2) has them, over every number: each
 * call gets what its row and its conditions say, whatever the shape of the tree. */
#include "common/base/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#if defined(__x86_64__)
#define HERE AUDIT_ARCH_X86_64
#else
#define HERE AUDIT_ARCH_AARCH64
#endif
#define X32   0x40000000u
#define ALLOW SECCOMP_RET_ALLOW
#define KILL  SECCOMP_RET_KILL_PROCESS
#define REST  (SECCOMP_RET_ERRNO | ENOSYS)

/* What the kernel makes of a call, and how many instructions that takes. */
static uint32_t run(const struct filter *f, const struct seccomp_data *data, unsigned *ret_steps)
{
    uint32_t a = 0;

    for (unsigned at = f->begin;; at++) {
        const struct sock_filter *i;

        ck_assert_uint_lt(at, FILTER_MAX);
        i = &f->code[at];
        ++*ret_steps;
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            ck_assert(i->k % 4 == 0 && i->k < sizeof *data);
            memcpy(&a, (const char *)data + i->k, sizeof a);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= i->k;
            break;
        case BPF_JMP | BPF_JA:
            at += i->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += a == i->k ? i->jt : i->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            at += a >= i->k ? i->jt : i->jf;
            break;
        case BPF_RET | BPF_K:
            return i->k;
        default:
            ck_abort_msg("instruction %x", i->code);
        }
    }
}

static uint32_t says(const struct filter *f, uint32_t call, uint64_t argument)
{
    unsigned steps = 0;

    return run(f,
               &(struct seccomp_data){
                   .nr = (int)call, .arch = HERE, .args = {argument, argument, argument}},
               &steps);
}

/* --- Rows --- */

/* 0: none; otherwise what the call's row is. */
static uint32_t nothing(uint32_t call)
{
    (void)call;
    return 0;
}

static uint32_t everything(uint32_t call)
{
    (void)call;
    return ALLOW;
}

static uint32_t first_and_last(uint32_t call)
{
    return call == 0 || call == FILTER_CALLS - 1 ? ALLOW : 0;
}

/* No two neighbours are alike: as many leaves as there can be. */
static uint32_t stripes(uint32_t call)
{
    return call < 340 ? (uint32_t[]){0, ALLOW, KILL, SECCOMP_RET_ERRNO | EPERM}[call % 4] : 0;
}

static uint32_t blocks(uint32_t call)
{
    return call / 30 % 3 == 0 ? ALLOW : call / 30 % 3 == 1 ? SECCOMP_RET_ERRNO | ENOENT : 0;
}

static uint32_t (*const tables[])(uint32_t call) = {nothing, everything, first_and_last, stripes,
                                                    blocks};

static void add_row(struct filter *f, uint16_t call, uint32_t what)
{
    if (what == ALLOW)
        filter_allow(f, call);
    else if (what == KILL)
        filter_kill(f, call);
    else if (what != 0)
        filter_refuse(f, call, what & SECCOMP_RET_DATA);
}

static void make(struct filter *f, uint32_t (*row)(uint32_t call), uint32_t otherwise)
{
    filter_begin(f);
    for (uint16_t call = 0; call < FILTER_CALLS; call++)
        add_row(f, call, row(call));
    filter_end(f, otherwise);
}

START_TEST(each_call_gets_what_its_row_says)
{
    static const uint32_t otherwise[] = {KILL, ALLOW, REST};

    for (size_t i = 0; i < ARRAY_SIZE(otherwise); i++) {
        static struct filter f;

        make(&f, tables[_i], otherwise[i]);
        for (uint32_t call = 0; call < 2 * FILTER_CALLS; call++) {
            uint32_t row = call < FILTER_CALLS ? tables[_i](call) : 0;

            ck_assert_msg(says(&f, call, 0) == (row ? row : otherwise[i]), "call %u", call);
        }
        ck_assert_uint_eq(says(&f, X32 - 1, 0), otherwise[i]);
    }
}
END_TEST

START_TEST(other_architectures_kill)
{
    static struct filter f;
    unsigned steps = 0;

    make(&f, everything, ALLOW);
    ck_assert_uint_eq(says(&f, X32, 0), KILL);
    ck_assert_uint_eq(says(&f, X32 | 1, 0), KILL);
    ck_assert_uint_eq(says(&f, UINT32_MAX, 0), KILL);
    ck_assert_uint_eq(run(&f, &(struct seccomp_data){.arch = AUDIT_ARCH_I386}, &steps), KILL);
}
END_TEST

START_TEST(the_first_row_counts)
{
    static struct filter f;

    filter_begin(&f);
    filter_refuse(&f, 7, EPERM);
    filter_allow(&f, 7);
    filter_kill(&f, 7);
    filter_end(&f, ALLOW);
    ck_assert_uint_eq(says(&f, 7, 0), SECCOMP_RET_ERRNO | EPERM);
}
END_TEST

/* The kernel walks the program for each call that there is, and translates it. */
START_TEST(an_answer_takes_a_few_steps)
{
    static struct filter f;
    unsigned most = 0;

    make(&f, blocks, KILL);
    ck_assert_uint_lt(FILTER_MAX - f.begin, 40);
    make(&f, stripes, KILL);
    for (uint32_t call = 0; call < FILTER_CALLS; call++) {
        unsigned steps = 0;

        run(&f, &(struct seccomp_data){.nr = (int)call, .arch = HERE}, &steps);
        most = steps > most ? steps : most;
    }
    ck_assert_uint_le(most, 18); /* four before the tree, of 341 leaves, and some plain jumps */
}
END_TEST

/* --- Conditions --- */

#define HIGH (UINT64_C(1) << 32)

static const struct {
    struct filter_condition condition;
    uint64_t argument;
    bool fits;
} conditions[] = {
    {{9, 0, UINT64_MAX, 0x1234}, 0x1234, true},
    {{9, 0, UINT64_MAX, 0x1234}, 0x1235, false},
    {{9, 0, UINT64_MAX, 0x1234}, 0x1234 | HIGH, false},
    {{9, 0, UINT64_MAX, HIGH}, HIGH, true},
    {{9, 0, UINT64_MAX, HIGH}, 0, false},
    {{9, 0, UINT32_MAX, 3}, 3 | HIGH, true},
    {{9, 0, UINT32_MAX, 3}, 2 | HIGH, false},
    {{9, 1, 4, 0}, 3, true},
    {{9, 1, 4, 0}, 7, false},
    {{9, 2, 4, 4}, 5, true},
    {{9, 2, 4, 4}, 3, false},
    {{9, 2, 8 * HIGH, 0}, 4 * HIGH, true},
    {{9, 2, 8 * HIGH, 0}, 8 * HIGH, false},
};

START_TEST(an_argument_decides)
{
    static struct filter f;
    uint64_t argument = conditions[_i].argument;

    filter_begin(&f);
    filter_allow(&f, 8);
    filter_allow_if(&f, &conditions[_i].condition);
    filter_end(&f, REST);
    ck_assert_uint_eq(says(&f, 9, argument), conditions[_i].fits ? ALLOW : REST);
    ck_assert_uint_eq(says(&f, 8, argument), ALLOW);
    ck_assert_uint_eq(says(&f, 10, argument), REST);
}
END_TEST

START_TEST(one_condition_of_several_is_enough_and_else_the_row_answers)
{
    static const struct filter_condition some[] = {
        {9, 0, UINT32_MAX, 1}, {9, 0, UINT32_MAX, 2}, {9, 0, UINT32_MAX, 3}, {400, 0, 1, 1}};
    static struct filter f;

    filter_begin(&f);
    for (uint16_t call = 0; call < FILTER_CALLS; call++)
        add_row(&f, call, stripes(call));
    for (size_t i = 0; i < ARRAY_SIZE(some); i++)
        filter_allow_if(&f, &some[i]);
    filter_end(&f, KILL);
    for (uint64_t argument = 0; argument < 5; argument++)
        ck_assert_uint_eq(says(&f, 9, argument),
                          argument >= 1 && argument <= 3 ? ALLOW : stripes(9));
    ck_assert_uint_eq(says(&f, 400, 1), ALLOW);
    ck_assert_uint_eq(says(&f, 400, 2), KILL);
    for (uint32_t call = 10; call < 340; call++)
        ck_assert_uint_eq(says(&f, call, 1), stripes(call) ? stripes(call) : KILL);
}
END_TEST

UNIT_TABLES_MAIN("base/filter", {each_call_gets_what_its_row_says, ARRAY_SIZE(tables)},
                 {other_architectures_kill, 1}, {the_first_row_counts, 1},
                 {an_answer_takes_a_few_steps, 1}, {an_argument_decides, ARRAY_SIZE(conditions)},
                 {one_condition_of_several_is_enough_and_else_the_row_answers, 1})
