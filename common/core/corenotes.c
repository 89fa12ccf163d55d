/* SPDX-License-Identifier: Apache-2.0 */
/* One function for each type of note, found by a table; what a note is too short for is passed
 * over. What is kept of a note is copied to the arena: of a thread's notes most bytes are vector
 * registers, for which nobody asks but of the crashed one. */
#include "common/core/corenotes.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

/* Each handler gets a note of its type whose size is at least the layout's. */
struct note_reader {
    struct corefile *core;
    struct arena *arena;
    size_t threads_capacity;
};

typedef int note_handler(struct note_reader *r, const struct elf_note *n);

static int read_prstatus(struct note_reader *r, const struct elf_note *n)
{
    struct corefile *c = r->core;
    const struct core_layout *l = c->layout;

    size_t size = (size_t)(l->prstatus_size - l->prstatus_registers);

    if (n->desc_size < l->prstatus_size)
        return 0;
    if (c->n_threads == r->threads_capacity) {
        c->threads_left_out++;
        return 0;
    }
    uint8_t *registers = arena_try(r->arena, size);

    if (!registers)
        return CORE_TOO_LARGE;
    memcpy(registers, n->desc + l->prstatus_registers, size);
    c->threads[c->n_threads++] = (struct core_thread){
        .tid = layout_int(n->desc + l->prstatus_tid),
        .signal = (int16_t)layout_int(n->desc + l->prstatus_signal),
        .registers = registers,
    };
    return 0;
}

/* It follows its thread's NT_PRSTATUS. */
static int read_vectors(struct note_reader *r, const struct elf_note *n)
{
    const struct core_vectors *v = &r->core->layout->vectors;
    size_t size = (size_t)v->size * v->count;

    if (size == 0 || r->core->n_threads != 1 || r->core->vectors || n->desc_size < v->offset + size)
        return 0;
    r->core->vectors = arena_memdup(r->arena, n->desc + v->offset, size);
    return 0;
}

static int read_prpsinfo(struct note_reader *r, const struct elf_note *n)
{
    const struct core_layout *l = r->core->layout;
    const char *desc = (const char *)n->desc;

    if (n->desc_size < l->prpsinfo_size || r->core->name)
        return 0;
    size_t name_max = (size_t)(l->prpsinfo_arguments - l->prpsinfo_name);
    size_t arguments_max = (size_t)(l->prpsinfo_size - l->prpsinfo_arguments);

    r->core->pid = layout_int(n->desc + l->prpsinfo_pid);
    r->core->name = arena_strndup(r->arena, desc + l->prpsinfo_name,
                                  strnlen(desc + l->prpsinfo_name, name_max));
    r->core->arguments = arena_strndup(r->arena, desc + l->prpsinfo_arguments,
                                       strnlen(desc + l->prpsinfo_arguments, arguments_max));
    return 0;
}

/* sigaction(2): these fill si_addr when the kernel raised them for a fault. SI_KERNEL means that it
 * had no address to tell (a non-canonical one, for example). */
static bool signal_has_address(int signal, int code)
{
    static const int faults[] = {4, 5, 7, 8,
                                 11}; /* SIGILL SIGTRAP SIGBUS SIGFPE SIGSEGV, on all layouts */
    const int si_kernel = 0x80;

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
        if (faults[i] == signal)
            return code > 0 && code != si_kernel;
    return false;
}

/* sigaction(2): kill, sigqueue and tgkill fill si_pid and si_uid, where a fault has si_addr. */
static bool signal_has_sender(int code)
{
    const int si_user = 0, si_queue = -1, si_tkill = -6;

    return code == si_user || code == si_queue || code == si_tkill;
}

/* sigaction(2): si_call_addr, where a fault has si_addr, then si_syscall and si_arch. */
static void read_call(struct corefile *c, const struct elf_note *n)
{
    const int sigsys = 31;
    size_t at = c->layout->siginfo_address + layout_word_size(c->layout);

    c->has_call = c->signal == sigsys && c->code > 0 && n->desc_size >= at + 8;
    if (!c->has_call)
        return;
    c->call = layout_int(n->desc + at);
    c->call_machine = (uint32_t)layout_int(n->desc + at + 4);
}

static int read_siginfo(struct note_reader *r, const struct elf_note *n)
{
    struct corefile *c = r->core;
    size_t address = c->layout->siginfo_address;

    if (c->has_siginfo || n->desc_size < address + layout_word_size(c->layout))
        return 0;
    c->has_siginfo = true;
    c->signal = layout_int(n->desc);
    c->code = layout_int(n->desc + 8);
    c->has_address = signal_has_address(c->signal, c->code);
    if (c->has_address)
        c->address = layout_word(c->layout, n->desc + address);
    c->has_sender = signal_has_sender(c->code) && n->desc_size >= address + 8;
    if (c->has_sender) {
        c->sender_pid = layout_int(n->desc + address);
        c->sender_uid = (uint32_t)layout_int(n->desc + address + 4);
    }
    read_call(c, n);
    return 0;
}

