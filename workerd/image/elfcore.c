/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/image/elfcore.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/image/loaded.h"

#define FIRST_PAGES_MAX 16u   /* of one file that are looked at for its build-id */
#define MORE_PAGES_MAX  1024u /* … of all files, but for one of each */

/* --- Memory --- */

static ssize_t read_memory(const void *source, uint64_t address, void *p, size_t n)
{
    return corefile_read(source, address, p, n);
}

/* Segments may overlap in a core that lies: then one ends where the next begins, as
 * corefile_segment sees them. */
static struct image_range range_of(const struct corefile *c, const struct core_segment *s)
{
    uint64_t end = s->start + s->memsz;

    if (s + 1 < c->segments + c->n_segments && s[1].start < end)
        end = s[1].start;
    return (struct image_range){
        .start = s->start,
        .end = end,
        .readable = s->flags & PF_R,
        .writable = s->flags & PF_W,
        .executable = s->flags & PF_X,
    };
}

static bool find_range(const void *source, uint64_t address, struct image_range *ret)
{
    const struct corefile *c = source;
    const struct core_segment *s = corefile_segment(c, address);

    if (!s)
        return false;
    *ret = range_of(c, s);
    return true;
}

static bool find_above(const void *source, uint64_t address, struct image_range *ret)
{
    const struct corefile *c = source;
    size_t low = 0, high = c->n_segments;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (c->segments[middle].start < address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == c->n_segments)
        return false;
    *ret = range_of(c, &c->segments[low]);
    return true;
}

static bool find_file(const void *source, uint64_t address, struct image_file *ret)
{
    const struct core_mapping *m = corefile_mapping(source, address);

    if (!m)
        return false;
    *ret = (struct image_file){.path = m->path,
                               .start = m->start,
                               .end = m->end,
                               .offset = m->file_offset + (address - m->start)};
    return true;
}

static const struct image_reader reader = {
    .read = read_memory, .range = find_range, .above = find_above, .file = find_file};

/* --- Threads --- */

static void list_threads(const struct corefile *c, struct image *i)
{
    size_t n = c->layout->n_registers;
    uint64_t *values = arena_array(i->arena, uint64_t, c->n_threads * n);

    i->threads = arena_array(i->arena, struct image_thread, c->n_threads);
    i->n_threads = c->n_threads;
    i->threads_left_out = c->threads_left_out;
    i->vectors = c->vectors;
    for (size_t t = 0; t < c->n_threads; t++, values += n) {
        for (size_t r = 0; r < n; r++)
            values[r] = core_thread_register(c, &c->threads[t], r);
        i->threads[t] = (struct image_thread){.tid = c->threads[t].tid, .registers = values};
    }
}

/* --- Modules --- */

/* Data files are mapped too (locales, fonts); only what holds code is a module. A core without that
 * segment can't tell. */
static bool may_execute(const struct corefile *c, const struct core_mapping *m)
{
    const struct core_segment *s = corefile_segment(c, m->start);

    return !s || (s->flags & PF_X);
}

static bool holds_code(const struct corefile *c, const struct core_mapping *m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (may_execute(c, &m[i]))
            return true;
    return false;
}

/* Does b go on with the load of the file that a belongs to? The next load starts again at the
 * file's first byte; but with large pages all segments of a small file do that, side by side. */
static bool goes_on(const struct core_mapping *a, const struct core_mapping *b)
{
    if (b->file_offset == 0 && (a->file_offset != 0 || a->end != b->start))
        return false;
    return strcmp(a->path, b->path) == 0;
}

/* How many of the mappings from `first` on are one load of one file. */
static size_t group_length(const struct corefile *c, size_t first)
{
    size_t i = first + 1;

    while (i < c->n_mappings && goes_on(&c->mappings[i - 1], &c->mappings[i]))
        i++;
    return i - first;
}

/* Without those that are empty or overlap, which no kernel writes. */
static size_t copy_mappings(const struct core_mapping *from, size_t n, struct image_mapping *to)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (from[i].end > from[i].start && (count == 0 || from[i].start >= to[count - 1].end))
            to[count++] = (struct image_mapping){from[i].start, from[i].end, from[i].file_offset};
    return count;
}

/* From the first page of the file, which may be mapped more than once: by a few segments, and by
 * many only in a core that lies. */
