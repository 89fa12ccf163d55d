/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sidecar/sidecar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/sidecar/plan.h"
#include "common/base/cleanup.h"

#define BLOCK_SIZE     (64 * 1024)
#define NAME_BYTES     32 /* longer than any name of a section that is kept */
#define ALIGN_MAX      4096
#define PIECES_BESIDES 64 /* those of segments and sections: headers, what plan_bare finds */

/* --- Which sections stay --- */

static const uint32_t kept_types[] = {
    SHT_NOTE,       SHT_DYNSYM,      SHT_DYNAMIC,    SHT_HASH,          SHT_GNU_HASH,
    SHT_GNU_versym, SHT_GNU_verneed, SHT_GNU_verdef, SHT_X86_64_UNWIND,
};

static const char *const kept_names[] = {
    ".eh_frame",      ".eh_frame_hdr",     ".dynstr",
    ".gnu_debuglink", ".gnu_debugaltlink", ".gnu_debugdata",
};

/* Of a file that has no .eh_frame, as Go makes them. */
static const char *const kept_instead[] = {".debug_frame", ".zdebug_frame"};

/* Notes of the build, megabytes of them, that no stack needs. */
#define BUILD_NOTES ".gnu.build.attributes"

struct table {
    struct plan *plan;
    uint8_t *rows;
    uint32_t n, names;
    size_t row_size;
    bool has_eh_frame;
};

static bool is_listed(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

static struct elf_section section(const struct table *t, uint32_t i)
{
    return elf_section_row(t->rows + i * t->row_size, t->plan->view.is64);
}

/* Its start, for what is longer is no name that counts here. */
static void name_of(const struct table *t, const struct elf_section *s, char ret[static NAME_BYTES])
{
    struct elf_section names = section(t, t->names);
    ssize_t n = 0;

    if (names.type == SHT_STRTAB && s->name < names.size)
        n = bytes_read(&t->plan->file, names.offset + s->name, ret, NAME_BYTES - 1);
    ret[n > 0 ? n : 0] = '\0';
}

static bool is_kept(const struct table *t, uint32_t i, const struct elf_section *s)
{
    char name[NAME_BYTES];

    if (i == t->names)
        return true;
    name_of(t, s, name);
    if (strncmp(name, BUILD_NOTES, strlen(BUILD_NOTES)) == 0)
        return false;
    for (size_t k = 0; k < ARRAY_SIZE(kept_types); k++)
        if (s->type == kept_types[k])
            return true;
    return is_listed(name, kept_names, ARRAY_SIZE(kept_names)) ||
           (!t->has_eh_frame && is_listed(name, kept_instead, ARRAY_SIZE(kept_instead)));
}

/* --- Section headers --- */

static void put_type(struct table *t, uint32_t i, uint32_t type)
{
    size_t at = t->plan->view.is64 ? offsetof(Elf64_Shdr, sh_type) : offsetof(Elf32_Shdr, sh_type);

    memcpy(t->rows + i * t->row_size + at, &type, sizeof type);
}

static void put_word(const struct plan *p, uint8_t *to, size_t at64, size_t at32, uint64_t value)
{
    uint32_t narrow = (uint32_t)value;

    if (p->view.is64)
        memcpy(to + at64, &value, sizeof value);
    else
        memcpy(to + at32, &narrow, sizeof narrow);
}

/* A table that does not lie within the file, or is larger than any that a linker makes, is as good
 * as none. */
static int read_table(struct plan *p, struct table *ret)
{
    const struct elf_view *v = &p->view;
    struct table t = {.plan = p, .n = v->shnum, .row_size = v->shentsize, .names = v->shstrndx};
    uint64_t size = (uint64_t)v->shnum * v->shentsize;

    if (v->shoff == 0 || v->shnum == 0 || v->shnum > SIDECAR_SECTIONS_MAX ||
        !range_within(v->shoff, size, p->file.size))
        return SIDECAR_MALFORMED;
    t.rows = arena_try(p->arena, size);
    if (!t.rows)
        return -ENOMEM;
    ssize_t n = bytes_read(&p->file, v->shoff, t.rows, size);

    if (n < 0 || (uint64_t)n != size)
        return n < 0 ? (int)n : SIDECAR_MALFORMED;
    if (t.names == SHN_XINDEX)
        t.names = section(&t, 0).link;
    if (t.names >= t.n)
        return SIDECAR_MALFORMED;
    *ret = t;
    return 0;
}

static bool has_eh_frame(const struct table *t)
{
    for (uint32_t i = 1; i < t->n; i++) {
        struct elf_section s = section(t, i);
        char name[NAME_BYTES];

        name_of(t, &s, name);
        if (s.type != SHT_NOBITS && strcmp(name, ".eh_frame") == 0)
            return true;
    }
    return false;
}

/* Sections that are loaded keep their places, for segments tell of them. The others are counted
 * first and moved later, once the end of the loaded ones is known. */
static void keep_loaded(struct table *t)
{
    t->has_eh_frame = has_eh_frame(t);
    for (uint32_t i = 1; i < t->n; i++) {
        struct elf_section s = section(t, i);

        if (s.type == SHT_NULL || s.type == SHT_NOBITS)
            continue;
        if (!is_kept(t, i, &s) || !range_within(s.offset, s.size, t->plan->file.size))
            put_type(t, i, SHT_NOBITS);
        else if (s.flags & SHF_ALLOC)
            plan_keep(t->plan, s.offset, s.size);
    }
}

static uint64_t align_up(uint64_t n, uint64_t align)
{
    if (align == 0 || align > ALIGN_MAX || (align & (align - 1)) != 0)
        align = 1;
    return (n + align - 1) & ~(align - 1);
}

/* Takes the rest up behind what is loaded: a file's debug information between them would leave
 * nothing but a long hole. Rows that went to NOBITS are passed over. */
static void move_unloaded(struct table *t, struct sidecar *s)
{
    struct plan *p = t->plan;

    for (uint32_t i = 1; i < t->n; i++) {
        struct elf_section h = section(t, i);

        if (h.type == SHT_NULL || h.type == SHT_NOBITS || (h.flags & SHF_ALLOC))
            continue;
        if (p->n == p->capacity || s->kept > p->file.size)
            return;
        uint64_t to = align_up(s->size, h.align);

        p->pieces[p->n++] = (struct sidecar_piece){h.offset, to, h.size};
        s->size = to + h.size;
        s->kept += h.size;
        put_word(p, t->rows + i * t->row_size, offsetof(Elf64_Shdr, sh_offset),
                 offsetof(Elf32_Shdr, sh_offset), to);
    }
}

/* --- Planning --- */

static int read_header(struct bytes file, struct plan *p, uint8_t **ret_header, size_t *ret_size)
{
    uint8_t *header = arena_alloc(p->arena, sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr));
    ssize_t n = bytes_read(&file, 0, header, sizeof(Elf64_Ehdr));

    if (n < 0)
        return (int)n;
    int r = elf_open(header, (size_t)n, &p->view);

    if (r != 0)
        return r == ELF_NOT_ELF ? SIDECAR_NOT_ELF : SIDECAR_MALFORMED;
    *ret_header = header;
    *ret_size = p->view.is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    return 0;
}

