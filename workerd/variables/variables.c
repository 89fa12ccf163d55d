/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the walk and frames of the thread are two lists of the same stack: the thread's has one
 * more for each call that was expanded inline, and those of functions that left by a jump, of which
 * the walk knows nothing. They go together by the program counter, in order. */
#include "workerd/variables/variables.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "workerd/variables/place.h"
#include "workerd/variables/print.h"
#include "workerd/variables/scope.h"
#include "workerd/variables/secret.h"

/* Of those that frames are in, and of those whose memory is read. */
#define MODULES_MAX (2 * VARIABLES_FRAMES_MAX)

/* A module whose files were asked for. */
struct opened {
    const struct image_module *module;
    struct debug_files files;
    struct debug *debug; /* NULL: it has none, or was not asked for it */
};

struct filler {
    struct unwinder *unwinder;
    const struct debug_source *source;
    struct arena *arena;
    struct memory_budget budget;
    struct opened opened[MODULES_MAX];
    size_t n_opened;
    struct module_bytes bytes;
    struct unwound_frame frames[VARIABLES_FRAMES_MAX];
    struct frame_view views[VARIABLES_FRAMES_MAX];
    size_t n;
};

/* --- Frames as variables see them --- */

/* NULL when there are too many. */
static struct opened *open_module(struct filler *f, const struct image_module *m)
{
    for (size_t i = 0; i < f->n_opened; i++)
        if (f->opened[i].module == m)
            return &f->opened[i];
    if (f->n_opened == MODULES_MAX)
        return NULL;
    struct opened *o = &f->opened[f->n_opened++];

    *o = (struct opened){.module = m};
    if (m && !m->vdso && !f->source->files(f->source->arg, m, &o->files))
        o->files = (struct debug_files){.module = {0}};
    return o;
}

static struct debug *debug_of(struct filler *f, const struct image_module *m)
{
    size_t known = f->n_opened;
    struct opened *o = open_module(f, m);

    if (o && f->n_opened > known)
        o->debug = debug_open(&o->files, &f->budget, f->arena);
    return o ? o->debug : NULL;
}

static bool bytes_of(void *arg, const struct image_module *m, struct span *ret)
{
    const struct opened *o = open_module(arg, m);

    if (!o || o->files.module.size == 0)
        return false;
    *ret = o->files.module;
    return true;
}

/* Call frame information does not speak of the registers for floating-point numbers: as all of
 * which it says nothing they stay as they are, until a signal interrupts what had others. */
static bool keeps_vectors(const struct raw_frame *r)
{
    return !r->signal && (r->trust == TRUST_CONTEXT || r->trust == TRUST_CFI);
}

/* The register that leads to what the thread has of its own; 0: not known. */
static uint64_t thread_pointer(const struct image *image, size_t thread)
{
    const struct core_layout *l = image->layout;

    for (size_t i = 0; i < l->n_registers; i++)
        if (strcmp(l->registers[i].name, "fs_base") == 0)
            return image->threads[thread].registers[i];
    return 0;
}

static void make_views(struct filler *f, size_t thread)
{
    const struct image *image = f->unwinder->image;
    const uint8_t *vectors = thread == 0 ? image->vectors : NULL;

    for (size_t i = 0; i < f->n; i++) {
        const struct unwound_frame *u = &f->frames[i];

        if (!keeps_vectors(&u->frame))
            vectors = NULL;
        f->views[i] = (struct frame_view){
            .image = f->unwinder->image,
            .files = &f->bytes,
            .registers = &u->registers,
            .vectors = vectors,
            .thread = thread_pointer(image, thread),
            .is_program = u->mapped && u->mapped->main,
            .address = raw_frame_address(&u->frame),
            .pc = u->frame.pc,
            .bias = u->bias,
            .has_cfa = u->has_cfa,
            .cfa = u->cfa,
            .debug = debug_of(f, u->mapped),
            .caller = i + 1 < f->n ? &f->views[i + 1] : NULL,
        };
    }
}

