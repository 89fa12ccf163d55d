/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/reference workerd/oneshot workerd/analysis workerd/image workerd/index
 * workerd/indexer workerd/sources */
/* Real files, held against libdw: at thousands of addresses the index has the functions, and the
 * inlined calls with their places, that the reference engine finds. */
#include <dwarf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <elfutils/libdw.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"
#include "workerd/index/index.h"
#include "workerd/indexer/dwarf.h"
#include "workerd/reference/debuginfo.h"

#define SAMPLES 20000u /* addresses of a file */

/* Those that are not on this machine are passed over; the first one is this test. */
static const char *const files[] = {
    "/proc/self/exe",
    "build/crashers/nullderef",
    "build/crashers/stripped.debug",
    "build/crashers/terminate",
    "build/crashers/rust",
    "/usr/lib/debug/.build-id/93/ac61ec5a8eb1396f9fbd350e3169a558528a40.debug", /* libc.so.6 */
};

struct fixture {
    int fd;
    uint8_t *data;
    size_t size;
    struct container container;
    struct memory_budget budget;
    Dwarf *dwarf;
    struct debug_index *reference;
    struct buf file;
    struct index index;
    uint64_t low, high; /* addresses of code */
    struct arena arena;
};

static void add_segments(struct fixture *f, struct index_writer *w)
{
    struct elf_segment s;

    f->low = UINT64_MAX;
    for (uint32_t i = 0; elf_segment(&f->container.view, i, &s) == 0; i++) {
        struct index_segment segment = {s.vaddr, s.offset, s.filesz, s.memsz, s.flags, 0};

        if (s.type != PT_LOAD)
            continue;
        index_writer_segment(w, &segment);
        if (!(s.flags & PF_X))
            continue;
        f->low = s.vaddr < f->low ? s.vaddr : f->low;
        f->high = s.vaddr + s.memsz > f->high ? s.vaddr + s.memsz : f->high;
    }
}

static void make_index(struct fixture *f)
{
    struct container *c = &f->container;
    struct dwarf d = {
        .info = container_named(c, ".debug_info"),
        .abbrev = container_named(c, ".debug_abbrev"),
        .str = container_named(c, ".debug_str"),
        .line = container_named(c, ".debug_line"),
        .line_str = container_named(c, ".debug_line_str"),
        .ranges = container_named(c, ".debug_ranges"),
        .rnglists = container_named(c, ".debug_rnglists"),
        .addr = container_named(c, ".debug_addr"),
        .str_offsets = container_named(c, ".debug_str_offsets"),
        .is64 = c->view.is64,
    };
    struct index_writer *w = index_writer_new();

    index_writer_identity(w, c->view.machine, c->view.is64, "");
    add_segments(f, w);
    dwarf_index(&d, false, w);
    buf_init(&f->file, 1u << 30);
    ck_assert_int_eq(index_writer_finish(w, &f->file), 0);
    index_writer_free(w);
    ck_assert_int_eq(index_open(f->file.data, f->file.len, &f->index), 0);
    ck_assert_ptr_null(index_text(&f->index, f->index.header->debug_problem));
}

/* False when there is no such file. */
static bool fixture_open(struct fixture *f, const char *path)
{
    struct stat st;

    *f = (struct fixture){.fd = open(path, O_RDONLY | O_CLOEXEC), .budget.left = 1u << 30};
    arena_init(&f->arena, 0);
    if (f->fd < 0)
        return false;
    ck_assert_int_eq(fstat(f->fd, &st), 0);
    f->size = (size_t)st.st_size;
    f->data = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, f->fd, 0);
    ck_assert_int_eq(container_open(f->data, f->size, &f->budget, &f->container), 0);
    make_index(f);
    f->dwarf = dwarf_begin(f->fd, DWARF_C_READ);
    ck_assert_ptr_nonnull(f->dwarf);
    f->reference = debug_index_new(f->dwarf);
    return true;
}

static void fixture_close(struct fixture *f)
{
    if (f->fd < 0)
        return;
    debug_index_free(f->reference);
    dwarf_end(f->dwarf);
    buf_fini(&f->file);
    container_close(&f->container);
    munmap(f->data, f->size);
    close(f->fd);
    arena_fini(&f->arena);
}

#define _fixture_ _cleanup_(fixture_close)

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* What the reference says of the place where function i - 1 was called, ours says of function i - 1
 * itself. */
static bool same_call(struct fixture *f, const struct index_function *ours,
                      const struct source_frame *caller)
{
    const char *folder = ours->call_folder, *file = ours->call_file;

    if (folder && file) /* it is in order already, as far as it can be */
        file = arena_printf(&f->arena, "%s/%s", folder, file);
    return ours->call_line == caller->line && ours->call_column == caller->column &&
           same(file, caller->file);
}

/* Ours has the namespaces around a name that is no symbol. */
static bool same_name(const char *ours, const struct source_frame *theirs)
{
    if (theirs->linkage || !theirs->function || !ours)
        return same(ours, theirs->linkage ? theirs->linkage : theirs->function);
    size_t n = strlen(ours), m = strlen(theirs->function);

    return n >= m && strcmp(ours + n - m, theirs->function) == 0 &&
           (n == m || (n > m + 2 && memcmp(ours + n - m - 2, "::", 2) == 0));
}

enum verdict { SAME, MORE, OTHER };

/* MORE: of blocks that overlap the reference looks into the first alone, the index into all. */
static enum verdict compare(struct fixture *f, uint64_t address, size_t *ret_inlined)
{
    struct source_frame frames[SOURCE_FRAMES_MAX];
    struct index_function ours[INDEX_CHAIN_MAX];
    uint64_t base = f->index.header->base;
    size_t n = index_functions(&f->index, (uint32_t)(address - base), ours);
    size_t expected = debug_index_find(f->reference, address, &f->arena, frames);

    if (expected == 1 && !frames[0].function && !frames[0].linkage)
        return n == 0 ? SAME : OTHER; /* a line, and no function around it */
    if (n < expected || (expected == 0 && n > 0))
        return OTHER;
    for (size_t i = 0; i < expected; i++) {
        const struct index_function *o = &ours[n - 1 - i];
        const struct source_frame *s = &frames[expected - 1 - i];

        if (!same_name(o->name, s) || o->inlined != s->inlined ||
            (o->inlined && !same_call(f, o, s + 1)))
            return OTHER;
    }
    *ret_inlined += n > 1;
    return n == expected ? SAME : MORE;
}

START_TEST(what_libdw_finds)
{
    _fixture_ struct fixture f;
    size_t inlined = 0, more = 0;

    if (!fixture_open(&f, files[_i]))
        return;
    uint64_t step = (f.high - f.low) / SAMPLES + 1;

    for (uint64_t address = f.low; address < f.high; address += step) {
        enum verdict v = compare(&f, address, &inlined);

        ck_assert_msg(v != OTHER, "%s: %#lx differs", files[_i], (unsigned long)address);
        more += v == MORE;
    }
    ck_assert_msg(more < SAMPLES / 100, "%s: more at %zu addresses", files[_i], more);
    ck_assert_msg(_i != 0 || inlined > 0, "nothing is inlined");
}
END_TEST

UNIT_TABLES_MAIN("workerd/dwarf_files", {what_libdw_finds, ARRAY_SIZE(files)})
