/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/analysis/stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "workerd/analysis/recursion.h"

/* Of all threads: what the parent reads back is bounded too. */
#define FRAMES_TOTAL_MAX 32768u
#define TEXT_TOTAL_MAX   (12u * 1024 * 1024) /* bytes of names and paths */
#define UNCOUNTED_FRAMES 1024u /* the first ones, whose texts are not much whatever they are */

/* All frames of a stack with the inlined ones, which may be more than are kept. */
struct expanded {
    struct frame *list; /* on the heap, used for one thread after the other */
    size_t n, capacity;
    size_t head; /* how many come before the raw stack's gap */
};

struct walk {
    const struct engine *engine;
    struct arena *arena;
    struct analysis *out;
    struct expanded expanded;
    size_t frames_left; /* of FRAMES_TOTAL_MAX; none when there is no more room for texts */
    size_t text_left;   /* of TEXT_TOTAL_MAX */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* --- Naming --- */

static void append_frames(struct expanded *e, const struct named_frames *named,
                          enum frame_trust trust)
{
    if (e->n + named->n > e->capacity) {
        e->capacity = 2 * (e->n + named->n) + 16;
        e->list = reallocarray(e->list, e->capacity, sizeof *e->list);
        if (!e->list)
            abort(); /* a few MiB at most: STACK_FRAMES_MAX × functions at one address */
    }
    for (size_t i = 0; i < named->n; i++) {
        e->list[e->n] = named->list[i];
        e->list[e->n++].trust = trust;
    }
}

/* Functions between two frames that have none of their own: they left by a jump. */
static void append_tail_calls(struct walk *w, const struct raw_frame *inner,
                              const struct raw_frame *outer)
{
    const struct engine *e = w->engine;
    uint64_t addresses[TAIL_CALLS_MAX];
    size_t n = 0;

    if (!outer->exact && !inner->signal)
        n = e->tail_calls(e->arg, inner, outer, addresses);
    for (size_t i = 0; i < n; i++) {
        const struct raw_frame f = {.pc = addresses[i]};

        append_frames(&w->expanded, e->name_frame(e->arg, &f), TRUST_CFI);
    }
}

static void expand(struct walk *w, const struct raw_stack *stack)
{
    const struct engine *e = w->engine;
    struct expanded *x = &w->expanded;

    x->n = x->head = 0;
    for (size_t i = 0; i < stack->n; i++) {
        const struct raw_frame *f = &stack->frames[i];

        if (i > 0 && !(stack->left_out && i == STACK_HEAD_MAX))
            append_tail_calls(w, f - 1, f);
        append_frames(x, e->name_frame(e->arg, f), f->trust);
        if (i < STACK_HEAD_MAX)
            x->head = x->n;
    }
}

/* --- Keeping --- */

/* Keeps at most max frames, a quarter of them from the outer end. A gap that the stack has already
 * is widened. */
static void keep_frames(struct arena *a, const struct expanded *e, size_t max, struct thread *t)
{
    bool gap = t->frames_left_out > 0;
    size_t head = gap ? e->head : e->n;
    size_t tail = e->n - head;

    if (e->n > max) {
        tail = smaller(gap ? tail : e->n, max / 4);
        head = smaller(head, max - tail);
    }
    t->n_frames = head + tail;
    t->frames_left_out += e->n - t->n_frames;
    t->gap_after = t->frames_left_out && head ? head - 1 : 0;
    if (t->n_frames == 0)
        return;
    t->frames = arena_array(a, struct frame, t->n_frames);
    memcpy(t->frames, e->list, head * sizeof *e->list);
    memcpy(t->frames + head, e->list + e->n - tail, tail * sizeof *e->list);
}

static void fill_registers(const struct core_layout *l, const struct image_thread *t,
                           struct arena *a, struct thread *ret)
{
    ret->n_registers = l->n_registers;
    ret->registers = arena_array(a, struct register_value, l->n_registers);
    for (size_t i = 0; i < l->n_registers; i++) {
        ret->registers[i].name = l->registers[i].name;
        ret->registers[i].value = t->registers[i];
    }
}

static size_t text_size(const struct frame *f)
{
    const char *const texts[] = {f->function, f->file, f->module, f->build_id};
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        n += texts[i] ? strlen(texts[i]) : 0;
    return n;
}

/* Of the frames that have been kept. */
static void pay_for(struct walk *w, const struct thread *t)
{
    size_t n = 0;

    w->frames_left -= t->n_frames;
    if (w->frames_left > FRAMES_TOTAL_MAX - UNCOUNTED_FRAMES)
        return;
    for (size_t i = 0; i < t->n_frames; i++)
        n += text_size(&t->frames[i]);
    w->text_left -= smaller(n, w->text_left);
    if (w->text_left == 0)
        w->frames_left = 0;
}

static bool names_left_out(const struct engine *e)
{
    return e->names_left_out && e->names_left_out(e->arg);
}

static int on_stack(size_t index, const struct raw_stack *stack, void *arg)
{
    struct walk *w = arg;
    const struct image *image = w->engine->image;
    const struct image_thread *from = &image->threads[index];
    struct thread *t = &w->out->threads[index];
    bool full = w->frames_left == 0;

    *t = (struct thread){
        .tid = from->tid,
        .crashed = index == 0,
        .frames_left_out = stack->left_out + (full ? stack->n : 0),
        .stopped = stack->stopped,
    };
    if (full)
        w->expanded.n = w->expanded.head = 0; /* names cost memory that nobody would see */
    else
        expand(w, stack);
    if (!t->stopped && names_left_out(w->engine))
        t->stopped = "the names of its functions cost more than is spent on one core";
    fill_registers(image->layout, from, w->arena, t);
    keep_frames(w->arena, &w->expanded, smaller(ANALYSIS_FRAMES_MAX, w->frames_left), t);
    t->recursion = recursion_name(t, w->arena);
    pay_for(w, t);
    w->out->n_threads = index + 1;
    return 0;
}

int stacks_make(const struct engine *e, struct arena *a, struct analysis *out)
{
    size_t n = smaller(e->image->n_threads, ANALYSIS_THREADS_MAX);
    struct walk w = {.engine = e,
                     .arena = a,
                     .out = out,
                     .frames_left = FRAMES_TOTAL_MAX,
                     .text_left = TEXT_TOTAL_MAX};

    out->threads = arena_array(a, struct thread, n);
    out->threads_left_out = e->image->threads_left_out + (e->image->n_threads - n);
    int r = e->unwind(e->arg, n, on_stack, &w);

    free(w.expanded.list);
    return r;
}
