/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is read here was written by the crashed process, and each read has a fixed size.
 * The digest has a fixed key, so that all hosts of a fleet say the same. It need not withstand
 * people: who wants another program's kind copies that program. */
#include "client/handler/key.h"

#include <string.h>

#include "client/handler/siphash.h"
#include "common/base/cleanup.h"
#include "common/core/elf.h"
#include "common/report/limits.h"

#define PAGE                4096u
#define NOTE_READ_MAX       1024u /* of one note segment behind the first page */
#define NOTES_MAX           8
#define TEXT_END_MAX        512   /* of a path in the digest */
#define STACK_TOP           4096u /* that is looked through for the executable's code */
#define MODULE_MAPPINGS_MAX 64    /* of one file, that are looked at */
#define VDSO_MAX            (64u * 1024)

/* --- The digest --- */

static const uint8_t digest_key[SIPHASH_KEY_SIZE] = "corral/crash/ke";

struct material {
    uint8_t bytes[2048];
    size_t n;
};

/* With its length before it, so that no two lists of texts read the same. What does not fit is left
 * out, which the limits above keep from happening. */
static void add(struct material *m, const void *p, size_t n)
{
    uint16_t length = (uint16_t)n;

    if (n > UINT16_MAX || sizeof(length) + n > sizeof(m->bytes) - m->n)
        return;
    memcpy(m->bytes + m->n, &length, sizeof(length));
    if (n > 0)
        memcpy(m->bytes + m->n + sizeof(length), p, n);
    m->n += sizeof(length) + n;
}

static void add_text(struct material *m, const char *text)
{
    size_t n = text ? strlen(text) : 0, skip = n > TEXT_END_MAX ? n - TEXT_END_MAX : 0;

    add(m, text ? text + skip : "", n - skip);
}

static void add_number(struct material *m, uint64_t number)
{
    add(m, &number, sizeof(number));
}

static void finish(const struct material *m, struct ledger_key *ret)
{
    siphash(digest_key, m->bytes, m->n, ret->bytes);
}

/* --- Modules --- */

/* All that is asked of the core and of the process' memory. */
struct view {
    const struct corefile *core;
    const struct slim_source *source;
};

/* A file in memory: its lowest mapping, and what tells it on every host. */
struct module {
    const struct core_mapping *base;  /* NULL: none */
    char build_id[ELF_BUILD_ID_TEXT]; /* "": none */
};

static size_t read_memory(const struct view *v, uint64_t address, void *p, size_t n)
{
    ssize_t got = v->source->read(v->source->arg, address, p, n);

    return got > 0 && (size_t)got <= n ? (size_t)got : 0;
}

/* The lowest mapping of the file that is mapped at the address: back over neighbours of the same
 * name as long as they lie earlier in the file. A second copy of a file begins anew at 0. */
static const struct core_mapping *lowest_mapping(const struct corefile *core, uint64_t address)
{
    const struct core_mapping *m = corefile_mapping(core, address);
    unsigned steps = 0;

    while (m && m > core->mappings && steps++ < MODULE_MAPPINGS_MAX && m->file_offset != 0 &&
           m[-1].path && m->path && strcmp(m[-1].path, m->path) == 0 &&
           m[-1].file_offset <= m->file_offset)
        m--;
    return m;
}

static bool note_build_id(const uint8_t *notes, size_t n, uint64_t align,
                          char ret[static ELF_BUILD_ID_TEXT])
{
    struct elf_note note;
    size_t offset = 0;

    while (elf_note_next(notes, n, align, &offset, &note) == 0) {
        if (note.type != NT_GNU_BUILD_ID || note.name_size != sizeof(ELF_NOTE_GNU) ||
            memcmp(note.name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) != 0 || note.desc_size == 0 ||
            note.desc_size > ELF_BUILD_ID_MAX)
            continue;
        hex_encode(note.desc, note.desc_size, ret);
        return true;
    }
    return false;
}

/* Notes behind the first page: where they lie in memory. */
static void search_notes(const struct view *v, const struct elf_view *elf, uint64_t base,
                         char ret[static ELF_BUILD_ID_TEXT])
{
    uint64_t lowest = UINT64_MAX;
    struct elf_segment g;
    unsigned notes = 0;

    for (uint32_t i = 0; elf_segment(elf, i, &g) == 0; i++)
        if (g.type == PT_LOAD && g.vaddr < lowest)
            lowest = g.vaddr;
    lowest &= ~(uint64_t)(PAGE - 1);
    for (uint32_t i = 0; elf_segment(elf, i, &g) == 0; i++) {
        uint8_t bytes[NOTE_READ_MAX];
        size_t n = g.filesz < sizeof(bytes) ? g.filesz : sizeof(bytes);

        if (g.type != PT_NOTE || g.vaddr < lowest || ++notes > NOTES_MAX)
            continue;
        if (note_build_id(bytes, read_memory(v, base + (g.vaddr - lowest), bytes, n), g.align, ret))
            return;
    }
}

