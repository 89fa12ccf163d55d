/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/engine/ours.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "workerd/cause/cause.h"
#include "workerd/indexer/demangle.h"
#include "workerd/indexer/indexer.h"
#include "workerd/naming/naming.h"
#include "workerd/unwind/effort.h"
#include "workerd/unwind/unwind.h"

#define ENGINE_NAME       "corral 1"
#define VDSO_INDEX_MAX    (4u * 1024 * 1024)
#define VDSO_SECTIONS_MAX (1u * 1024 * 1024) /* none of them is compressed */
#define BIAS_SEGMENTS_MAX 64u                /* of a file that are looked for among its mappings */

/* What is had of one of the image's modules. */
struct slot {
    bool tried;
    struct unwind_module module;
    struct index index;
};

struct ours {
    const struct index_fetcher *fetcher;
    struct image *image;
    struct slot *slots; /* of the image's modules, by their number */
    struct unwinder unwinder;
    struct naming naming;
    struct raw_stack stack; /* of the thread at hand */
};

/* --- Modules --- */

/* Where a segment of the file lies in the process tells how far all of them were moved. */
static bool segment_bias(const struct image_module *m, const struct index_segment *s, uint64_t *ret)
{
    uint64_t first = s->offset & -(uint64_t)IMAGE_PAGE;

    for (size_t i = 0; i < m->n_mappings; i++) {
        const struct image_mapping *p = &m->mappings[i];

        if (p->file_offset >= first && p->file_offset < s->offset + s->filesz) {
            *ret = p->start - p->file_offset + s->offset - s->vaddr;
            return true;
        }
    }
    return false;
}

/* Each segment that is tried costs a look at all mappings. */
static bool find_bias(const struct image_module *m, const struct index *x, uint64_t *ret)
{
    size_t n;
    const struct index_segment *segments = index_segments(x, &n);

    for (size_t i = 0; i < n && i < BIAS_SEGMENTS_MAX; i++)
        if (segment_bias(m, &segments[i], ret))
            return true;
    if (m->n_mappings > 0 || n == 0)
        return false;
    *ret = m->start - segments[0].vaddr;
    return true;
}

/* The kernel maps it without a file: its bytes, and so its index, come from the core. It is never
 * kept for other crashes, for nothing vouches for them. */
static struct fetched_index index_vdso(struct ours *o, const struct image_module *m)
{
    _cleanup_buf_ struct buf b = BUF_INIT(VDSO_INDEX_MAX);
    size_t size = (size_t)(m->end - m->start);
    uint8_t *bytes = size <= IMAGE_VDSO_MAX ? arena_try(o->image->arena, size) : NULL;
    const struct indexer_input in = {.module = {.data = bytes, .size = size},
                                     .memory_max = VDSO_SECTIONS_MAX};

    if (!bytes || !image_read(o->image, m->start, bytes, size) || indexer_build(&in, &b) != 0)
        return (struct fetched_index){0};
    return (struct fetched_index){.data = arena_memdup(o->image->arena, b.data, b.len),
                                  .size = b.len};
}

static void take_index(struct ours *o, struct slot *s, struct image_module *m)
{
    struct fetched_index f = m->vdso ? index_vdso(o, m) : o->fetcher->fetch(o->fetcher->arg, m);

    o->unwinder.effort += EFFORT_MODULE;
    s->module.problem = f.problem;
    if (!f.data || index_open(f.data, f.size, &s->index) != 0)
        return;
    if (s->index.header->machine != o->image->layout->machine ||
        !find_bias(m, &s->index, &s->module.bias)) {
        s->module.problem = "it does not fit where the core says that it was mapped";
        return;
    }
    s->module.index = &s->index;
    if (!m->build_id && s->index.header->build_id[0] != '\0')
        m->build_id = s->index.header->build_id;
}

static struct slot *slot_of(struct ours *o, size_t i)
{
    struct slot *s = &o->slots[i];

    if (!s->tried) {
        s->tried = true;
        take_index(o, s, &o->image->modules[i]);
    }
    return s;
}

static const struct unwind_module *module_of(void *arg, const struct image_module *m)
{
    struct ours *o = arg;

    return &slot_of(o, (size_t)(m - o->image->modules))->module;
}

/* --- What analysis asks --- */

static int unwind(void *arg, size_t threads, stack_handler *handler, void *handler_arg)
{
    struct ours *o = arg;
    int r = 0;

    for (size_t i = 0; i < threads && r >= 0; i++) {
        unwind_thread(&o->unwinder, i, &o->stack);
        r = handler(i, &o->stack, handler_arg);
    }
    return r < 0 ? r : 0;
}