/* More than 65,279 sections: the header says 0 and the first section tells (elf(5)). The view does
 * not have it, being over the header alone. */
static void resolve_count(struct plan *p)
{
    struct elf_view *v = &p->view;
    uint8_t row[sizeof(Elf64_Shdr)];

    if (v->shnum != 0 || v->shoff == 0 ||
        bytes_read(&p->file, v->shoff, row, v->shentsize) != (ssize_t)v->shentsize)
        return;
    struct elf_section first = elf_section_row(row, v->is64);

    v->shnum = first.size > UINT32_MAX ? UINT32_MAX : (uint32_t)first.size;
}

static int read_segments(struct plan *p)
{
    const struct elf_view *v = &p->view;
    size_t size = (size_t)v->phnum * v->phentsize;
    uint8_t *rows;

    if (v->phnum == 0)
        return 0;
    if (v->phnum_unknown || v->phnum > SIDECAR_SEGMENTS_MAX ||
        !range_within(v->phoff, size, p->file.size))
        return SIDECAR_MALFORMED;
    rows = arena_alloc(p->arena, size);
    ssize_t n = bytes_read(&p->file, v->phoff, rows, size);

    if (n < 0 || (size_t)n != size)
        return n < 0 ? (int)n : SIDECAR_MALFORMED;
    p->segments = rows;
    plan_keep(p, v->phoff, size);
    for (uint32_t i = 0; i < v->phnum; i++) {
        struct elf_segment s = elf_segment_row(rows + i * v->phentsize, v->is64);

        if (s.type == PT_NOTE || s.type == PT_DYNAMIC || s.type == PT_GNU_EH_FRAME)
            plan_keep(p, s.offset, s.filesz);
    }
    return 0;
}

/* The end of what is in its place, and how much that is. */
static void measure(const struct plan *p, struct sidecar *s)
{
    for (size_t i = 0; i < p->n; i++) {
        s->kept += p->pieces[i].size;
        if (p->pieces[i].to + p->pieces[i].size > s->size)
            s->size = p->pieces[i].to + p->pieces[i].size;
    }
}

