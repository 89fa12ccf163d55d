/* SPDX-License-Identifier: Apache-2.0 */
/* Headers are copied out of the bytes, never pointed at (nothing in a hostile file is aligned), and
 * every range is checked in 64 bits before it is used. The search for a build-id runs over memory
 * and over files alike (bytes.h), and reads at most ELF_NOTES_MAX whatever the headers claim, for
 * segments may overlap. */
#include "common/core/elf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/core/bytes.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "headers are copied as they are");

#define SECTIONS_MAX   262144u        /* of one file: -ffunction-sections makes tens of thousands */
#define NOTE_RANGE_MAX (1024u * 1024) /* of one segment or section that may hold a build-id */
#define HEAD_BYTES     2048u          /* hold headers and notes of most files */
#define GO_NOTE        "Go\0"
#define GO_BUILD_ID    4u
#define GO_ID_MIN      16u
#define GO_ID_MAX      20u

/* --- The header --- */

static void copy_header64(const uint8_t *p, struct elf_view *v)
{
    Elf64_Ehdr h;

    memcpy(&h, p, sizeof h);
    v->type = h.e_type;
    v->machine = h.e_machine;
    v->phoff = h.e_phoff;
    v->shoff = h.e_shoff;
    v->entry = h.e_entry;
    v->phnum = h.e_phnum;
    v->shnum = h.e_shnum;
    v->phentsize = h.e_phentsize;
    v->shentsize = h.e_shentsize;
    v->shstrndx = h.e_shstrndx;
}

static void copy_header32(const uint8_t *p, struct elf_view *v)
{
    Elf32_Ehdr h;

    memcpy(&h, p, sizeof h);
    v->type = h.e_type;
    v->machine = h.e_machine;
    v->phoff = h.e_phoff;
    v->shoff = h.e_shoff;
    v->entry = h.e_entry;
    v->phnum = h.e_phnum;
    v->shnum = h.e_shnum;
    v->phentsize = h.e_phentsize;
    v->shentsize = h.e_shentsize;
    v->shstrndx = h.e_shstrndx;
}

struct elf_section elf_section_row(const uint8_t *p, bool is64)
{
    if (is64) {
        Elf64_Shdr h;

        memcpy(&h, p, sizeof h);
        return (struct elf_section){h.sh_name, h.sh_type,   h.sh_link, h.sh_info,     h.sh_flags,
                                    h.sh_addr, h.sh_offset, h.sh_size, h.sh_addralign};
    }
    Elf32_Shdr h;

    memcpy(&h, p, sizeof h);
    return (struct elf_section){h.sh_name, h.sh_type,   h.sh_link, h.sh_info,     h.sh_flags,
                                h.sh_addr, h.sh_offset, h.sh_size, h.sh_addralign};
}

/* More than 65,534 program headers: their number is in the first section header (elf(5), PN_XNUM).
 * The number of sections has the same escape. */
static void resolve_extended_numbers(struct elf_view *v)
{
    bool segments = v->phnum == PN_XNUM, sections = v->shnum == 0 && v->shoff != 0;

    if (!segments && !sections)
        return;
    if (v->shoff == 0 || !range_within(v->shoff, v->shentsize, v->size)) {
        v->phnum_unknown = segments;
        return;
    }
    struct elf_section first = elf_section_row(v->data + v->shoff, v->is64);

    if (segments)
        v->phnum = first.info;
    if (sections)
        v->shnum = first.size > UINT32_MAX ? UINT32_MAX : (uint32_t)first.size;
}