static int read_auxv(struct note_reader *r, const struct elf_note *n)
{
    struct corefile *c = r->core;
    size_t word = layout_word_size(c->layout);

    for (size_t at = 0; n->desc_size - at >= 2 * word; at += 2 * word) {
        uint64_t value = layout_word(c->layout, n->desc + at + word);

        switch (layout_word(c->layout, n->desc + at)) {
        case AT_NULL:
            return 0;
        case AT_SYSINFO_EHDR:
            c->auxv_vdso = value;
            break;
        case AT_ENTRY:
            c->auxv_entry = value;
            break;
        case AT_PHDR:
            c->auxv_program_headers = value;
            break;
        case AT_PHNUM:
            c->auxv_n_program_headers = value;
            break;
        case AT_RANDOM:
            c->auxv_random = value;
            break;
        case AT_EXECFN:
            c->auxv_file_name = value;
            break;
        }
    }
    return 0;
}

static bool in_order(const struct corefile *c)
{
    for (size_t i = 1; i < c->n_mappings; i++)
        if (c->mappings[i - 1].start > c->mappings[i].start)
            return false;
    return true;
}

static int compare_mappings(const void *a, const void *b)
{
    const struct core_mapping *x = a, *y = b;

    return x->start < y->start ? -1 : x->start > y->start;
}

/* NT_FILE: count, page size, count × (start, end, offset in pages), then as many NUL-terminated
 * paths. */
static int read_files(struct note_reader *r, const struct elf_note *n)
{
    struct corefile *c = r->core;
    size_t word = layout_word_size(c->layout);

    if (c->mappings || n->desc_size < 2 * word)
        return 0;
    uint64_t count = layout_word(c->layout, n->desc);
    uint64_t page = layout_word(c->layout, n->desc + word);
    uint64_t room = (n->desc_size - 2 * word) / (3 * word);

    if (count > CORE_MAPPINGS_MAX || count > room)
        return 0; /* a note that lies about its size says nothing */
    c->mappings = arena_try(r->arena, (count ? count : 1) * sizeof *c->mappings);
    if (!c->mappings)
        return CORE_TOO_LARGE;
    const uint8_t *entry = n->desc + 2 * word;
    const uint8_t *names = entry + count * 3 * word;
    size_t names_size = (size_t)(n->desc + n->desc_size - names);
    char *path = arena_try(r->arena, names_size + 1), *end = path + names_size;

    if (!path)
        return CORE_TOO_LARGE;
    memcpy(path, names, names_size);
    for (; c->n_mappings < count; entry += 3 * word) {
        size_t length = strnlen(path, (size_t)(end - path));

        if (path + length == end)
            break; /* not terminated */
        c->mappings[c->n_mappings++] = (struct core_mapping){
            .start = layout_word(c->layout, entry),
            .end = layout_word(c->layout, entry + word),
            .file_offset = layout_word(c->layout, entry + 2 * word) * page,
            .path = path,
        };
        path += length + 1;
    }
    if (!in_order(c))
        qsort(c->mappings, c->n_mappings, sizeof *c->mappings, compare_mappings);
    return 0;
}

static const struct {
    uint32_t type;
    note_handler *read;
} note_types[] = {
    {NT_PRSTATUS, read_prstatus}, {NT_PRFPREG, read_vectors}, {NT_PRPSINFO, read_prpsinfo},
    {NT_SIGINFO, read_siginfo},   {NT_AUXV, read_auxv},       {NT_FILE, read_files},
};

static int read_note(struct note_reader *r, const struct elf_note *n)
{
    if (n->name_size != sizeof "CORE" || memcmp(n->name, "CORE", sizeof "CORE") != 0)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(note_types); i++)
        if (note_types[i].type == n->type)
            return note_types[i].read(r, n);
    return 0;
}

/* The notes of one segment, as far as they are there. */
static int read_notes(struct note_reader *r, const struct elf_segment *g, uint64_t *budget)
{
    struct corefile *c = r->core;
    uint64_t size = bytes_present(&c->bytes, g->offset, g->filesz);

    if (size < g->filesz)
        c->notes_cut = true;
    if (size > *budget)
        return CORE_MALFORMED;
    *budget -= size;
    _cleanup_free_ void *holder = NULL;
    const uint8_t *notes;
    struct elf_note note;
    size_t offset = 0;
    int status = size ? bytes_borrow(&c->bytes, g->offset, size, &holder, &notes) : BYTES_MISSING;

    if (status != 0)
        return status < 0 ? status : 0;
    while (status == 0 && elf_note_next(notes, size, g->align, &offset, &note) == 0)
        status = read_note(r, &note);
    return status;
}

int corenotes_read(struct corefile *c, struct arena *a, const struct elf_view *v)
{
    struct note_reader reader = {.core = c, .arena = a, .threads_capacity = CORE_THREADS_MAX};
    struct elf_segment g;
    uint64_t budget = ELF_NOTES_MAX;
    uint64_t room = 0;

    for (uint32_t i = 0; i < v->phnum; i++)
        if (elf_segment(v, i, &g) == 0 && g.type == PT_NOTE)
            room += bytes_present(&c->bytes, g.offset, g.filesz) / c->layout->prstatus_size;
    if (room < reader.threads_capacity)
        reader.threads_capacity = (size_t)room;
    c->threads = arena_try(a, (reader.threads_capacity + 1) * sizeof *c->threads);
    if (!c->threads)
        return CORE_TOO_LARGE;
    for (uint32_t i = 0; i < v->phnum; i++) {
        if (elf_segment(v, i, &g) != 0 || g.type != PT_NOTE)
            continue;
        int r = read_notes(&reader, &g, &budget);

        if (r != 0)
            return r;
    }
    return 0;
}
