/* SPDX-License-Identifier: Apache-2.0 */
/* One Dwfl for one core: modules are reported by address, their files are handed over when libdwfl
 * asks for them, threads are numbered from 1 (a hostile core may give all of them the id 0). How a
 * frame was found is asked of the call frame information again, through a small cache: a recursion
 * asks for the same few addresses. */
#include "workerd/reference/unwind.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwfl.h>

#include "common/base/cleanup.h"

#define CFI_CACHE_SIZE 256u
#define REGISTERS_MAX  64 /* of one layout */

DEFINE_CLEANUP(cleanup_dwfl, Dwfl, dwfl_end)

struct cfi_entry {
    uint64_t pc;
    bool known, covered;
    bool signal;    /* a signal handler's trampoline */
    bool outermost; /* there is no return address: the stack begins here */
};

struct session {
    Dwfl *dwfl;
    struct modules *modules;
    struct memory *memory;
    size_t threads, next;
    stack_handler *handler;
    void *arg;
    struct cfi_entry cfi[CFI_CACHE_SIZE];
    struct raw_stack stack; /* of the thread at hand */
    struct raw_frame last;
    uint64_t last_sp;
    uint64_t unread; /* the first address since the last frame that could not be read; 0: none */
    int status;
};

const char *unwind_engine(void)
{
    static char text[32];

    snprintf(text, sizeof text, "libdwfl %s", dwfl_version(NULL));
    return text;
}

/* --- Modules --- */

static int find_elf(Dwfl_Module *dwfl_module, void **userdata, const char *name, Dwarf_Addr base,
                    char **ret_path, Elf **ret_elf)
{
    struct mapped_module *module = *userdata;
    size_t size = module ? (size_t)(module->end - module->start) : 0;

    (void)dwfl_module, (void)name, (void)base;
    if (!module || !module_open(module))
        return -1;
    *ret_path = strdup(module->path);
    if (!module->image)
        return dup(module->fd);
    *ret_elf = elf_memory(module->image, size);
    return -1;
}

/* Only .debug_frame is taken from it, where a file has no .eh_frame (Go): names and lines are read
 * elsewhere. */
static int find_debuginfo(Dwfl_Module *dwfl_module, void **userdata, const char *name,
                          Dwarf_Addr base, const char *file, const char *link, GElf_Word checksum,
                          char **ret_path)
{
    struct mapped_module *module = *userdata;

    (void)dwfl_module, (void)name, (void)base, (void)file, (void)link, (void)checksum;
    (void)ret_path;
    if (!module || module->has_eh_frame || !module_dwarf(module) || module->debug_fd < 0)
        return -1;
    return dup(module->debug_fd);
}

