/* SPDX-License-Identifier: Apache-2.0 */
/* The steps in order, each leaving in the analysis what it found out: unpack, read the core, list
 * the modules, unwind and name every thread, look at the modules that no frame was in, fetch the
 * abort message. A step that finds nothing to work on says so in `problem`, and what came before it
 * stays. */
#include "workerd/analysis/analyse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/core/corefile.h"
#include "common/report/limits.h"
#include "workerd/analysis/memory.h"
#include "workerd/analysis/modules.h"
#include "workerd/analysis/symbolise.h"
#include "workerd/analysis/symbols.h"
#include "workerd/analysis/tailcalls.h"
#include "workerd/analysis/unpack.h"
#include "workerd/analysis/unwind.h"

#define FRAMES_TOTAL_MAX  32768u /* of all threads: what the parent reads back is bounded too */
#define ABORT_MESSAGE_MAX 4096u

struct job {
    struct arena *arena;
    const struct module_sources *sources;
    const struct unpacked_core *unpacked;
    struct corefile core;
    struct modules modules;
    struct memory memory;
    struct symboliser symboliser;
    struct analysis *out;
    size_t frames_left; /* of FRAMES_TOTAL_MAX */
};

/* --- The core --- */

static const char *outcome_text(int outcome)
{
    static const char *const texts[] = {
        [CORE_NOT_ELF] = "this is not an ELF file",
        [CORE_NOT_A_CORE] = "this is an ELF file, but not a core: a program or a library",
        [CORE_MALFORMED] = "the core ends within its headers, or its headers are damaged",
        [CORE_UNKNOWN_MACHINE] = "the core comes from a processor that is not supported",
        [CORE_TOO_LARGE] = "the core's tables are larger than is read",
    };

    return texts[outcome];
}

static void describe_core(struct job *j)
{
    const struct corefile *c = &j->core;
    struct analysis *out = j->out;
    const struct core_mapping *program = corefile_mapping(c, c->auxv_entry);

    if (!program)
        program = corefile_mapping(c, c->auxv_program_headers);
    out->architecture = c->layout->name;
    out->pid = c->pid;
    out->signal = c->has_siginfo ? c->signal : c->n_threads ? c->threads[0].signal : 0;
    out->code = c->code;
    out->has_address = c->has_address;
    out->address = c->address;
    out->executable = program ? program->path : c->name;
    out->core_truncated = c->truncated || j->unpacked->damaged || j->unpacked->cut;
}

static const char *no_threads_text(const struct corefile *c, struct arena *a)
{
    if (!c->notes_cut)
        return "the core has no threads: nothing tells where it stood";
    return arena_printf(
        a, "the core was cut before its registers: %" PRIu64 " of %" PRIu64 " bytes are here",
        c->bytes.size, c->expected_size);
}

/* --- Threads --- */

static void fill_registers(const struct corefile *c, const struct core_thread *t, struct arena *a,
                           struct thread *ret)
{
    const struct core_layout *l = c->layout;

    ret->n_registers = l->n_registers;
    ret->registers = arena_array(a, struct register_value, l->n_registers);
    for (size_t i = 0; i < l->n_registers; i++) {
        ret->registers[i].name = l->registers[i].name;
        ret->registers[i].value = core_thread_register(c, t, i);
    }
}

/* All frames of a stack with the inlined ones, which may be more than are kept. */
struct expanded {
    struct frame *list; /* on the heap */
    size_t n, capacity;
    size_t head; /* how many come before the raw stack's gap */
};

static void expanded_fini(struct expanded *e)
{
    free(e->list);
}

static void append_frames(struct expanded *e, const struct named_frames *named,
                          enum frame_trust trust)
{
    if (e->n + named->n > e->capacity) {
        e->capacity = 2 * (e->n + named->n) + 16;
        e->list = reallocarray(e->list, e->capacity, sizeof *e->list);
        if (!e->list)
            abort(); /* a few MiB at most: STACK_FRAMES_MAX × SOURCE_FRAMES_MAX */
    }
    for (size_t i = 0; i < named->n; i++) {
        e->list[e->n] = named->list[i];
        e->list[e->n++].trust = trust;
    }
}

