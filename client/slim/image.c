/* SPDX-License-Identifier: Apache-2.0 */
/* What was left out has a program header with p_filesz 0 and p_offset at the end of the file:
 * libdwfl looks at the offset alone, and so reads nothing there instead of other memory. Each run
 * of memory lies at an offset that equals its address within a page, for libdwfl rounds both by
 * p_align. */
#include "client/slim/image.h"

#include <elf.h>
#include <string.h>

#include "common/core/elf.h"

#define OUT_BUFFER 8192u

/* Writes are gathered: a program header has 56 bytes. */
struct out {
    int (*write)(void *arg, const void *p, size_t n);
    void *arg;
    int error;
    uint64_t at; /* bytes so far */
    size_t used;
    uint8_t buffer[OUT_BUFFER];
};

/* Where everything lies in the file. */
struct plan {
    uint64_t n_headers; /* PT_NOTE among them */
    bool held_only;
    bool extended; /* PN_XNUM */
    uint64_t notes, memory, section, end;
};

void image_init(struct image *m, const struct corefile *core, const struct held *held,
                const void *head, size_t head_size)
{
    struct elf_view v;
    struct elf_segment g;

    *m = (struct image){.core = core, .held = held, .head = head};
    if (elf_open(head, head_size, &v) != 0)
        return;
    for (uint32_t i = 0; elf_segment(&v, i, &g) == 0; i++) {
        if (g.type != PT_NOTE || g.offset >= head_size)
            continue;
        m->notes_at = g.offset;
        m->notes_size = g.filesz < head_size - g.offset ? g.filesz : head_size - g.offset;
        return;
    }
}

void image_set_arguments(struct image *m, const char *text)
{
    const struct core_layout *l = m->core->layout;
    const uint8_t *notes = m->head + m->notes_at;
    struct elf_note note;
    size_t offset = 0;

    while (elf_note_next(notes, (size_t)m->notes_size, 4, &offset, &note) == 0) {
        if (note.type != NT_PRPSINFO || note.desc_size < l->prpsinfo_size ||
            note.name_size != sizeof "CORE" || memcmp(note.name, "CORE", sizeof "CORE") != 0)
            continue;
        memset(m->arguments, 0, sizeof m->arguments);
        memcpy(m->arguments, text, strnlen(text, sizeof m->arguments - 1));
        m->arguments_at = (uint64_t)(note.desc - m->head) + l->prpsinfo_arguments;
        return;
    }
}

/* --- Layout --- */

