/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/analysis workerd/image */
/* What is kept of many stacks, with an engine that makes them up. */
#include "workerd/analysis/stacks.h"

#include <elf.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define THREADS 200u
#define DEPTH   250u

struct made_up {
    struct image image;
    struct image_thread threads[THREADS];
    uint64_t registers[64];
    struct raw_stack stack;
    struct frame frame; /* of every address */
    struct named_frames named;
    bool left_out;
};

static int unwind(void *arg, size_t threads, stack_handler *handler, void *handler_arg)
{
    struct made_up *m = arg;
    int r = 0;

    for (size_t i = 0; i < threads && r == 0; i++) {
        stack_begin(&m->stack);
        for (unsigned k = 0; k < DEPTH; k++)
            stack_add(&m->stack, &(const struct raw_frame){.pc = 0x1000 + k});
        stack_end(&m->stack);
        r = handler(i, &m->stack, handler_arg);
    }
    return r;
}

static const struct named_frames *name_frame(void *arg, const struct raw_frame *f)
{
    struct made_up *m = arg;

    (void)f;
    m->named = (struct named_frames){.list = &m->frame, .n = 1};
    return &m->named;
}

static size_t tail_calls(void *arg, const struct raw_frame *inner, const struct raw_frame *outer,
                         uint64_t ret[static TAIL_CALLS_MAX])
{
    (void)arg, (void)inner, (void)outer, (void)ret;
    return 0;
}

static bool names_left_out(void *arg)
{
    return ((struct made_up *)arg)->left_out;
}

static void make(struct made_up *m, struct arena *a, struct analysis *ret)
{
    const struct engine e = {
        .image = &m->image,
        .arg = m,
        .unwind = unwind,
        .name_frame = name_frame,
        .tail_calls = tail_calls,
        .names_left_out = names_left_out,
    };

    m->image.arena = a;
    m->image.layout = core_layout_find(EM_X86_64, true);
    m->image.threads = m->threads;
    m->image.n_threads = THREADS;
    for (size_t i = 0; i < THREADS; i++)
        m->threads[i] = (struct image_thread){.tid = (int64_t)i, .registers = m->registers};
    ck_assert_int_eq(stacks_make(&e, a, ret), 0);
    ck_assert_uint_eq(ret->n_threads, THREADS);
}

static uint64_t frames_of(const struct analysis *an)
{
    uint64_t n = 0;

    for (size_t i = 0; i < an->n_threads; i++) {
        n += an->threads[i].n_frames;
        ck_assert_uint_eq(an->threads[i].n_frames + an->threads[i].frames_left_out, DEPTH);
    }
    return n;
}

START_TEST(short_names_are_all_kept)
{
    static struct made_up m = {.frame = {.function = "function", .file = "/file.c"}};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct analysis an = {0};

    make(&m, &a, &an);
    ck_assert_uint_ge(frames_of(&an), 32768);
}
END_TEST

/* The first threads have theirs, the last ones none. */
START_TEST(long_names_leave_room_for_fewer)
{
    static char name[4001];
    static struct made_up m = {.frame = {.function = name}};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct analysis an = {0};

    memset(name, 'n', sizeof name - 1);
    make(&m, &a, &an);
    ck_assert_uint_eq(an.threads[0].n_frames, DEPTH);
    ck_assert_uint_eq(an.threads[9].n_frames, DEPTH);
    ck_assert_uint_eq(an.threads[THREADS - 1].n_frames, 0);
    ck_assert_uint_lt(frames_of(&an) * (sizeof name - 1), 20u << 20);
}
END_TEST

START_TEST(names_that_are_missing_are_told)
{
    static struct made_up m;
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct analysis an = {0};

    make(&m, &a, &an);
    ck_assert_ptr_null(an.threads[0].stopped);
    m.left_out = true;
    make(&m, &a, &an);
    ck_assert_str_eq(an.threads[0].stopped,
                     "the names of its functions cost more than is spent on one core");
}
END_TEST

UNIT_MAIN("workerd/stacks", short_names_are_all_kept, long_names_leave_room_for_fewer,
          names_that_are_missing_are_told)