static const struct named_frames *name_frame(void *arg, const struct raw_frame *f)
{
    struct ours *o = arg;

    return naming_frame(&o->naming, f);
}

static size_t tail_calls(void *arg, const struct raw_frame *inner, const struct raw_frame *outer,
                         uint64_t ret[static TAIL_CALLS_MAX])
{
    struct ours *o = arg;

    return naming_tail_calls(&o->naming, inner, outer, ret);
}

static bool names_left_out(void *arg)
{
    struct ours *o = arg;
    bool left_out = o->naming.left_out;

    o->naming.left_out = false;
    return left_out;
}

/* A module that no frame was in keeps MODULE_MISSING: whoever has the files knows better. */
static void describe(void *arg, size_t i, struct module *ret)
{
    struct ours *o = arg;
    const struct slot *s = &o->slots[i];

    if (o->image->modules[i].vdso)
        ret->status = MODULE_STRIPPED;
    ret->build_id = o->image->modules[i].build_id;
    ret->problem = s->module.problem;
    if (!s->module.index)
        return;
    ret->status = index_status(&s->index);
    if (!ret->problem)
        ret->problem = index_text(&s->index, s->index.header->debug_problem);
    if (!ret->problem && (s->index.header->flags & INDEX_LACKS_SHARED))
        ret->problem = "the file that its debug information shares with others is not at hand";
}

static bool variable(void *arg, size_t i, const char *name, uint64_t *ret)
{
    struct ours *o = arg;
    const struct slot *s = slot_of(o, i);
    uint64_t address;

    if (!s->module.index || !index_variable(&s->index, name, &address))
        return false;
    *ret = address + s->module.bias;
    return true;
}

static bool read_memory(void *arg, uint64_t address, void *p, size_t n)
{
    struct ours *o = arg;

    return image_read(o->image, address, p, n);
}

static void fill_variables(void *arg, size_t thread, struct thread *t)
{
    struct ours *o = arg;
    const struct debug_source s = {.files = o->fetcher->files, .arg = o->fetcher->arg};

    if (s.files)
        variables_fill(&o->unwinder, thread, &s, o->image->arena, t);
}

/* Code and constants are not in a core: of a file that was mapped they are read from the file. An
 * unwind sidecar of it has holes in their place. */
static size_t read_file(void *arg, uint64_t address, void *p, size_t n)
{
    struct ours *o = arg;
    const struct image_module *m = image_module_at(o->image, address);
    const struct index *x =
        m && !m->vdso ? slot_of(o, (size_t)(m - o->image->modules))->module.index : NULL;
    struct image_file f;

    if (!x || x->header->flags & INDEX_SIDECAR || !o->fetcher->code ||
        !image_file_at(o->image, address, &f))
        return 0;
    if (n > f.end - address)
        n = (size_t)(f.end - address);
    return o->fetcher->code(o->fetcher->arg, m, f.offset, p, n);
}

static void explain(void *arg, struct analysis *an)
{
    struct ours *o = arg;
    const struct cause_input in = {.image = o->image,
                                   .analysis = an,
                                   .read_file = read_file,
                                   .demangle = demangle,
                                   .arg = o,
                                   .arena = o->image->arena};

    cause_find(&in, &an->cause);
}

static int open_engine(void *arg, struct image *image, struct engine *ret)
{
    struct ours *o = arg;

    o->image = image;
    o->slots = arena_array(image->arena, struct slot, image->n_modules + 1);
    o->unwinder = (struct unwinder){.image = image, .module = module_of, .arg = o};
    naming_init(&o->naming, &o->unwinder);
    *ret = (struct engine){
        .name = ENGINE_NAME,
        .image = image,
        .arg = o,
        .unwind = unwind,
        .name_frame = name_frame,
        .tail_calls = tail_calls,
        .names_left_out = names_left_out,
        .describe = describe,
        .variable = variable,
        .read = read_memory,
        .fill_variables = fill_variables,
        .explain = explain,
    };
    return 0;
}

int ours_analyse(const struct analyse_input *in, const struct index_fetcher *fetcher,
                 struct arena *a, struct analysis *ret)
{
    _cleanup_free_ struct ours *o = calloc(1, sizeof *o);
    const struct engine_maker maker = {.name = ENGINE_NAME, .open = open_engine, .arg = o};

    if (!o)
        return -ENOMEM;
    o->fetcher = fetcher;
    return analyse(in, &maker, a, ret);
}
