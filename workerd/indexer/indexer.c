/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/indexer.h"

#include <errno.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/core/bytes.h"
#include "workerd/index/cursor.h"
#include "workerd/indexer/cfi.h"
#include "workerd/indexer/container.h"
#include "workerd/indexer/dwarf.h"
#include "workerd/indexer/readable.h"
#include "workerd/indexer/symbols.h"

#define ADDRESSES_MAX     (1ull << 32) /* format.h: rows have 32 bits for an address */
#define CODE_SEGMENTS_MAX 16u          /* that are looked at for what they hold */
/* What all sections may be when they are decompressed: debug information shrinks to a third, and
 * tables of zeros to a twelfth. */
#define UNPACKED_LEAST    (4u << 20)
#define UNPACKED_PER_BYTE 16u

struct build {
    const struct indexer_input *in;
    struct index_writer *writer;
    struct memory_budget budget;
    struct container module, debuginfo, shared; /* without `sections`: not at hand, or of no use */
    char build_id[ELF_BUILD_ID_TEXT];           /* "": none */
};

/* --- The module's headers --- */

static void add_sources(const struct build *b)
{
    const struct {
        const struct indexer_file *file;
        enum index_source_kind kind;
    } all[] = {
        {&b->in->module, INDEX_SOURCE_MODULE},
        {&b->in->debuginfo, INDEX_SOURCE_DEBUGINFO},
        {&b->in->shared, INDEX_SOURCE_SHARED},
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct index_source source = all[i].file->source;

        source.kind = all[i].kind;
        source.reserved = 0;
        if (all[i].file->size > 0)
            index_writer_source(b->writer, &source);
    }
}

static int add_segments(const struct build *b)
{
    const struct elf_view *v = &b->module.view;
    uint64_t low = UINT64_MAX, high = 0;
    struct elf_segment s;

    for (uint32_t i = 0; elf_segment(v, i, &s) == 0; i++) {
        const struct index_segment segment = {
            .vaddr = s.vaddr,
            .offset = s.offset,
            .filesz = s.filesz,
            .memsz = s.memsz,
            .flags = s.flags,
        };

        if (s.type != PT_LOAD || s.memsz == 0)
            continue;
        if (s.memsz > UINT64_MAX - s.vaddr)
            return INDEXER_MALFORMED;
        low = s.vaddr < low ? s.vaddr : low;
        high = s.vaddr + s.memsz > high ? s.vaddr + s.memsz : high;
        index_writer_segment(b->writer, &segment);
    }
    if (high == 0)
        return INDEXER_MALFORMED;
    return high - low > ADDRESSES_MAX - 4096 ? INDEXER_TOO_LARGE : 0;
}

/* Whether all of a run of the file is a hole. */
static bool is_empty(const struct elf_view *v, uint64_t offset, uint64_t size)
{
    struct bytes file = bytes_of_memory(v->data, v->size);
    uint64_t there = bytes_present(&file, offset, size);
    const uint8_t *p = v->data + (there > 0 ? offset : 0);

    return there == 0 || (p[0] == 0 && memcmp(p, p + 1, there - 1) == 0);
}

/* An unwind sidecar says of its code that there is none; without a section table it has a hole
 * there. */
static bool is_sidecar(const struct container *c)
{
    bool code = false;
    struct elf_segment s;
    size_t looked_at = 0;

    for (size_t i = 0; i < c->n; i++) {
        if (!container_is_code(&c->sections[i]))
            continue;
        if (c->sections[i].header.type != SHT_NOBITS)
            return false;
        code = true;
    }
    for (uint32_t i = 0; c->n == 0 && elf_segment(&c->view, i, &s) == 0; i++) {
        if (s.type != PT_LOAD || !(s.flags & PF_X))
            continue;
        if (is_empty(&c->view, s.offset, s.filesz))
            return true;
        if (++looked_at == CODE_SEGMENTS_MAX)
            break;
    }
    return code;
}

static int open_module(struct build *b)
{
    const struct indexer_file *file = &b->in->module;
    int r = container_open(file->data, file->size, &b->budget, &b->module);

    if (r != 0)
        return r < 0 ? r : r == ELF_NOT_ELF ? INDEXER_NOT_ELF : INDEXER_MALFORMED;
    const struct elf_view *v = &b->module.view;

    if (v->type != ET_EXEC && v->type != ET_DYN)
        return INDEXER_NOT_ELF;
    if (elf_build_id(v, b->build_id) != 0)
        b->build_id[0] = '\0';
    index_writer_identity(b->writer, v->machine, v->is64, b->build_id);
    r = add_segments(b);
    if (r == 0)
        index_writer_flags(b->writer, is_sidecar(&b->module) ? INDEX_SIDECAR : 0);
    return r;
}

/* --- Its debug files --- */

static bool has_id(const struct container *c, const char *wanted)
{
    char id[ELF_BUILD_ID_TEXT];

    return elf_build_id(&c->view, id) != 0 || strcmp(id, wanted) == 0;
}

/* What is no debug file of this module is told, and then it is as if it were not there. */
static int open_debuginfo(struct build *b)
{
    const struct indexer_file *file = &b->in->debuginfo;
    struct container c;

    if (file->size == 0)
        return 0;
    int r = container_open(file->data, file->size, &b->budget, &c);

    if (r != 0) {
        index_writer_problem(b->writer, "the debug file is damaged");
        return r < 0 ? r : 0;
    }
    if (b->build_id[0] == '\0' || has_id(&c, b->build_id)) {
        b->debuginfo = c;
        return 0;
    }
    container_close(&c);
    index_writer_problem(b->writer, "the debug file belongs to another build");
    return 0;
}