/* Functions between two frames that have none of their own: they left by a jump. */
static void append_tail_calls(struct job *j, struct expanded *e, const struct raw_frame *inner,
                              const struct raw_frame *outer)
{
    uint64_t addresses[TAIL_CALLS_MAX];
    size_t n = 0;

    if (!outer->exact && !inner->signal)
        n = tail_calls_find(&j->modules, outer->pc, inner->exact ? inner->pc : inner->pc - 1,
                            addresses);
    for (size_t i = 0; i < n; i++) {
        const struct raw_frame f = {.pc = addresses[i]};

        append_frames(e, symbolise(&j->symboliser, &f), TRUST_CFI);
    }
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Keeps at most max frames, a quarter of them from the outer end. A gap that the stack has already
 * is widened. */
static void keep_frames(struct arena *a, const struct expanded *e, size_t max, struct thread *t)
{
    bool gap = t->frames_left_out > 0;
    size_t head = gap ? e->head : e->n;
    size_t tail = e->n - head;

    if (e->n > max) {
        tail = smaller(gap ? tail : e->n, max / 4);
        head = smaller(head, max - tail);
    }
    t->n_frames = head + tail;
    t->frames_left_out += e->n - t->n_frames;
    t->gap_after = t->frames_left_out && head ? head - 1 : 0;
    if (t->n_frames == 0)
        return;
    t->frames = arena_array(a, struct frame, t->n_frames);
    memcpy(t->frames, e->list, head * sizeof *e->list);
    memcpy(t->frames + head, e->list + e->n - tail, tail * sizeof *e->list);
}

static int on_stack(size_t index, const struct raw_stack *stack, void *arg)
{
    struct job *j = arg;
    const struct core_thread *from = &j->core.threads[index];
    struct thread *t = &j->out->threads[index];
    _cleanup_(expanded_fini) struct expanded e = {0};

    for (size_t i = 0; i < stack->n; i++) {
        if (i > 0 && !(stack->left_out && i == STACK_HEAD_MAX))
            append_tail_calls(j, &e, &stack->frames[i - 1], &stack->frames[i]);
        append_frames(&e, symbolise(&j->symboliser, &stack->frames[i]), stack->frames[i].trust);
        if (i < STACK_HEAD_MAX)
            e.head = e.n;
    }
    *t = (struct thread){
        .tid = from->tid,
        .crashed = index == 0,
        .frames_left_out = stack->left_out,
        .stopped = stack->stopped,
    };
    fill_registers(&j->core, from, j->arena, t);
    keep_frames(j->arena, &e, smaller(ANALYSIS_FRAMES_MAX, j->frames_left), t);
    j->frames_left -= t->n_frames;
    j->out->n_threads = index + 1;
    return 0;
}

static int analyse_threads(struct job *j)
{
    size_t n = smaller(j->core.n_threads, ANALYSIS_THREADS_MAX);

    j->frames_left = FRAMES_TOTAL_MAX;
    j->out->threads = arena_array(j->arena, struct thread, n);
    j->out->threads_left_out = j->core.threads_left_out + (j->core.n_threads - n);
    return unwind_threads(&j->modules, &j->memory, n, on_stack, j);
}

/* --- Modules and the abort message --- */

static void describe_modules(struct job *j)
{
    struct analysis *out = j->out;

    out->modules = arena_array(j->arena, struct module, j->modules.n + 1);
    for (size_t i = 0; i < j->modules.n; i++) {
        struct mapped_module *m = &j->modules.list[i];

        module_inspect(m);
        out->modules[out->n_modules++] = (struct module){
            .path = m->path,
            .build_id = m->build_id,
            .start = m->start,
            .end = m->end,
            .status = m->status,
        };
    }
}

/* struct abort_msg_s of glibc: the size of the whole, then the text. */
static const char *read_abort_message(struct job *j, uint64_t variable)
{
    char text[ABORT_MESSAGE_MAX];
    uint64_t at;
    uint32_t size;

    if (!memory_read(&j->memory, variable, &at, sizeof at) || at == 0 ||
        !memory_read(&j->memory, at, &size, sizeof size))
        return NULL;
    size_t n = smaller(size, sizeof text);

    if (n == 0 || !memory_read(&j->memory, at + sizeof size, text, n))
        return NULL;
    n = strnlen(text, n);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    return n ? arena_strndup(j->arena, text, n) : NULL;
}

/* glibc leaves what it printed before abort() in __abort_msg: the text of a failed assertion, of
 * heap corruption. */
static const char *find_abort_message(struct job *j)
{
    uint64_t address;

    for (size_t i = 0; i < j->modules.n; i++) {
        struct mapped_module *m = &j->modules.list[i];
        const char *slash = strrchr(m->path, '/');

        if (!slash || strncmp(slash, "/libc.so", 8) != 0 || !module_open(m))
            continue;
        if (dynamic_symbol_address(m->elf, "__abort_msg", &address))
            return read_abort_message(j, address + m->bias);
    }
    return NULL;
}

/* What keeps the crashed thread's stack from being whole; NULL when nothing does. A file that is
 * missing comes first: beyond it, frames are found by frame pointers at best. */
static const char *find_problem(const struct job *j)
{
    const struct thread *t = &j->out->threads[0];

    for (size_t i = 0; i < t->n_frames; i++) {
        const struct mapped_module *m = modules_at(&j->modules, t->frames[i].pc);

        if (m && !m->elf)
            return module_missing_text(m);
    }
    return t->stopped;
}

/* --- All of it --- */

static int analyse_core(struct job *j)
{
    int r = modules_init(&j->modules, &j->core, j->sources, j->arena);

    if (r < 0)
        return r;
    memory_init(&j->memory, &j->core, &j->modules);
    symboliser_init(&j->symboliser, &j->modules);
    r = analyse_threads(j);
    if (r == 0) {
        describe_modules(j);
        j->out->message = find_abort_message(j);
        j->out->problem = find_problem(j);
    }
    memory_fini(&j->memory);
    modules_fini(&j->modules);
    return r;
}

static int open_core(struct job *j)
{
    struct arena *a = j->arena;
    int r = corefile_open(j->unpacked->bytes, a, &j->core);

    if (r < 0)
        return r;
    if (r > 0) {
        j->out->problem = outcome_text(r);
        return 0;
    }
    describe_core(j);
    if (j->core.n_threads == 0) {
        j->out->problem = no_threads_text(&j->core, a);
        return 0;
    }
    return analyse_core(j);
}

int analyse(const struct analyse_input *in, struct arena *a, struct analysis *ret)
{
    _cleanup_(unpacked_core_fini) struct unpacked_core unpacked = {.owned_fd = -1};
    struct analysis out = {.engine = arena_strdup(a, unwind_engine())};
    struct job j = {.arena = a, .unpacked = &unpacked, .sources = &in->sources, .out = &out};
    int r = unpack_core(in->core_fd, in->scratch_fd, in->core_max, &unpacked);

    if (r < 0)
        return r;
    if (r == UNPACK_NOT_REGULAR) {
        out.problem = "the core is not a regular file";
    } else {
        out.core_bytes = unpacked.bytes.size;
        out.core_truncated = unpacked.damaged || unpacked.cut;
        r = open_core(&j);
        if (r < 0)
            return r;
    }
    *ret = out;
    return 0;
}
