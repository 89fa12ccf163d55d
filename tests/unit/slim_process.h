/* SPDX-License-Identifier: Apache-2.0 */
/* A process that never was: memory to write into, and the head of the core that the kernel would
 * have made of it. Whoever reads memory that was not dumped is stopped at once. */
#ifndef CORRAL_TESTS_UNIT_SLIM_PROCESS_H
#define CORRAL_TESTS_UNIT_SLIM_PROCESS_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "client/slim/slim.h"
#include "common/base/cleanup.h"
#include "tests/unit/core_image.h"

#define REGIONS_MAX 16

struct region {
    uint64_t start, memsz, filesz;
    uint32_t flags;
    uint8_t *bytes;
};

struct process {
    struct region regions[REGIONS_MAX];
    size_t n;
    struct core_image image;
    struct core_image_memory memory[REGIONS_MAX];

    struct buf bytes; /* of the whole core */
    size_t head;      /* … so many are the head */
    struct arena arena;
    struct corefile core;
    uint64_t reads_left; /* the process is gone after so many reads */
    uint64_t bad_page;   /* cannot be read */
    size_t longest;      /* most that one read gives */
    uint64_t reads;
};

static void process_fini(struct process *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->regions[i].bytes);
    buf_fini(&p->bytes);
    arena_fini(&p->arena);
}

#define _process_ _cleanup_(process_fini)

/* Regions are added by address. All of it is dumped, or the first page, or nothing. What
 * cannot be written to is there whether or not it is dumped. */
static void process_map(struct process *p, uint64_t start, uint64_t memsz, uint64_t filesz,
                        uint32_t flags)
{
    ck_assert(p->n < REGIONS_MAX);
    size_t there = flags && !(flags & PF_W) ? memsz : filesz;

    p->regions[p->n++] =
        (struct region){start, memsz, filesz, flags, there ? calloc(1, there) : NULL};
}

static uint8_t *process_at(struct process *p, uint64_t address, size_t n)
{
    for (size_t i = 0; i < p->n; i++) {
        struct region *r = &p->regions[i];

        uint64_t there = r->flags && !(r->flags & PF_W) ? r->memsz : r->filesz;

        if (address >= r->start && address - r->start + n <= there)
            return r->bytes + (address - r->start);
    }
    return NULL;
}

static void process_put(struct process *p, uint64_t address, const void *bytes, size_t n)
{
    uint8_t *at = process_at(p, address, n);

    ck_assert_ptr_nonnull(at);
    memcpy(at, bytes, n);
}

static inline void process_put_word(struct process *p, uint64_t address, uint64_t word)
{
    process_put(p, address, &word, sizeof word);
}

/* Builds the core and opens its head. */
static void process_die(struct process *p)
{
    for (size_t i = 0; i < p->n; i++)
        p->memory[i] = (struct core_image_memory){p->regions[i].start, p->regions[i].memsz,
                                                  (const char *)p->regions[i].bytes,
                                                  p->regions[i].filesz, p->regions[i].flags};
    p->image.memory = p->memory;
    p->image.n_memory = p->n;
    if (p->reads_left == 0)
        p->reads_left = UINT64_MAX;
    if (p->longest == 0)
        p->longest = SIZE_MAX;
    buf_init(&p->bytes, 1u << 26);
    arena_init(&p->arena, 0);
    core_image_build(&p->image, &p->bytes);
    ck_assert_int_eq(buf_error(&p->bytes), 0);

    Elf64_Phdr notes;

    memcpy(&notes, p->bytes.data + sizeof(Elf64_Ehdr), sizeof notes);
    p->head = notes.p_offset + notes.p_filesz;
    ck_assert_int_eq(corefile_open(bytes_of_memory(p->bytes.data, p->head), &p->arena, &p->core),
                     0);
}

static ssize_t process_read(void *arg, uint64_t address, void *to, size_t n)
{
    struct process *p = arg;
    const uint8_t *from = process_at(p, address, n);

    ck_assert_msg(from || n == 0, "read of %zu bytes at %#lx, which were not dumped", n,
                  (unsigned long)address);
    p->reads++;
    if (p->reads_left == 0)
        return 0;
    p->reads_left--;
    if (n > p->longest)
        n = p->longest;
    if (p->bad_page != 0 && address < p->bad_page + 4096 && address + n > p->bad_page) {
        if (address >= p->bad_page)
            return -EIO;
        n = p->bad_page - address;
    }
    memcpy(to, from, n);
    return (ssize_t)n;
}

static const struct slim_limits process_limits = {1u << 20, 64u << 10, 64u << 10, 4u << 20};

static inline struct slim *process_slim(struct process *p, const struct slim_limits *limits)
{
    const struct slim_source source = {process_read, p};
    struct slim *s = NULL;

    ck_assert_int_eq(
        slim_take(&p->core, p->bytes.data, p->head, &source, limits ? limits : &process_limits, &s),
        0);
    return s;
}

DEFINE_CLEANUP(cleanup_slim, struct slim, slim_free)
#define _cleanup_slim_ _cleanup_(cleanup_slim)

/* So many bytes from the address on are held, and are those of the process. */
static inline size_t process_held(struct process *p, const struct slim *s, uint64_t address,
                                  size_t n)
{
    _cleanup_free_ uint8_t *held = malloc(n);
    size_t got = slim_read(s, address, held, n);

    ck_assert(got == 0 || memcmp(held, process_at(p, address, got), got) == 0);
    return got;
}

#endif
