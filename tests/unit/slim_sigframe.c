/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/slim */
/* Real frames, made by the kernel on a stack of our own, and things that look nearly so. */
#include "client/slim/sigframe.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define STACK_BYTES (64u * 1024)

static uint8_t *kept;
static uint64_t real_sp, real_pc;
static _Alignas(16) uint8_t stack[STACK_BYTES];

static void handler(int signal, siginfo_t *info, void *context)
{
    const ucontext_t *c = context;

    (void)signal, (void)info;
    real_sp = (uint64_t)c->uc_mcontext.gregs[REG_RSP];
    real_pc = (uint64_t)c->uc_mcontext.gregs[REG_RIP];
    memcpy(kept, stack, sizeof stack);
}

/* What a handler sees of its stack. */
static void make_frame(void)
{
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_ONSTACK | SA_SIGINFO};

    kept = aligned_alloc(16, STACK_BYTES);
    ck_assert_int_eq(sigaltstack(&own, NULL), 0);
    ck_assert_int_eq(sigaction(SIGUSR1, &a, NULL), 0);
    ck_assert_int_eq(raise(SIGUSR1), 0);
}

START_TEST(of_this_kernel)
{
    struct sigframe f;

    make_frame();
    ck_assert(sigframe_find(kept, STACK_BYTES, 0, &f));
    ck_assert_uint_eq(f.sp, real_sp);
    ck_assert_uint_eq(f.registers[16], real_pc);
    ck_assert_uint_eq(f.registers[15], real_sp);
    ck_assert(!sigframe_find(kept, STACK_BYTES, f.end, &f));
    free(kept);
}
END_TEST

/* A context that is right, of which one word is then changed. */
static void plain_context(uint64_t words[static 28])
{
    memset(words, 0, 28 * sizeof *words);
    words[0] = 7;
    words[20] = 0x7ffd1000;         /* rsp */
    words[22] = 0x10246;            /* eflags */
    words[23] = 0x002b000000000033; /* ss, fs, gs, cs */
}

static const struct {
    size_t word;
    uint64_t value;
    bool is;
} cases[] = {
    {0, 7, true},
    {0, 8, false},        /* flags that do not exist */
    {1, 0x1000, false},   /* a link */
    {22, 0x10244, false}, /* bit 1 is always set */
    {22, 0xffffffff, false},
    {23, 0x002b000000000023, false}, /* 32-bit code */
    {23, 0, false},
    {23, 0x002b006300530033, true}, /* gs and fs as they like */
    {20, 0, true},                  /* where it leads is the caller's to check */
};

START_TEST(shapes)
{
    _Alignas(16) uint64_t words[28];
    struct sigframe f;

    plain_context(words);
    words[cases[_i].word] = cases[_i].value;
    ck_assert_int_eq(sigframe_find((uint8_t *)words, sizeof words, 0, &f), cases[_i].is);
}
END_TEST

START_TEST(within_the_bytes)
{
    struct sigframe f;

    for (size_t n = 0; n < 28 * 8; n++) {
        uint64_t words[28];

        plain_context(words);
        _cleanup_free_ uint8_t *exactly = malloc(n + 1);

        memcpy(exactly, words, n);
        ck_assert(!sigframe_find(exactly, n, 0, &f));
        ck_assert(!sigframe_find(exactly, n, n + 1, &f));
    }
}
END_TEST

UNIT_TABLES_MAIN("slim/sigframe", {of_this_kernel, 1}, {shapes, ARRAY_SIZE(cases)},
                 {within_the_bytes, 1})