/* --- Variables of one frame --- */

/* A copy may have a type of its own, as one whose length is a variable of the copy. */
static const struct entry *typed(const struct scope_variable *v)
{
    return die_value(&v->entry.die, SLOT_TYPE) ? &v->entry : &v->named;
}

/* Of a kind that compilers leave without a name, nothing can be said. */
static bool describe(const struct filler *f, const struct frame_view *view,
                     const struct entry *function, const struct scope_variable *v,
                     struct variable *ret)
{
    const char *name = entry_text(&v->named, SLOT_NAME);
    struct place place;

    if (!name || !*name)
        return false;
    *ret = (struct variable){.name = arena_strndup(f->arena, name, FUNCTION_NAME_MAX),
                             .type = print_type_in(view, typed(v), f->arena),
                             .argument = v->argument};
    place_of_variable(view, function, &v->entry, f->arena, &place);
    ret->problem = place.problem;
    if (!place.problem)
        ret->value = print_value(typed(v), &place, f->arena, &ret->problem);
    if (ret->value && secret_value(name, str_from(ret->value))) {
        ret->value = NULL;
        ret->problem = SECRET_WHY;
    }
    return true;
}

static void fill_frame(const struct filler *f, const struct frame_view *view,
                       const struct entry *function, const struct scope *s, struct frame *frame)
{
    size_t n = s->n < ANALYSIS_VARIABLES_MAX ? s->n : ANALYSIS_VARIABLES_MAX;

    frame->variables = arena_array(f->arena, struct variable, n + 1);
    frame->variables_left_out = s->left_out + (s->n - n);
    for (size_t i = 0; i < n; i++)
        if (describe(f, view, function, &s->variables[i], &frame->variables[frame->n_variables]))
            frame->n_variables++;
}

/* --- One frame of the walk --- */

/* The frames of one address: some inlined ones, innermost first, and the one that they are in. */
struct run {
    struct frame *list;
    size_t n;
};

/* Whoever made the frames may have seen less of what is inlined than is there: then it cannot be
 * told which is which, but for the function around them. */
static void fill_run(const struct filler *f, const struct frame_view *view, const struct run *run)
{
    struct scopes scopes;

    if (!view->debug || !scopes_at(view->debug, view->address - view->bias, f->arena, &scopes))
        return;
    const struct entry *function = &scopes.list[scopes.n - 1].function;
    size_t n = run->n == scopes.n ? run->n : 1;

    for (size_t i = 0; i < n; i++)
        fill_frame(f, view, function, &scopes.list[scopes.n - 1 - i], &run->list[run->n - 1 - i]);
}

/* The frames up to the next one that is not inlined. */
static struct run next_run(struct frame *list, size_t n)
{
    size_t i = 0;

    while (i + 1 < n && list[i].inlined)
        i++;
    return (struct run){list, n > 0 ? i + 1 : 0};
}

static void fill_all(const struct filler *f, struct frame *list, size_t n)
{
    struct run run = next_run(list, n);
    size_t i = 0;

    while (run.n > 0 && i < f->n) {
        if (run.list->pc == f->frames[i].frame.pc)
            fill_run(f, &f->views[i++], &run);
        n -= run.n;
        run = next_run(run.list + run.n, n);
    }
}

void variables_fill(struct unwinder *u, size_t thread, const struct debug_source *s,
                    struct arena *a, struct thread *t)
{
    struct filler *f = arena_new(a, struct filler);

    f->unwinder = u;
    f->source = s;
    f->arena = a;
    f->budget.left = VARIABLES_MEMORY_MAX;
    f->n = unwind_frames(u, thread, f->frames, VARIABLES_FRAMES_MAX);
    f->bytes = (struct module_bytes){.bytes = bytes_of, .arg = f};
    make_views(f, thread);
    fill_all(f, t->frames, t->frames_left_out ? t->gap_after + 1 : t->n_frames);
    for (size_t i = 0; i < f->n_opened; i++)
        debug_close(f->opened[i].debug);
}