static bool take_id(struct cursor *c, char ret[static ELF_BUILD_ID_TEXT])
{
    if (c->bad || cursor_left(c) == 0 || cursor_left(c) > ELF_BUILD_ID_MAX)
        return false;
    hex_encode(c->p, cursor_left(c), ret);
    return true;
}

/* .debug_sup (DWARF 5 section 7.3.6): version, whether this is the shared file itself, the other
 * one's path, NUL, the length of the id, the id. */
static bool standard_id(struct container *file, bool is_shared, char ret[static ELF_BUILD_ID_TEXT])
{
    struct span link = container_named(file, ".debug_sup");
    struct cursor c = cursor_of(link.data, link.size);

    if (cursor_u16(&c) != 5 || cursor_u8(&c) != is_shared || !cursor_text(&c))
        return false;
    return cursor_uleb(&c) == cursor_left(&c) && take_id(&c, ret);
}

/* .gnu_debugaltlink: a path, NUL, the build-id of dwz's file. False when no file is shared. */
static bool shared_id(struct container *debug, char ret[static ELF_BUILD_ID_TEXT])
{
    struct span link = container_named(debug, ".gnu_debugaltlink");
    struct cursor c = cursor_of(link.data, link.size);

    return (cursor_text(&c) && take_id(&c, ret)) || standard_id(debug, false, ret);
}

static bool is_shared_file(struct container *c, const char *wanted)
{
    char id[ELF_BUILD_ID_TEXT];

    if (standard_id(c, true, id))
        return strcmp(id, wanted) == 0;
    return has_id(c, wanted);
}

static int open_shared(struct build *b, struct container *debug)
{
    const struct indexer_file *file = &b->in->shared;
    char id[ELF_BUILD_ID_TEXT];
    struct container c;
    int r = ELF_NOT_ELF;

    if (!shared_id(debug, id))
        return 0;
    index_writer_shared_id(b->writer, id);
    if (file->size > 0)
        r = container_open(file->data, file->size, &b->budget, &c);
    if (r < 0)
        return r;
    if (r == 0 && is_shared_file(&c, id)) {
        b->shared = c;
        return 0;
    }
    if (r == 0)
        container_close(&c);
    index_writer_flags(b->writer, INDEX_LACKS_SHARED);
    return 0;
}

/* --- What is in them --- */

static int add_cfi(struct build *b)
{
    struct cfi_section s;
    int r = 0;

    if (cfi_find_eh_frame(&b->module, &s)) {
        index_writer_flags(b->writer, INDEX_HAS_CFI);
        r = cfi_index(&s, b->writer);
    }
    if (r == 0 && (cfi_find_debug_frame(&b->module, &s) ||
                   (b->debuginfo.sections && cfi_find_debug_frame(&b->debuginfo, &s)))) {
        index_writer_flags(b->writer, INDEX_HAS_CFI);
        r = cfi_index(&s, b->writer);
    }
    return r;
}

static struct dwarf dwarf_of(struct container *c)
{
    return (struct dwarf){
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
}

/* Whether there is something in the file, though it may turn out to be useless. */
static bool has_dwarf(struct container *c)
{
    const struct container_section *s = c->sections ? container_find(c, ".debug_info") : NULL;

    return s && s->raw.size > 0;
}

static int add_dwarf(struct build *b)
{
    struct container *c = has_dwarf(&b->debuginfo) ? &b->debuginfo : &b->module;
    struct dwarf dwarf, shared;

    if (!has_dwarf(c))
        return 0;
    int r = open_shared(b, c);

    if (r < 0)
        return r;
    dwarf = dwarf_of(c);
    if (dwarf.info.size == 0 || dwarf.abbrev.size == 0) {
        index_writer_problem(b->writer, "the debug information cannot be decompressed");
        return 0;
    }
    if (b->shared.sections) {
        shared = dwarf_of(&b->shared);
        dwarf.shared = &shared;
    }
    index_writer_flags(b->writer, INDEX_HAS_DEBUG);
    dwarf_index(&dwarf, container_has_zero(c), b->writer);
    return 0;
}

static int build(struct build *b, struct buf *ret)
{
    int r;

    add_sources(b);
    r = open_module(b);
    if (r == 0)
        r = open_debuginfo(b);
    if (r == 0)
        r = add_cfi(b);
    if (r == 0)
        r = symbols_index(&b->module, b->debuginfo.sections ? &b->debuginfo : NULL, b->writer);
    if (r == 0)
        r = add_dwarf(b);
    if (r == 0)
        r = index_writer_finish(b->writer, ret);
    return r == -E2BIG ? INDEXER_TOO_LARGE : r;
}

int indexer_build(const struct indexer_input *in, struct buf *ret)
{
    uint64_t bytes = in->module.size + in->debuginfo.size + in->shared.size;
    uint64_t unpacked = UNPACKED_LEAST + UNPACKED_PER_BYTE * bytes;
    struct build b = {
        .in = in,
        .writer = index_writer_new(),
        .budget = {.left = unpacked < in->memory_max ? unpacked : in->memory_max},
    };
    struct readable readable;

    if (!b.writer)
        return -ENOMEM;
    readable_init(&readable, b.writer, bytes);
    int r = build(&b, ret);

    readable_fini(&readable);
    container_close(&b.module);
    container_close(&b.debuginfo);
    container_close(&b.shared);
    index_writer_free(b.writer);
    return r;
}

const char *indexer_outcome_text(int outcome)
{
    switch (outcome) {
    case INDEXER_NOT_ELF:
        return "not an executable ELF file of this byte order";
    case INDEXER_MALFORMED:
        return "its ELF headers are damaged";
    case INDEXER_TOO_LARGE:
        return "too large";
    default:
        return "unknown";
    }
}