static const char *find_build_id(const struct corefile *c, const struct image_mapping *m, size_t n,
                                 size_t *more_pages, struct arena *a)
{
    const char *id = loaded_build_id(c, m[0].start, a);

    for (size_t i = 1; i < n && i < FIRST_PAGES_MAX && !id && m[i].file_offset == 0; i++) {
        if (*more_pages == 0)
            break;
        --*more_pages;
        id = loaded_build_id(c, m[i].start, a);
    }
    return id;
}

static void add_module(const struct corefile *c, struct image *i, const struct core_mapping *from,
                       size_t n, size_t *more_pages)
{
    struct image_mapping *mappings;

    if (!holds_code(c, from, n))
        return;
    mappings = arena_array(i->arena, struct image_mapping, n);
    n = copy_mappings(from, n, mappings);
    if (n == 0)
        return;
    i->modules[i->n_modules++] = (struct image_module){
        .path = from->path,
        .build_id = find_build_id(c, mappings, n, more_pages, i->arena),
        .start = mappings[0].start,
        .end = mappings[n - 1].end,
        .mappings = mappings,
        .n_mappings = n,
    };
}

/* The kernel maps it without a file; its bytes are in the core. */
static void add_vdso(const struct corefile *c, struct image *i)
{
    const struct core_segment *s = c->auxv_vdso ? corefile_segment(c, c->auxv_vdso) : NULL;

    if (!s || s->start != c->auxv_vdso || s->memsz > IMAGE_VDSO_MAX)
        return;
    i->modules[i->n_modules++] = (struct image_module){
        .path = IMAGE_VDSO_PATH,
        .build_id = loaded_build_id(c, s->start, i->arena),
        .start = s->start,
        .end = s->start + s->memsz,
        .vdso = true,
    };
}

static int compare_modules(const void *a, const void *b)
{
    const struct image_module *x = a, *y = b;

    return x->start < y->start ? -1 : x->start > y->start;
}

/* In order, and none that begins within another. */
static void sort_modules(struct image *i)
{
    size_t n = 0;

    qsort(i->modules, i->n_modules, sizeof *i->modules, compare_modules);
    for (size_t k = 0; k < i->n_modules; k++)
        if (n == 0 || i->modules[k].start >= i->modules[n - 1].end)
            i->modules[n++] = i->modules[k];
    i->n_modules = n;
}

static void list_modules(const struct corefile *c, struct image *i)
{
    size_t most = c->n_mappings ? c->n_mappings : c->n_segments;
    size_t more_pages = MORE_PAGES_MAX;
    size_t max = most < IMAGE_MODULES_MAX - 1 ? most : IMAGE_MODULES_MAX - 1;

    i->modules = arena_array(i->arena, struct image_module, max + 1); /* and the vDSO */
    for (size_t at = 0, n; at < c->n_mappings && i->n_modules < max; at += n) {
        n = group_length(c, at);
        add_module(c, i, &c->mappings[at], n, &more_pages);
    }
    if (c->n_mappings == 0)
        i->n_modules = loaded_modules(c, i->arena, i->modules, max);
    add_vdso(c, i);
    sort_modules(i);
}

/* --- The whole --- */

static void tell_facts(const struct corefile *c, struct image *i)
{
    struct image_module *main =
        image_module_at(i, c->auxv_entry ? c->auxv_entry : c->auxv_program_headers);
    const struct core_mapping *program = corefile_mapping(c, c->auxv_entry);

    if (!program)
        program = corefile_mapping(c, c->auxv_program_headers);
    if (main && !main->vdso)
        main->main = true;
    i->executable = program ? program->path : main && c->n_mappings == 0 ? main->path : c->name;
    i->signal = c->has_siginfo ? c->signal : c->n_threads ? c->threads[0].signal : 0;
    i->code = c->code;
    i->has_address = c->has_address;
    i->address = c->address;
    i->has_sender = c->has_sender;
    i->sender = c->sender_pid;
    i->has_call = c->has_call;
    i->call = c->call;
    i->call_machine = c->call_machine;
    i->pid = c->pid;
    i->truncated = c->truncated;
}

void elfcore_image(const struct corefile *core, struct arena *a, struct image *ret)
{
    *ret = (struct image){.arena = a, .layout = core->layout, .reader = &reader, .source = core};
    list_threads(core, ret);
    list_modules(core, ret);
    tell_facts(core, ret);
}