static void put_table(struct table *t, struct sidecar *s)
{
    s->sections = t->rows;
    s->sections_size = t->n * t->row_size;
    s->sections_at = align_up(s->size, 8);
    s->size = s->sections_at + s->sections_size;
    s->kept += s->sections_size;
}

static int plan_sections(struct plan *p, struct sidecar *s)
{
    struct table t;
    int r = read_table(p, &t);

    if (r != 0)
        return r;
    keep_loaded(&t);
    plan_settle(p);
    measure(p, s);
    move_unloaded(&t, s);
    put_table(&t, s);
    return 0;
}

static int begin(struct plan *p, struct sidecar *s, uint8_t **ret_header)
{
    int r = read_header(p->file, p, ret_header, &s->header_size);

    if (r != 0)
        return r;
    resolve_count(p);
    if (p->view.phnum > SIDECAR_SEGMENTS_MAX)
        return SIDECAR_MALFORMED;
    p->capacity =
        (p->view.shnum > SIDECAR_SECTIONS_MAX ? 0 : p->view.shnum) + p->view.phnum + PIECES_BESIDES;
    p->pieces = arena_try(p->arena, p->capacity * sizeof *p->pieces);
    if (!p->pieces)
        return -ENOMEM;
    plan_keep(p, 0, s->header_size);
    return read_segments(p);
}

/* e_shnum and e_shstrndx are the last two fields of the header. */
static void put_header(const struct plan *p, const struct sidecar *s, uint8_t *header)
{
    put_word(p, header, offsetof(Elf64_Ehdr, e_shoff), offsetof(Elf32_Ehdr, e_shoff),
             s->sections_at);
    if (s->sections_size == 0)
        memset(header + s->header_size - 4, 0, 4);
}

int sidecar_plan(struct bytes file, struct arena *a, struct sidecar *ret)
{
    struct plan p = {.file = file, .arena = a};
    struct sidecar s = {.file = file};
    uint8_t *header = NULL;
    int r = begin(&p, &s, &header);

    if (r != 0)
        return r;
    r = plan_sections(&p, &s);
    if (r < 0)
        return r;
    if (r > 0) {
        plan_bare(&p);
        plan_settle(&p);
        measure(&p, &s);
    }
    put_header(&p, &s, header);
    s.header = header;
    s.pieces = p.pieces;
    s.n_pieces = p.n;
    /* Sections that overlap could make it larger than what it is made of. */
    if (s.kept > file.size + s.sections_size)
        return SIDECAR_MALFORMED;
    *ret = s;
    return 0;
}

/* --- Writing --- */

static int write_piece(const struct sidecar *s, const struct sidecar_piece *piece, uint8_t *block,
                       int (*write)(void *arg, uint64_t at, const void *p, size_t n), void *arg)
{
    for (uint64_t done = 0; done < piece->size;) {
        uint64_t left = piece->size - done;
        ssize_t n = bytes_read(&s->file, piece->from + done, block,
                               left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE);

        if (n <= 0)
            return n < 0 ? (int)n : -EIO; /* it became shorter */
        int r = write(arg, piece->to + done, block, (size_t)n);

        if (r < 0)
            return r;
        done += (uint64_t)n;
    }
    return 0;
}

int sidecar_write(const struct sidecar *s,
                  int (*write)(void *arg, uint64_t at, const void *p, size_t n), void *arg)
{
    _cleanup_free_ uint8_t *block = malloc(BLOCK_SIZE);
    int r = block ? 0 : -ENOMEM;

    for (size_t i = 0; i < s->n_pieces && r == 0; i++)
        r = write_piece(s, &s->pieces[i], block, write, arg);
    if (r == 0)
        r = write(arg, 0, s->header, s->header_size);
    if (r == 0 && s->sections_size > 0)
        r = write(arg, s->sections_at, s->sections, s->sections_size);
    return r;
}

static int write_at(void *arg, uint64_t at, const void *p, size_t n)
{
    const int *fd = arg;
    const char *from = p;

    while (n > 0) {
        ssize_t written = pwrite(*fd, from, n, (off_t)at);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        from += written;
        at += (uint64_t)written;
        n -= (size_t)written;
    }
    return 0;
}

int sidecar_write_fd(const struct sidecar *s, int fd)
{
    int r = sidecar_write(s, write_at, &fd);

    if (r == 0 && ftruncate(fd, (off_t)s->size) < 0)
        r = -errno;
    return r;
}