/* start: where the file's first page is. The page's bytes go to page[], how many is returned. */
static size_t read_build_id(const struct view *v, uint64_t start, uint8_t page[static PAGE],
                            char ret[static ELF_BUILD_ID_TEXT])
{
    size_t n = read_memory(v, start, page, PAGE);
    struct elf_view elf;

    ret[0] = '\0';
    if (elf_open(page, n, &elf) != 0)
        return 0;
    if (elf_build_id(&elf, ret) != 0) {
        ret[0] = '\0';
        search_notes(v, &elf, start, ret);
    }
    return n;
}

static const char *base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? slash + 1 : path;
}

/* --- The executable --- */

struct executable {
    struct module module;
    struct material identity;
};

/* Where the kernel put it: its program headers are in it, and so is its entry. Without NT_FILE they
 * are most likely in its first page. */
static uint64_t executable_start(const struct corefile *core, struct module *m)
{
    uint64_t address = core->auxv_program_headers ? core->auxv_program_headers : core->auxv_entry;

    m->base = lowest_mapping(core, address);
    return m->base ? m->base->start : address & ~(uint64_t)(PAGE - 1);
}

/* One without a build-id is told by its path and its first page, in which every build has other
 * numbers. */
static void identify(const struct view *v, const struct crash_meta *meta, struct executable *e)
{
    uint8_t page[PAGE], digest[LEDGER_KEY_SIZE];
    size_t n = read_build_id(v, executable_start(v->core, &e->module), page, e->module.build_id);

    e->identity.n = 0;
    add_text(&e->identity, e->module.build_id);
    if (e->module.build_id[0])
        return;
    siphash(digest_key, page, n, digest);
    add_text(&e->identity, meta->executable);
    add(&e->identity, digest, sizeof(digest));
}

/* --- Where --- */

/* A place in the code, the same on every run. */
struct place {
    struct module module;
    const char *name; /* path of the module; a word for what is none */
    uint64_t offset;
};

static bool is_executable(const struct corefile *core, uint64_t address)
{
    const struct core_segment *g = corefile_segment(core, address);

    return g && g->flags & PF_X;
}

static struct place place_of(const struct view *v, const struct executable *e, uint64_t address)
{
    struct place p = {.module.base = lowest_mapping(v->core, address)};
    uint64_t vdso = v->core->auxv_vdso;
    uint8_t page[PAGE];

    if (p.module.base) {
        p.name = p.module.base->path;
        p.offset = address - p.module.base->start;
        if (p.module.base == e->module.base)
            p.module = e->module;
        else if (p.module.base->file_offset == 0)
            (void)read_build_id(v, p.module.base->start, page, p.module.build_id);
    } else if (vdso != 0 && address >= vdso && address - vdso < VDSO_MAX) {
        p.name = "[vdso]";
        p.offset = address - vdso;
    } else {
        p.name = address == 0 ? "null" : "anon";
    }
    return p;
}

static void add_place(struct material *m, const struct place *p)
{
    add_text(m, p->module.build_id[0] ? p->module.build_id : base_name(p->name));
    add_number(m, p->offset);
}

/* --- Who called --- */

static bool find_register(const struct corefile *core, const char *const *names, uint64_t *ret)
{
    for (; *names; names++)
        for (size_t i = 0; i < core->layout->n_registers; i++)
            if (strcmp(core->layout->registers[i].name, *names) == 0) {
                *ret = core_thread_register(core, &core->threads[0], i);
                return true;
            }
    return false;
}

/* A frame record: a word within the stack that sp is in, not below sp. */
static bool on_stack(const struct corefile *core, uint64_t sp, uint64_t address, uint64_t n)
{
    const struct core_segment *g = corefile_segment(core, sp);
    uint64_t word = core->layout->is64 ? 8 : 4;

    return g && address % word == 0 && address >= sp && address >= g->start &&
           range_within(address - g->start, n, g->memsz);
}

static bool is_call(const struct corefile *core, uint64_t address)
{
    return is_executable(core, address) && corefile_mapping(core, address);
}

/* By the frame pointer, where it is one: the record that it points at holds another one or the end
 * of the chain, and an address of code. */
static bool caller_by_frame(const struct view *v, uint64_t sp, uint64_t *ret)
{
    static const char *const names[] = {"rbp", "ebp", "x29", NULL};
    uint64_t word = v->core->layout->is64 ? 8 : 4, frame, saved, address;
    uint8_t record[16];

    if (!find_register(v->core, names, &frame) || !on_stack(v->core, sp, frame, 2 * word) ||
        read_memory(v, frame, record, 2 * word) != 2 * word)
        return false;
    saved = layout_word(v->core->layout, record);
    address = layout_word(v->core->layout, record + word);
    if ((saved != 0 && (saved <= frame || !on_stack(v->core, sp, saved, word))) ||
        !is_call(v->core, address))
        return false;
    *ret = address;
    return true;
}

