/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/image/loaded.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/core/elf.h"
#include "workerd/image/linkmap.h"

#define FIRST_BYTES  1024u        /* of a file: its headers and notes are mostly there */
#define HEADER_BYTES (16u * 1024) /* … and hardly ever further away */
#define MAPPINGS_MAX 16u          /* PT_LOAD segments of one file */
#define PAGE         UINT64_C(4096)

/* --- The build-id --- */

const char *loaded_build_id(const struct corefile *core, uint64_t start, struct arena *a)
{
    static const size_t sizes[] = {FIRST_BYTES, HEADER_BYTES};
    uint8_t header[HEADER_BYTES];
    char text[ELF_BUILD_ID_TEXT];
    struct elf_view v;

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        ssize_t n = corefile_read(core, start, header, sizes[i]);

        if (n <= 0 || elf_open(header, (size_t)n, &v) != 0)
            return NULL;
        if (elf_build_id(&v, text) == 0)
            return arena_strdup(a, text);
        if ((size_t)n < sizes[i])
            return NULL;
    }
    return NULL;
}

/* --- Files by their own headers --- */

struct finder {
    const struct corefile *core;
    struct arena *arena;
    struct image_module *list;
    size_t n, max;
};

/* PT_LOAD segments as mappings, when each begins and ends in memory and one holds code. */
struct shape {
    struct image_mapping mappings[MAPPINGS_MAX];
    size_t n;
    bool code;
};

/* start: where the file's first byte lies, which *bias was found by. False when it is no mapping of
 * a file that was loaded at start. */
static bool add_mapping(const struct corefile *core, const struct elf_segment *s, uint64_t start,
                        uint64_t *bias, struct shape *shape)
{
    struct image_mapping *m = &shape->mappings[shape->n];

    if (shape->n == MAPPINGS_MAX || s->filesz == 0 || s->filesz > UINT64_MAX - PAGE - s->vaddr)
        return false;
    if (shape->n == 0)
        *bias = start - (s->vaddr - s->offset);
    m->start = (s->vaddr & -PAGE) + *bias;
    m->end = ((s->vaddr + s->filesz + PAGE - 1) & -PAGE) + *bias;
    m->file_offset = s->offset & -PAGE;
    const struct core_segment *first = corefile_segment(core, m->start);

    if (m->end <= m->start || m->start < (shape->n ? m[-1].end : start) || !first ||
        !corefile_segment(core, m->end - 1))
        return false;
    shape->code = shape->code || (first->flags & PF_X);
    shape->n++;
    return true;
}

static bool read_shape(const struct corefile *core, uint64_t start, struct shape *ret)
{
    uint8_t header[PAGE];
    ssize_t n = corefile_read(core, start, header, sizeof header);
    struct elf_segment s;
    struct elf_view v;
    uint64_t bias = 0;

    ret->n = 0;
    ret->code = false;
    if (n <= 0 || elf_open(header, (size_t)n, &v) != 0 || (v.type != ET_EXEC && v.type != ET_DYN) ||
        v.is64 != core->layout->is64 || v.machine != core->layout->machine)
        return false;
    for (uint32_t i = 0; elf_segment(&v, i, &s) == 0; i++)
        if (s.type == PT_LOAD && s.filesz > 0 && !add_mapping(core, &s, start, &bias, ret))
            return false;
    return ret->code && ret->mappings[0].start == start;
}

static void add_by_headers(struct finder *f, uint64_t start)
{
    struct shape shape;

    if (start == f->core->auxv_vdso || !read_shape(f->core, start, &shape))
        return;
    f->list[f->n++] = (struct image_module){
        .path = LOADED_UNNAMED,
        .build_id = loaded_build_id(f->core, start, f->arena),
        .start = start,
        .end = shape.mappings[shape.n - 1].end,
        .mappings = arena_memdup(f->arena, shape.mappings, shape.n * sizeof *shape.mappings),
        .n_mappings = shape.n,
    };
}

static void find_headers(struct finder *f)
{
    const struct corefile *c = f->core;

    for (size_t i = 0; i < c->n_segments && f->n < f->max; i++) {
        const struct core_segment *s = &c->segments[i];
        char magic[SELFMAG];

        if (f->n > 0 && s->start < f->list[f->n - 1].end)
            continue;
        if (s->present >= SELFMAG && bytes_read(&c->bytes, s->offset, magic, SELFMAG) == SELFMAG &&
            memcmp(magic, ELFMAG, SELFMAG) == 0)
            add_by_headers(f, s->start);
    }
}

/* --- Names --- */

static struct image_module *module_at(const struct finder *f, size_t n, uint64_t address)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (f->list[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && address < f->list[low - 1].end ? &f->list[low - 1] : NULL;
}

/* A file whose headers were not dumped: from where it was moved to, up to its dynamic section,
 * which lies behind its code. */
static void add_by_linkmap(struct finder *f, const struct linkmap_entry *e)
{
    const struct core_segment *first = e->bias ? corefile_segment(f->core, e->bias) : NULL;
    const struct core_segment *last = corefile_segment(f->core, e->dynamic);

    if (f->n == f->max || !first || !last || first->start != e->bias || e->dynamic < e->bias ||
        e->bias == f->core->auxv_vdso)
        return;
    struct image_mapping *whole = arena_new(f->arena, struct image_mapping);

    *whole = (struct image_mapping){.start = e->bias, .end = last->start + last->memsz};
    f->list[f->n++] = (struct image_module){
        .path = e->name,
        .start = whole->start,
        .end = whole->end,
        .mappings = whole,
        .n_mappings = 1,
    };
}

static void apply_linkmap(struct finder *f)
{
    struct linkmap_entry *entries;
    size_t n = linkmap_read(f->core, f->arena, &entries), by_headers = f->n;

    for (size_t i = 0; i < n; i++) {
        struct image_module *m = module_at(f, by_headers, entries[i].dynamic);

        if (entries[i].name[0] == '\0')
            continue;
        if (m)
            m->path = entries[i].name;
        else
            add_by_linkmap(f, &entries[i]);
    }
}

/* The dynamic linker's list does not name the program; the kernel told it how it was called. */
static void name_program(struct finder *f, size_t by_headers)
{
    const struct corefile *c = f->core;
    struct image_module *m = module_at(f, by_headers, c->auxv_entry);
    char text[LINKMAP_NAME_MAX];
    ssize_t n = c->auxv_file_name ? corefile_read(c, c->auxv_file_name, text, sizeof text) : 0;

    if (!m || strcmp(m->path, LOADED_UNNAMED) != 0)
        return;
    if (n > 0 && text[0] != '\0')
        m->path = arena_strndup(f->arena, text, strnlen(text, (size_t)n));
    else if (c->name)
        m->path = c->name;
}

static int compare_modules(const void *a, const void *b)
{
    const struct image_module *x = a, *y = b;

    return x->start < y->start ? -1 : x->start > y->start;
}

size_t loaded_modules(const struct corefile *core, struct arena *a, struct image_module *list,
                      size_t max)
{
    struct finder f = {.core = core, .arena = a, .list = list, .max = max};

    find_headers(&f);
    size_t by_headers = f.n;

    apply_linkmap(&f);
    name_program(&f, by_headers);
    if (f.n > by_headers)
        qsort(f.list, f.n, sizeof *f.list, compare_modules);
    return f.n;
}