static const Dwfl_Callbacks dwfl_callbacks = {
    .find_elf = find_elf,
    .find_debuginfo = find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

static void report_modules(struct session *s)
{
    dwfl_report_begin(s->dwfl);
    for (size_t i = 0; i < s->modules->n; i++) {
        struct mapped_module *module = &s->modules->list[i];
        Dwfl_Module *reported =
            dwfl_report_module(s->dwfl, module->path, module->start, module->end);
        void **userdata;

        if (!reported)
            continue;
        dwfl_module_info(reported, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
        *userdata = module;
    }
    dwfl_report_end(s->dwfl, NULL, NULL);
}

/* --- Call frame information --- */

static void read_cfi(Dwarf_Frame *frame, struct cfi_entry *e)
{
    Dwarf_Op simple[3], *ops;
    size_t n;
    int return_address = dwarf_frame_info(frame, NULL, NULL, &e->signal);

    e->covered = true;
    /* libdw's way to say "undefined": no operations, in the caller's array. */
    e->outermost = return_address >= 0 &&
                   dwarf_frame_register(frame, return_address, simple, &ops, &n) == 0 && n == 0 &&
                   ops == simple;
}

static void look_up_cfi(struct session *s, struct cfi_entry *e)
{
    Dwfl_Module *module = dwfl_addrmodule(s->dwfl, e->pc);
    Dwarf_Addr bias;
    Dwarf_Frame *frame = NULL;

    if (!module)
        return;
    Dwarf_CFI *cfi = dwfl_module_eh_cfi(module, &bias);

    if (!cfi)
        cfi = dwfl_module_dwarf_cfi(module, &bias);
    if (!cfi || dwarf_cfi_addrframe(cfi, e->pc - bias, &frame) != 0)
        return;
    read_cfi(frame, e);
    free(frame);
}

static const struct cfi_entry *cfi_at(struct session *s, uint64_t pc)
{
    struct cfi_entry *e = &s->cfi[(pc ^ pc >> 8) % CFI_CACHE_SIZE];

    if (!e->known || e->pc != pc) {
        *e = (struct cfi_entry){.pc = pc, .known = true};
        look_up_cfi(s, e);
    }
    return e;
}

/* --- Frames --- */

static void add_frame(struct session *s, uint64_t pc)
{
    bool first = s->stack.visited == 0;
    struct raw_frame f = {.pc = pc, .trust = TRUST_CONTEXT};

    f.exact = first || s->last.signal;
    if (!first)
        f.trust = cfi_at(s, raw_frame_address(&s->last))->covered ? TRUST_CFI : TRUST_FRAME_POINTER;
    f.signal = cfi_at(s, raw_frame_address(&f))->signal;
    stack_add(&s->stack, &f);
    s->last = f;
}

static int on_frame(Dwfl_Frame *frame, void *arg)
{
    struct session *s = arg;
    const struct core_layout *layout = s->modules->image->layout;
    unsigned sp_number = (unsigned)layout->registers[layout->sp].dwarf;
    Dwarf_Addr pc;
    Dwarf_Word sp = 0;

    if (!dwfl_frame_pc(frame, &pc, NULL))
        return DWARF_CB_ABORT;
    if (dwfl_frame_reg(frame, sp_number, &sp) != 0)
        sp = 0;
    if (s->stack.visited > 0 && pc == s->last.pc && sp == s->last_sp) {
        s->stack.stopped = "the unwind information leads in a circle";
        return DWARF_CB_ABORT;
    }
    if (s->stack.visited >= STACK_VISITED_MAX) {
        s->stack.stopped = "the stack is deeper than is followed";
        return DWARF_CB_ABORT;
    }
    s->last_sp = sp;
    s->unread = 0;
    add_frame(s, pc);
    return DWARF_CB_OK;
}

/* In words of the crash, not of libdwfl: what is it that the next frame would have needed? NULL at
 * a real end. */
static const char *why_stopped(struct session *s, bool failed)
{
    struct arena *a = s->modules->arena;
    uint64_t pc = raw_frame_address(&s->last);
    const struct mapped_module *m = modules_at(s->modules, pc);

    if (s->stack.visited == 0)
        return "its registers can't be used";
    if (cfi_at(s, pc)->outermost || (!failed && !s->unread))
        return NULL;
    if (!m)
        return arena_printf(a, "0x%" PRIx64 " is in no mapped file", s->last.pc);
    if (!m->elf)
        return module_missing_text(m);
    if (s->unread)
        return arena_printf(a, "the core lacks the stack's memory at 0x%" PRIx64, s->unread);
    return arena_printf(a, "%s has no usable unwind information for 0x%" PRIx64, m->path,
                        s->last.pc);
}

/* --- Threads --- */

/* Thread ids are indexes plus 1, for libdwfl ends at a 0. */
static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
    struct session *s = arg;

    (void)dwfl;
    s->next = *thread_arg ? s->next + 1 : 0;
    *thread_arg = s;
    return s->next < s->threads ? (pid_t)s->next + 1 : 0;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *arg)
{
    struct session *s = arg;
    uint64_t word = 0;
    size_t n = s->modules->image->layout->is64 ? 8 : 4;

    (void)dwfl;
    if (!memory_read(s->memory, address, &word, n)) {
        if (!s->unread)
            s->unread = address;
        return false;
    }
    *ret = word;
    return true;
}

static bool is_executable(const struct session *s, uint64_t pc)
{
    struct image_range r;

    return (image_range(s->modules->image, pc, &r) && r.executable) || modules_at(s->modules, pc);
}

/* A call through a wild pointer stands where no code is: nothing describes that frame, but the call
 * has just pushed its return address. The frame is added here, and libdwfl begins at its caller. */
static void step_out_of_nowhere(struct session *s, Dwarf_Word *registers, Dwarf_Word *pc, size_t sp)
{
    Dwarf_Word caller;

    if (s->modules->image->layout->machine != EM_X86_64 || is_executable(s, *pc))
        return;
    if (!read_word(s->dwfl, registers[sp], &caller, s) || !is_executable(s, caller))
        return;
    add_frame(s, *pc);
    registers[sp] += 8;
    *pc = caller;
}

static bool set_initial_registers(Dwfl_Thread *thread, void *arg)
{
    struct session *s = arg;
    const struct image *image = s->modules->image;
    const struct core_layout *l = image->layout;
    const uint64_t *registers = image->threads[s->next].registers;
    Dwarf_Word values[REGISTERS_MAX] = {0};
    Dwarf_Word pc = registers[l->pc];

    for (size_t i = 0; i < l->n_registers; i++)
        if (l->registers[i].dwarf >= 0 && l->registers[i].dwarf < REGISTERS_MAX)
            values[l->registers[i].dwarf] = registers[i];
    step_out_of_nowhere(s, values, &pc, (size_t)l->registers[l->sp].dwarf);
    values[l->registers[l->pc].dwarf] = pc;
    dwfl_thread_state_register_pc(thread, pc);
    return dwfl_thread_state_registers(thread, 0, l->unwind_registers, values);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
    .next_thread = next_thread,
    .memory_read = read_word,
    .set_initial_registers = set_initial_registers,
};

static int on_thread(Dwfl_Thread *thread, void *arg)
{
    struct session *s = arg;

    stack_begin(&s->stack);
    s->unread = 0;
    bool failed = dwfl_thread_getframes(thread, on_frame, s) != 0;

    if (!s->stack.stopped)
        s->stack.stopped = why_stopped(s, failed);
    stack_end(&s->stack);
    s->status = s->handler(s->next, &s->stack, s->arg);
    return s->status < 0 ? DWARF_CB_ABORT : DWARF_CB_OK;
}

union architecture {
    Elf64_Ehdr wide;
    Elf32_Ehdr narrow;
};

/* The architecture, as an ELF header and nothing behind it. */
static Elf *architecture_elf(const struct core_layout *l, union architecture *h)
{
    *h = (union architecture){
        .wide = {
            .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
            .e_type = ET_CORE,
            .e_machine = l->machine,
            .e_version = EV_CURRENT,
        }};
    if (l->is64) {
        h->wide.e_ehsize = sizeof h->wide;
    } else {
        h->narrow.e_ident[EI_CLASS] = ELFCLASS32;
        h->narrow.e_ehsize = sizeof h->narrow;
    }
    return elf_memory((char *)h, l->is64 ? sizeof h->wide : sizeof h->narrow);
}

int unwind_threads(struct modules *modules, struct memory *memory, size_t threads,
                   stack_handler *handler, void *arg)
{
    _cleanup_free_ struct session *s = calloc(1, sizeof *s);
    union architecture header;
    _cleanup_(cleanup_elf) Elf *architecture = architecture_elf(modules->image->layout, &header);
    _cleanup_(cleanup_dwfl) Dwfl *dwfl = dwfl_begin(&dwfl_callbacks); /* before its architecture */

    if (!s || !dwfl || !architecture)
        return -ENOMEM;
    s->dwfl = dwfl;
    s->modules = modules;
    s->memory = memory;
    s->threads = threads;
    s->handler = handler;
    s->arg = arg;
    report_modules(s);
    if (!dwfl_attach_state(dwfl, architecture, 1, &thread_callbacks, s))
        return -ENOMEM;
    dwfl_getthreads(dwfl, on_thread, s);
    return s->status < 0 ? s->status : 0;
}