int elf_open(const void *data, size_t size, struct elf_view *ret)
{
    struct elf_view v = {.data = data, .size = size};

    if (size < EI_NIDENT || memcmp(v.data, ELFMAG, SELFMAG) != 0)
        return ELF_NOT_ELF;
    if (v.data[EI_DATA] != ELFDATA2LSB)
        return ELF_NOT_ELF;
    if (v.data[EI_CLASS] != ELFCLASS64 && v.data[EI_CLASS] != ELFCLASS32)
        return ELF_NOT_ELF;
    v.is64 = v.data[EI_CLASS] == ELFCLASS64;
    if (size < (v.is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
        return ELF_MALFORMED;
    if (v.is64)
        copy_header64(v.data, &v);
    else
        copy_header32(v.data, &v);
    if (v.phnum != 0 && v.phentsize != (v.is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
        return ELF_MALFORMED;
    if (v.shoff != 0 && v.shentsize != (v.is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)))
        v.shoff = v.shnum = 0; /* a stripped tail: segments are all that a run needs */
    resolve_extended_numbers(&v);
    if (v.phnum > ELF_PHDRS_MAX)
        return ELF_MALFORMED;
    *ret = v;
    return 0;
}

/* --- Segments and notes --- */

struct elf_segment elf_segment_row(const uint8_t *p, bool is64)
{
    if (is64) {
        Elf64_Phdr h;

        memcpy(&h, p, sizeof h);
        return (struct elf_segment){h.p_type,   h.p_flags, h.p_offset, h.p_vaddr,
                                    h.p_filesz, h.p_memsz, h.p_align};
    }
    Elf32_Phdr h;

    memcpy(&h, p, sizeof h);
    return (struct elf_segment){h.p_type,   h.p_flags, h.p_offset, h.p_vaddr,
                                h.p_filesz, h.p_memsz, h.p_align};
}

int elf_segment(const struct elf_view *v, uint32_t i, struct elf_segment *ret)
{
    uint64_t offset = (uint64_t)i * v->phentsize;

    if (i >= v->phnum || v->phoff > v->size ||
        !range_within(offset, v->phentsize, v->size - v->phoff))
        return ELF_MALFORMED;
    *ret = elf_segment_row(v->data + v->phoff + offset, v->is64);
    return 0;
}

static uint64_t align_up(uint64_t n, uint64_t align)
{
    return (n + align - 1) & ~(align - 1);
}

/* Notes are made of 4-byte units, except in segments aligned to 8, where name and content are
 * padded to 8. */
int elf_note_next(const uint8_t *notes, size_t size, size_t align, size_t *offset,
                  struct elf_note *ret)
{
    Elf64_Nhdr h; /* the same in both classes */
    size_t unit = align == 8 ? 8 : 4;

    if (*offset >= size)
        return ELF_NOT_ELF;
    if (!range_within(*offset, sizeof h, size))
        return ELF_MALFORMED;
    memcpy(&h, notes + *offset, sizeof h);
    uint64_t name = *offset + sizeof h;
    uint64_t desc = align_up(name + h.n_namesz, unit);

    if (!range_within(name, h.n_namesz, size) || !range_within(desc, h.n_descsz, size))
        return ELF_MALFORMED;
    *ret = (struct elf_note){
        .type = h.n_type,
        .name = (const char *)notes + name,
        .name_size = h.n_namesz,
        .desc = notes + desc,
        .desc_size = h.n_descsz,
    };
    *offset = align_up(desc + h.n_descsz, unit); /* the padding of the last one may be missing */
    return 0;
}

/* --- The build-id --- */

/* What was seen while the notes of a file were gone through. */
struct search {
    const struct bytes *bytes;
    uint64_t budget;
    bool incomplete; /* some notes are not among the bytes: GNU's may be one of them */
    char gnu[ELF_BUILD_ID_TEXT];
    char go[ELF_BUILD_ID_TEXT];
};

static bool is_note(const struct elf_note *n, uint32_t type, const char *name, size_t name_size)
{
    return n->type == type && n->name_size == name_size && memcmp(n->name, name, name_size) == 0;
}

/* Four hashes with slashes between them (cmd/internal/buildid), of which the last one is of the
 * file's content. */
static void take_go_id(const struct elf_note *n, char ret[static ELF_BUILD_ID_TEXT])
{
    const uint8_t *end = n->desc + n->desc_size;
    const uint8_t *slash = n->desc_size ? memrchr(n->desc, '/', n->desc_size) : NULL;
    size_t length = slash ? (size_t)(end - slash) - 1 : 0;

    if (length > GO_ID_MAX)
        length = GO_ID_MAX;
    if (length >= GO_ID_MIN)
        hex_encode(end - length, length, ret);
}

/* Ends at GNU's build-id. */
static void search_notes(const uint8_t *notes, size_t size, size_t align, struct search *s)
{
    struct elf_note note;
    size_t offset = 0;

    while (!s->gnu[0] && elf_note_next(notes, size, align, &offset, &note) == 0) {
        if (is_note(&note, NT_GNU_BUILD_ID, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU)) {
            if (note.desc_size > 0 && note.desc_size <= ELF_BUILD_ID_MAX)
                hex_encode(note.desc, note.desc_size, s->gnu);
        } else if (!s->go[0] && is_note(&note, GO_BUILD_ID, GO_NOTE, sizeof GO_NOTE)) {
            take_go_id(&note, s->go);
        }
    }
}

/* One segment or section that may hold the note. Whatever is wrong with it only makes it useless.
 * Only what this host fails with is returned. */
static int search_range(struct search *s, uint64_t offset, uint64_t size, uint64_t align)
{
    _cleanup_free_ void *holder = NULL;
    const uint8_t *notes;

    if (s->gnu[0] || size == 0)
        return 0;
    if (size > NOTE_RANGE_MAX || size > s->budget) {
        s->incomplete = true;
        return 0;
    }
    int r = bytes_borrow(s->bytes, offset, size, &holder, &notes);

    if (r < 0)
        return r;
    if (r > 0) {
        s->incomplete = true;
        return 0;
    }
    s->budget -= size;
    search_notes(notes, size, align, s);
    return 0;
}

/* ELF_MALFORMED when the table is not within the bytes. */
static int search_segments(struct search *s, const struct elf_view *v)
{
    _cleanup_free_ void *holder = NULL;
    const uint8_t *table;

    if (v->phnum == 0 || v->phnum_unknown)
        return 0;
    int r = bytes_borrow(s->bytes, v->phoff, (size_t)v->phnum * v->phentsize, &holder, &table);

    if (r > 0)
        return ELF_MALFORMED;
    for (uint32_t i = 0; r == 0 && i < v->phnum; i++) {
        struct elf_segment g = elf_segment_row(table + (size_t)i * v->phentsize, v->is64);

        if (g.type == PT_NOTE)
            r = search_range(s, g.offset, g.filesz, g.align);
    }
    return r;
}

/* As search_segments. */
static int search_sections(struct search *s, const struct elf_view *v)
{
    _cleanup_free_ void *holder = NULL;
    const uint8_t *table;

    if (v->shoff == 0 || v->shnum == 0)
        return 0;
    if (v->shnum > SECTIONS_MAX)
        return ELF_MALFORMED;
    int r = bytes_borrow(s->bytes, v->shoff, (size_t)v->shnum * v->shentsize, &holder, &table);

    if (r > 0)
        return ELF_MALFORMED;
    for (uint32_t i = 0; r == 0 && i < v->shnum; i++) {
        struct elf_section h = elf_section_row(table + (size_t)i * v->shentsize, v->is64);

        if (h.type == SHT_NOTE)
            r = search_range(s, h.offset, h.size, h.align);
    }
    return r;
}

/* Notes lie nowhere twice, but are told of twice, by segments and by sections: what would have more
 * of them read than that lies, and costs many times its size. */
static uint64_t notes_budget(const struct bytes *b)
{
    return b->size < ELF_NOTES_MAX / 2 ? 2 * b->size : ELF_NOTES_MAX;
}

static int search_bytes(const struct bytes *b, const struct elf_view *v,
                        char ret[static ELF_BUILD_ID_TEXT])
{
    struct search s = {.bytes = b, .budget = notes_budget(b)};
    int segments = search_segments(&s, v);

    if (segments < 0)
        return segments;
    /* The first page of a file, as it lies in a core, has no section table: that is no mistake. */
    int sections = s.gnu[0] ? 0 : search_sections(&s, v);

    if (sections < 0)
        return sections;
    if (segments > 0 && !s.gnu[0])
        return segments;
    const char *found = s.gnu[0] ? s.gnu : s.incomplete ? "" : s.go;

    if (!found[0])
        return ELF_NO_BUILD_ID;
    memcpy(ret, found, strlen(found) + 1);
    return 0;
}

int elf_build_id(const struct elf_view *v, char ret[static ELF_BUILD_ID_TEXT])
{
    struct bytes b = bytes_of_memory(v->data, v->size);

    return search_bytes(&b, v, ret);
}

int elf_build_id_fd(int fd, char ret[static ELF_BUILD_ID_TEXT])
{
    uint8_t head[HEAD_BYTES];
    struct elf_view v;
    struct bytes b;
    int r = bytes_of_file(fd, &b);

    if (r != 0)
        return r < 0 ? r : ELF_NOT_ELF;
    r = bytes_read_head(&b, head, sizeof head);
    if (r == 0)
        r = elf_open(head, b.n_head, &v);
    if (r != 0)
        return r;
    return search_bytes(&b, &v, ret);
}

int elf_check_whole_fd(int fd)
{
    uint8_t header[sizeof(Elf64_Ehdr)];
    struct elf_view v;
    struct bytes b;
    int r = bytes_of_file(fd, &b);

    if (r != 0)
        return r < 0 ? r : ELF_NOT_ELF;
    ssize_t got = bytes_read(&b, 0, header, sizeof header);

    if (got < 0)
        return (int)got;
    r = elf_open(header, (size_t)got, &v);
    if (r != 0 || v.shoff == 0)
        return r;
    /* 0: more than fit the header, the first of them says how many. */
    return range_within(v.shoff, (uint64_t)(v.shnum ? v.shnum : 1) * v.shentsize, b.size)
               ? 0
               : ELF_MALFORMED;
}