/* After a call to nowhere the return address is at the top of the stack. */
static bool caller_at_top(const struct view *v, uint64_t sp, uint64_t *ret)
{
    uint64_t word = v->core->layout->is64 ? 8 : 4, address;
    uint8_t top[8];

    if (!on_stack(v->core, sp, sp, word) || read_memory(v, sp, top, word) != word)
        return false;
    address = layout_word(v->core->layout, top);
    if (!is_call(v->core, address))
        return false;
    *ret = address;
    return true;
}

/* Libraries keep no frame pointer, and many bugs of a program end in the same place of the C
 * library: abort, strlen. The first address of the executable's code near the top of the stack
 * tells them apart: mostly it is the caller, and at worst the same stale word every time. */
static bool caller_in_executable(const struct view *v, const struct executable *e, uint64_t sp,
                                 uint64_t *ret)
{
    uint64_t word = v->core->layout->is64 ? 8 : 4;
    uint8_t stack[STACK_TOP];
    size_t n;

    if (!e->module.base || sp % word != 0)
        return false;
    n = read_memory(v, sp, stack, sizeof(stack));
    for (size_t i = 0; i + word <= n; i += word) {
        uint64_t address = layout_word(v->core->layout, stack + i);

        if (address < e->module.base->start || !is_call(v->core, address) ||
            lowest_mapping(v->core, address) != e->module.base)
            continue;
        *ret = address;
        return true;
    }
    return false;
}

static bool find_caller(const struct view *v, const struct executable *e, const struct place *at,
                        uint64_t *ret)
{
    uint64_t sp = core_thread_register(v->core, &v->core->threads[0], v->core->layout->sp);

    if (!at->module.base && caller_at_top(v, sp, ret))
        return true;
    if (caller_by_frame(v, sp, ret))
        return true;
    return at->module.base != e->module.base && caller_in_executable(v, e, sp, ret);
}

/* --- The whole --- */

static const char *text_of(struct arena *a, const char *text)
{
    char *copy;

    if (cstr_empty(text))
        return NULL;
    copy = arena_strndup(a, text, strnlen(text, META_TEXT_MAX));
    utf8_repair(copy, strlen(copy));
    return copy;
}

static void add_places(const struct view *v, const struct executable *e, struct material *m,
                       struct arena *a, struct ledger_case *ret)
{
    struct place at, from;
    uint64_t caller;

    if (v->core->n_threads == 0)
        return;
    at = place_of(v, e, core_thread_register(v->core, &v->core->threads[0], v->core->layout->pc));
    add_place(m, &at);
    if (find_caller(v, e, &at, &caller)) {
        from = place_of(v, e, caller);
        add_place(m, &from);
    }
    ret->offset = at.offset;
    ret->module = text_of(a, at.name);
    ret->build_id = text_of(a, at.module.build_id);
}

void key_container(const struct crash_meta *m, struct ledger_key *ret)
{
    const char *name = !cstr_empty(m->container_id) ? m->container_id : m->cgroup;
    struct material of = {.n = 0};

    if (cstr_empty(name) || strcmp(name, "/") == 0)
        return;
    add_text(&of, "container");
    add_text(&of, name);
    finish(&of, ret);
}

void key_read(const struct corefile *core, const struct slim_source *source,
              const struct crash_meta *m, struct arena *a, struct ledger_case *ret)
{
    const struct view v = {core, source};
    struct executable e = {.identity.n = 0};
    struct ledger_case c = {.path = m->executable,
                            .comm = m->comm,
                            .unit = m->unit,
                            .signal = m->signal != META_UNKNOWN ? m->signal : core->signal,
                            .code = core->has_siginfo ? core->code : META_UNKNOWN};
    struct material kind = {.n = 0}, executable;

    identify(&v, m, &e);
    executable = e.identity;
    add_text(&executable, "executable");
    add_text(&executable, m->unit);
    finish(&executable, &c.executable);
    key_container(m, &c.container);

    add_text(&kind, "kind");
    add(&kind, e.identity.bytes, e.identity.n);
    add_number(&kind, (uint64_t)c.signal);
    add_number(&kind, (uint64_t)c.code);
    add_places(&v, &e, &kind, a, &c);
    finish(&kind, &c.kind);
    *ret = c;
}

void key_unseen(const char *path, const char *comm, int64_t signal, struct ledger_key *ret)
{
    struct material of = {.n = 0};

    add_text(&of, "unseen");
    add_text(&of, cstr_empty(path) ? comm : path);
    add_number(&of, (uint64_t)signal);
    finish(&of, ret);
}

void key_text(const struct ledger_key *k, char ret[static LEDGER_KEY_TEXT])
{
    hex_encode(k->bytes, sizeof(k->bytes), ret);
}
