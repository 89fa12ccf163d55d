/* SPDX-License-Identifier: Apache-2.0 */
/* A process made by hand, for what walks its stack: pieces of memory, modules with an index each,
 * one thread. */
#ifndef CORRAL_TESTS_UNIT_UNWIND_PROCESS_H
#define CORRAL_TESTS_UNIT_UNWIND_PROCESS_H

#include <assert.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/index/writer.h"
#include "workerd/unwind/unwind.h"

#define PIECES_MAX 8

/* Memory whose bytes are lacking has none. */
struct piece {
    uint64_t start, size;
    uint8_t *bytes;
    bool executable;
};

struct process {
    struct arena arena;
    struct image image;
    struct piece pieces[PIECES_MAX];
    size_t n_pieces;
    struct image_module modules[PIECES_MAX];
    struct unwind_module indexes[PIECES_MAX];
    struct index opened[PIECES_MAX];
    struct image_thread thread;
    uint64_t registers[64]; /* by the layout's indexes */
    struct unwinder unwinder;
};

/* --- Memory --- */

static inline const struct piece *piece_at(const struct process *p, uint64_t address)
{
    for (size_t i = 0; i < p->n_pieces; i++)
        if (address - p->pieces[i].start < p->pieces[i].size)
            return &p->pieces[i];
    return NULL;
}

static inline ssize_t process_read(const void *source, uint64_t address, void *bytes, size_t n)
{
    const struct piece *piece = piece_at(source, address);
    uint64_t skip;

    if (!piece || !piece->bytes)
        return 0;
    skip = address - piece->start;
    if (n > piece->size - skip)
        n = (size_t)(piece->size - skip);
    memcpy(bytes, piece->bytes + skip, n);
    return (ssize_t)n;
}

static inline bool process_range(const void *source, uint64_t address, struct image_range *ret)
{
    const struct piece *piece = piece_at(source, address);

    if (!piece)
        return false;
    *ret = (struct image_range){.start = piece->start,
                                .end = piece->start + piece->size,
                                .executable = piece->executable,
                                .writable = !piece->executable};
    return true;
}

static const struct image_reader process_reader = {.read = process_read, .range = process_range};

/* --- The process --- */

static inline const struct unwind_module *process_module(void *arg, const struct image_module *m)
{
    struct process *p = arg;

    return &p->indexes[m - p->modules];
}

static inline void process_init(struct process *p, uint16_t machine, bool is64)
{
    memset(p, 0, sizeof *p);
    p->image.arena = &p->arena;
    p->image.layout = core_layout_find(machine, is64);
    p->image.reader = &process_reader;
    p->image.source = p;
    p->image.modules = p->modules;
    p->image.threads = &p->thread;
    p->image.n_threads = 1;
    p->thread.registers = p->registers;
    p->unwinder = (struct unwinder){.image = &p->image, .module = process_module, .arg = p};
}

static inline void process_fini(struct process *p)
{
    arena_fini(&p->arena);
}
#define _cleanup_process_ _cleanup_(process_fini)

/* By address, as all pieces are added; zeroed. */
static inline struct piece *process_piece(struct process *p, uint64_t start, uint64_t size,
                                          bool executable)
{
    struct piece *piece = &p->pieces[p->n_pieces++];

    assert(p->n_pieces <= PIECES_MAX);
    *piece = (struct piece){.start = start, .size = size, .executable = executable};
    piece->bytes = arena_alloc(&p->arena, size);
    return piece;
}

/* A file of code of that piece's size; its index may be given later. */
static inline size_t process_file(struct process *p, const char *path, uint64_t start,
                                  uint64_t size)
{
    size_t i = p->image.n_modules++;

    process_piece(p, start, size, true);
    p->modules[i] = (struct image_module){.path = path, .start = start, .end = start + size};
    return i;
}

static inline void process_word(struct process *p, uint64_t address, uint64_t value)
{
    const struct piece *piece = piece_at(p, address);

    assert(piece && piece->bytes);
    memcpy(piece->bytes + (address - piece->start), &value, p->image.layout->is64 ? 8 : 4);
}

static inline void process_register(struct process *p, const char *name, uint64_t value)
{
    const struct core_layout *l = p->image.layout;

    for (size_t i = 0; i < l->n_registers; i++)
        if (strcmp(l->registers[i].name, name) == 0)
            p->registers[i] = value;
}

/* --- Indexes: addresses of a file are its offsets --- */

static inline struct index_writer *process_writer(struct process *p)
{
    struct index_writer *w = index_writer_new();
    const struct index_segment s = {.filesz = 0x10000, .memsz = 0x10000, .flags = PF_R | PF_X};

    index_writer_identity(w, p->image.layout->machine, p->image.layout->is64, "0123456789");
    index_writer_segment(w, &s);
    return w;
}

static inline void process_rule(struct index_writer *w, uint64_t start, uint64_t end,
                                const struct cfi_rule *rule)
{
    const struct index_writer_row row = {start, index_writer_rule(w, rule)};

    index_writer_cfi(w, start, end, &row, 1);
}

static inline void process_symbol(struct index_writer *w, uint64_t start, uint64_t end,
                                  const char *name)
{
    const struct index_writer_symbol s = {.start = start, .end = end, .name = name};

    index_writer_symbol(w, &s);
}

/* Takes the writer. */
static inline void process_index(struct process *p, size_t file, struct index_writer *w)
{
    _cleanup_buf_ struct buf b = BUF_INIT(1u << 20);
    void *copy;
    int r = index_writer_finish(w, &b);

    assert(r == 0);
    index_writer_free(w);
    copy = arena_memdup(&p->arena, b.data, b.len);
    r = index_open(copy, b.len, &p->opened[file]);
    assert(r == 0);
    p->indexes[file] =
        (struct unwind_module){.index = &p->opened[file], .bias = p->modules[file].start};
}

#endif
