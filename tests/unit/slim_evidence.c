/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/slim */
/* Of what the kernel leaves to the files, a slim core has what the cause of a crash needs. */
#include "client/slim/slim.h"

#include "tests/lib/unit.h"
#include "tests/unit/slim_process.h"

#define CODE      0x401000u
#define CONSTANT  0x404000u
#define RELOCATED 0x408000u /* constants that the dynamic linker wrote to */
#define HEAP      0x10000000u
#define JIT       0x20000000u
#define STACK     0x7ffd00000000u
#define SP        (STACK + 0x1100)

static const struct core_image_file files[] = {
    {CODE, CODE + 0x3000, 1, "/usr/bin/tester"},
    {CONSTANT, CONSTANT + 0x4000, 4, "/usr/bin/tester"},
    {RELOCATED, RELOCATED + 0x1000, 8, "/usr/bin/tester"},
};

struct crash {
    struct process process;
    struct core_image_thread thread;
};

static void crash_init(struct crash *c, int signal, uint64_t pc)
{
    struct process *p = &c->process;

    c->thread = (struct core_image_thread){.tid = 1, .signal = signal, .pc = pc, .sp = SP};
    *p = (struct process){.image = {.threads = &c->thread,
                                    .n_threads = 1,
                                    .files = files,
                                    .n_files = ARRAY_SIZE(files),
                                    .signal = signal,
                                    .code = 1}};
    process_map(p, CODE, 0x3000, 0, PF_R | PF_X);
    process_map(p, CONSTANT, 0x4000, 0, PF_R);
    process_map(p, RELOCATED, 0x1000, 0x1000, PF_R);
    process_map(p, HEAP, 0x10000, 0x10000, PF_R | PF_W);
    process_map(p, JIT, 0x4000, 0x4000, PF_R | PF_X);
    process_map(p, STACK, 0x4000, 0x4000, PF_R | PF_W);
}

#define _crash_ _cleanup_(crash_fini)
static void crash_fini(struct crash *c)
{
    process_fini(&c->process);
}

static struct slim *take(struct crash *c)
{
    process_die(&c->process);
    return process_slim(&c->process, NULL);
}

/* Which pages are held, where the thread stopped there, and which address is on top of its stack.
 */
static const struct place {
    uint64_t pc, top;
    uint64_t held[2];
} places[] = {
    {CODE + 0x800, 0, {CODE}},
    {CODE + 0x1008, 0, {CODE, CODE + 0x1000}}, /* the instruction before is on another page */
    {CODE + 0x1ff8, 0, {CODE + 0x1000, CODE + 0x2000}},
    {0, CODE + 0x2800, {CODE + 0x2000}}, /* a call of nothing */
    {HEAP + 0x100, CODE + 0x2800, {CODE + 0x2000, HEAP}},
    {0, CONSTANT + 8, {0}}, /* nothing calls from there */
    {0, 0x50000000, {0}},
    {CODE + 4, CODE + 0x1800, {CODE}}, /* the caller is not what is asked for */
    {JIT + 0x800, 0, {JIT}},
    {0, JIT + 0x1800, {JIT + 0x1000}},
};

START_TEST(the_code_where_it_stopped)
{
    static const uint64_t all[] = {CODE, CODE + 0x1000, CODE + 0x2000, CONSTANT,
                                   HEAP, JIT,           JIT + 0x1000};
    const struct place *t = &places[_i];
    _crash_ struct crash c;

    crash_init(&c, 11, t->pc);
    process_put_word(&c.process, SP, t->top);
    _cleanup_slim_ struct slim *s = take(&c);

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        bool wanted = t->held[0] == all[i] || t->held[1] == all[i];

        ck_assert_uint_eq(process_held(&c.process, s, all[i], 8), wanted ? 8 : 0);
    }
    ck_assert(!slim_was_cut(s));
}
END_TEST

/* GCC's object: what is before the header, the header, the object with its text. */
static void throw_exception(struct process *p, uint64_t header)
{
    process_put_word(p, SP + 0x200, header);
    process_put_word(p, header, UINT64_C(0x474e5543432b2b00));
    process_put_word(p, header - 80, RELOCATED + 0x20);
    process_put_word(p, header + 40, HEAP + 0x8000);
    process_put(p, HEAP + 0x8000, "it is empty", 12);
    process_put_word(p, RELOCATED + 0x28, CONSTANT + 0x10);
    process_put_word(p, RELOCATED + 0x30, RELOCATED + 0x100);
    process_put_word(p, RELOCATED + 0x108, CONSTANT + 0x2ff0);
    process_put_word(p, RELOCATED + 0x110, 0);
}

START_TEST(the_exception_that_nobody_caught)
{
    _crash_ struct crash c;

    crash_init(&c, 6, CODE);
    throw_exception(&c.process, HEAP + 0x4000);
    _cleanup_slim_ struct slim *s = take(&c);

    ck_assert_uint_eq(process_held(&c.process, s, HEAP + 0x8000, 12), 12);
    ck_assert_uint_eq(process_held(&c.process, s, RELOCATED, 0x200), 0x200);
    ck_assert_uint_eq(process_held(&c.process, s, CONSTANT + 0x10, 32), 32);
    ck_assert_uint_eq(process_held(&c.process, s, CONSTANT + 0x2ff0, 256), 256);
    ck_assert_uint_eq(process_held(&c.process, s, CONSTANT + 0x1000, 8), 0);
}
END_TEST

START_TEST(no_exception_of_a_fault)
{
    _crash_ struct crash c;

    crash_init(&c, 11, CODE);
    throw_exception(&c.process, HEAP + 0x4000);
    _cleanup_slim_ struct slim *s = take(&c);

    ck_assert_uint_eq(process_held(&c.process, s, HEAP + 0x8000, 12), 0);
    ck_assert_uint_eq(process_held(&c.process, s, RELOCATED, 8), 0);
}
END_TEST

/* A list of bases without an end, and pointers to anywhere. */
START_TEST(types_that_lead_nowhere)
{
    static const uint64_t to[] = {0,         1, RELOCATED, 0x50000000, UINT64_MAX, UINT64_MAX - 8,
                                  1ull << 63};
    _crash_ struct crash c;

    crash_init(&c, 6, CODE);
    throw_exception(&c.process, HEAP + 0x4000);
    process_put_word(&c.process, RELOCATED + 0x28, to[_i]);
    process_put_word(&c.process, RELOCATED + 0x30, RELOCATED + 0x20);
    process_put_word(&c.process, HEAP + 0x4000 + 40, to[_i]);
    _cleanup_slim_ struct slim *s = take(&c);

    ck_assert_uint_eq(process_held(&c.process, s, SP, 8), 8);
}
END_TEST

int main(void)
{
    const struct unit_test tests[] = {
        {the_code_where_it_stopped, ARRAY_SIZE(places)},
        {the_exception_that_nobody_caught, 1},
        {no_exception_of_a_fault, 1},
        {types_that_lead_nowhere, 7},
    };

    return unit_run("slim/evidence", tests, ARRAY_SIZE(tests));
}