static uint64_t round_up(uint64_t n)
{
    return (n + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

/* Where memory of that address goes when the file has so many bytes. */
static uint64_t place(uint64_t at, uint64_t address)
{
    return round_up(at) + address % PAGE_BYTES;
}

static struct loads loads_of(const struct image *m, bool held_only)
{
    return (struct loads){.core = m->core, .held = m->held, .held_only = held_only};
}

static uint64_t count_headers(const struct image *m, bool held_only)
{
    struct loads loads = loads_of(m, held_only);
    struct load load;
    uint64_t n = 1;

    while (loads_next(&loads, &load))
        n++;
    return n;
}

static struct plan make_plan(const struct image *m)
{
    struct plan p = {.n_headers = count_headers(m, false)};
    struct load load;

    if (p.n_headers > ELF_PHDRS_MAX) { /* nobody would read so many */
        p.held_only = true;
        p.n_headers = count_headers(m, true);
    }
    p.extended = p.n_headers >= PN_XNUM;
    p.notes = sizeof(Elf64_Ehdr) + p.n_headers * sizeof(Elf64_Phdr);
    p.memory = p.notes + m->notes_size;
    uint64_t at = p.memory;
    struct loads loads = loads_of(m, true);

    while (loads_next(&loads, &load))
        at = place(at, load.start) + load.n;
    p.section = (at + 7) & ~7ull;
    p.end = p.extended ? p.section + sizeof(Elf64_Shdr) : at;
    return p;
}

uint64_t image_size(const struct image *m)
{
    return make_plan(m).end;
}

/* --- Writing --- */

static void flush(struct out *o)
{
    if (o->error == 0 && o->used > 0)
        o->error = o->write(o->arg, o->buffer, o->used);
    o->used = 0;
}

static void put(struct out *o, const void *p, size_t n)
{
    o->at += n;
    if (n > sizeof o->buffer - o->used)
        flush(o);
    if (n <= sizeof o->buffer - o->used) {
        if (n > 0)
            memcpy(o->buffer + o->used, p, n);
        o->used += n;
    } else if (o->error == 0) {
        o->error = o->write(o->arg, p, n);
    }
}

static void put_zeros(struct out *o, uint64_t until)
{
    static const uint8_t zeros[PAGE_BYTES];

    while (o->at < until)
        put(o, zeros, until - o->at < sizeof zeros ? (size_t)(until - o->at) : sizeof zeros);
}

static void put_header(struct out *o, const struct image *m, const struct plan *p)
{
    Elf64_Ehdr h;

    memcpy(&h, m->head, sizeof h);
    h.e_phoff = sizeof h;
    h.e_ehsize = sizeof h;
    h.e_phentsize = sizeof(Elf64_Phdr);
    h.e_phnum = (uint16_t)(p->extended ? PN_XNUM : p->n_headers);
    h.e_shoff = p->extended ? p->section : 0;
    h.e_shentsize = p->extended ? sizeof(Elf64_Shdr) : 0;
    h.e_shnum = p->extended;
    h.e_shstrndx = SHN_UNDEF;
    put(o, &h, sizeof h);
}

static void put_load(struct out *o, const struct load *load, uint64_t offset)
{
    const Elf64_Phdr h = {
        .p_type = PT_LOAD,
        .p_flags = load->flags,
        .p_offset = offset,
        .p_vaddr = load->start,
        .p_filesz = load->held ? load->n : 0,
        .p_memsz = load->n,
        .p_align = load->start % PAGE_BYTES == 0 ? PAGE_BYTES : 1,
    };

    put(o, &h, sizeof h);
}

static void put_program_headers(struct out *o, const struct image *m, const struct plan *p)
{
    const Elf64_Phdr notes = {
        .p_type = PT_NOTE, .p_offset = p->notes, .p_filesz = m->notes_size, .p_align = 4};
    struct loads loads = loads_of(m, p->held_only);
    struct load load;
    uint64_t at = p->memory;

    put(o, &notes, sizeof notes);
    while (loads_next(&loads, &load)) {
        uint64_t offset = load.held ? place(at, load.start) : p->end;

        put_load(o, &load, offset);
        if (load.held)
            at = offset + load.n;
    }
}

static void put_notes(struct out *o, const struct image *m)
{
    const uint8_t *notes = m->head + m->notes_at;
    size_t size = (size_t)m->notes_size;

    if (m->arguments_at != 0) {
        size_t before = (size_t)(m->arguments_at - m->notes_at);

        put(o, notes, before);
        put(o, m->arguments, sizeof m->arguments);
        notes += before + sizeof m->arguments;
        size -= before + sizeof m->arguments;
    }
    put(o, notes, size);
}

static void put_held(struct out *o, const struct held *h, uint64_t address, uint64_t n)
{
    const uint8_t *p;
    size_t there;

    for (; n > 0 && (p = held_at(h, address, &there)) != NULL; address += there, n -= there) {
        if (there > n)
            there = (size_t)n;
        put(o, p, there);
    }
}

static void put_memory(struct out *o, const struct image *m)
{
    struct loads loads = loads_of(m, true);
    struct load load;

    while (loads_next(&loads, &load) && o->error == 0) {
        put_zeros(o, place(o->at, load.start));
        put_held(o, m->held, load.start, load.n);
    }
}

static void put_section(struct out *o, const struct plan *p)
{
    const Elf64_Shdr h = {.sh_size = 1, .sh_info = (uint32_t)p->n_headers};

    put_zeros(o, p->section);
    put(o, &h, sizeof h);
}

int image_write(const struct image *m, int (*write)(void *arg, const void *p, size_t n), void *arg)
{
    struct out o = {.write = write, .arg = arg};
    struct plan p = make_plan(m);

    put_header(&o, m, &p);
    put_program_headers(&o, m, &p);
    put_notes(&o, m);
    put_memory(&o, m);
    if (p.extended)
        put_section(&o, &p);
    flush(&o);
    return o.error;
}
