/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/cause/words.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/report/signals.h"
#include "workerd/cause/calls.h"

#define NAME_MAX_SHOWN 200u /* bytes of a function's name in a sentence */

/* --- Pieces --- */

/* Without arguments of functions and templates, which would fill the line. */
/* Without parameters and template arguments. Names that begin with a type ("<T as core::…>::f"),
 * and operators, which are written with the same signs, stay as they are. */
static void add_function(struct buf *b, const char *name)
{
    bool whole = *name == '<' || strstr(name, "operator");
    size_t depth = 0, n = 0;

    for (const char *p = name; *p && n < NAME_MAX_SHOWN && (whole || *p != '('); p++) {
        depth += !whole && *p == '<';
        if (depth == 0) {
            buf_addc(b, *p);
            n++;
        }
        depth -= depth > 0 && *p == '>';
    }
    buf_adds(b, "()");
}

static void add_hex(struct buf *b, uint64_t value)
{
    buf_printf(b, "0x%" PRIx64, value);
}

static void add_bytes_count(struct buf *b, const struct finding *f)
{
    unsigned n = f->facts->operand ? f->facts->operand->size : 0;

    if (n)
        buf_printf(b, " of %u byte%s", n, n == 1 ? "" : "s");
}

static void add_place(struct buf *b, const struct place *p)
{
    const struct image_range *r = &p->range;

    if (!p->mapped) {
        buf_adds(b, "nothing is mapped there");
        return;
    }
    if (p->has_file)
        buf_adds(b, p->file.path);
    else if (p->vdso)
        buf_adds(b, "[vdso]");
    else if (p->stack_of)
        buf_printf(b, "the stack of thread %" PRId64, p->stack_of);
    else
        buf_adds(b, "memory without a file");
    buf_printf(b, " %c%c%c", r->readable ? 'r' : '-', r->writable ? 'w' : '-',
               r->executable ? 'x' : '-');
}

/* --- Names of templates --- */

static void put_access(const struct finding *f, struct buf *b)
{
    static const char *const texts[] = {[ACCESS_UNKNOWN] = "Access to memory",
                                        [ACCESS_READ] = "Read",
                                        [ACCESS_WRITE] = "Write",
                                        [ACCESS_EXECUTE] = "Jump"};

    buf_adds(b, texts[f->facts->access]);
    add_bytes_count(b, f);
}

static void put_address(const struct finding *f, struct buf *b)
{
    add_hex(b, f->facts->has_address ? f->facts->address : f->facts->operand_address);
}

/* " (rax)" */
static void put_pointer(const struct finding *f, struct buf *b)
{
    if (f->pointer != REGISTER_NONE)
        buf_printf(b, " (%s)", instruction_register(f->pointer));
}

static void put_value(const struct finding *f, struct buf *b)
{
    add_hex(b, f->value);
}

static void put_number(const struct finding *f, struct buf *b)
{
    buf_printf(b, "%" PRIu64, f->value);
}

static void put_meaning(const struct finding *f, struct buf *b)
{
    buf_adds(b, f->meaning ? f->meaning : "");
}

static void put_text(const struct finding *f, struct buf *b)
{
    buf_adds(b, f->text);
}

static void put_target(const struct finding *f, struct buf *b)
{
    add_hex(b, f->facts->target);
}

static void put_place(const struct finding *f, struct buf *b)
{
    const struct place p = f->facts->has_target && !f->facts->has_address
                               ? facts_place(f->facts, f->facts->target)
                               : f->facts->place;

    if (p.has_file)
        buf_adds(b, p.file.path);
    else if (p.stack_of)
        buf_adds(b, "a stack");
    else
        buf_adds(b, "memory without a file");
}

/* The innermost frame with a name that says something. */
static size_t caller(const struct finding *f)
{
    size_t i = f->facts->access == ACCESS_EXECUTE ? 1 : 0;

    for (; i < f->facts->n_frames; i++) {
        const char *name = facts_function(f->facts, i);

        if (name && !facts_raises(name))
            break;
    }
    return i;
}

/* ", from f()": where a jump to nowhere began. */
static void put_from(const struct finding *f, struct buf *b)
{
    const char *name = facts_function(f->facts, caller(f));

    if (!name)
        return;
    buf_adds(b, ", from ");
    add_function(b, name);
}

static bool is_of_library(const char *name)
{
    static const char *const prefixes[] = {"core::", "alloc::", "std::", "g_log"};
    static const char *const traits[] = {" as core::", " as alloc::", " as std::"};
    const char *type = name + (*name == '<');

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (cstr_starts(type, prefixes[i]))
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(traits) && *name == '<'; i++)
        if (strstr(name, traits[i]))
            return true;
    return false;
}

/* The first caller of the frame that is none of the libraries that it may have gone through. */
static const char *caller_of_library(const struct finding *f)
{
    if (f->frame == SIZE_MAX)
        return NULL;
    for (size_t i = f->frame + 1; i < f->facts->n_frames; i++) {
        const char *name = facts_function(f->facts, i);

        if (!name || !is_of_library(name))
            return name;
    }
    return NULL;
}

/* " by f()": the function outside of the one that the rule is about. */
static void put_by(const struct finding *f, struct buf *b)
{
    const char *name = caller_of_library(f);

    if (!name)
        return;
    buf_adds(b, " by ");
    add_function(b, name);
}

/* " in f()": the same, when that is where it was found. */
static void put_in(const struct finding *f, struct buf *b)
{
    const char *name = caller_of_library(f);

    if (!name)
        return;
    buf_adds(b, " in ");
    add_function(b, name);
}

static void put_message(const struct finding *f, struct buf *b)
{
    buf_adds(b, f->message ? f->message : "");
}

static void put_type(const struct finding *f, struct buf *b)
{
    if (f->type)
        buf_printf(b, " of type %s", f->type);
}

static void put_what(const struct finding *f, struct buf *b)
{
    if (f->what)
        buf_printf(b, ": \"%s\"", f->what);
}

static void put_signal(const struct finding *f, struct buf *b)
{
    const char *name = signal_name(f->facts->signal);

    if (name)
        buf_adds(b, name);
    else
        buf_printf(b, "signal %d", f->facts->signal);
}

static void put_sender(const struct finding *f, struct buf *b)
{
    buf_printf(b, "%" PRId64, f->facts->in->image->sender);
}

static void put_call(const struct finding *f, struct buf *b)
{
    const struct image *i = f->facts->in->image;
    const char *name = call_name(i->call_machine, i->call);

    if (name)
        buf_printf(b, "%s()", name);
    else
        buf_printf(b, "number %d", i->call);
}

static const struct {
    const char *name;
    void (*put)(const struct finding *f, struct buf *b);
} names[] = {
    {"Access", put_access}, {"address", put_address}, {"pointer", put_pointer},
    {"value", put_value},   {"number", put_number},   {"meaning", put_meaning},
    {"text", put_text},     {"target", put_target},   {"place", put_place},
    {"from", put_from},     {"by", put_by},           {"message", put_message},
    {"type", put_type},     {"signal", put_signal},   {"sender", put_sender},
    {"call", put_call},     {"what", put_what},       {"in", put_in},
};

static void put_name(const char *name, size_t n, const struct finding *f, struct buf *b)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strlen(names[i].name) == n && strncmp(names[i].name, name, n) == 0) {
            names[i].put(f, b);
            return;
        }
    }
    assert(false);
}

void words_sentence(const char *template, const struct finding *f, struct buf *b)
{
    for (const char *p = template; *p;) {
        size_t plain = strcspn(p, "{");

        buf_add(b, p, plain);
        p += plain;
        if (*p == '{') {
            size_t n = strcspn(p, "}");

            put_name(p + 1, n - 1, f, b);
            p += n + 1;
        }
    }
}

/* --- Evidence --- */

static void show_operand(const struct memory_operand *m, struct buf *b)
{
    static const char *const segments[] = {"", "fs:", "gs:"};
    const char *between = "";

    buf_printf(b, "%s[", segments[m->segment]);
    if (m->base != REGISTER_NONE) {
        buf_adds(b, instruction_register(m->base));
        between = "+";
    }
    if (m->index != REGISTER_NONE) {
        buf_printf(b, "%s%s", between, instruction_register(m->index));
        if (m->scale > 1)
            buf_printf(b, "*%u", m->scale);
        between = "+";
    }
    if (m->displacement < 0 && *between)
        buf_printf(b, "-0x%" PRIx64, -(uint64_t)m->displacement);
    else if (m->displacement != 0 || !*between)
        buf_printf(b, "%s0x%" PRIx64, between, (uint64_t)m->displacement);
    buf_addc(b, ']');
}

static void show_instruction(const struct finding *f, struct buf *b)
{
    const struct memory_operand *m = f->facts->operand;

    if (!m)
        return;
    buf_adds(b, m->reads && m->writes ? "changes" : m->writes ? "writes" : "reads");
    if (m->size)
        buf_printf(b, " %u byte%s", m->size, m->size == 1 ? "" : "s");
    buf_adds(b, " at ");
    show_operand(m, b);
}

static void show_register(const struct finding *f, int number, struct buf *b)
{
    if (number == REGISTER_NONE || number == REGISTER_RIP)
        return;
    buf_printf(b, "%s%s = 0x%" PRIx64, b->len ? ", " : "", instruction_register(number),
               facts_register(f->facts, number));
}

static void show_registers(const struct finding *f, struct buf *b)
{
    const struct memory_operand *m = f->facts->operand;

    if (m) {
        show_register(f, m->base, b);
        if (m->index != m->base)
            show_register(f, m->index, b);
    } else {
        show_register(f, f->pointer, b);
    }
}

static void show_at(uint64_t address, const struct place *p, struct buf *b)
{
    add_hex(b, address);
    buf_adds(b, ": ");
    add_place(b, p);
}

static void show_address(const struct finding *f, struct buf *b)
{
    if (f->facts->has_address)
        show_at(f->facts->address, &f->facts->place, b);
    else if (f->facts->operand)
        add_hex(b, f->facts->operand_address);
}

static void show_target(const struct finding *f, struct buf *b)
{
    if (!f->facts->has_target)
        return;
    const struct place p = facts_place(f->facts, f->facts->target);

    show_at(f->facts->target, &p, b);
}

static void show_caller(const struct finding *f, struct buf *b)
{
    const char *name = facts_function(f->facts, caller(f));

    if (name)
        add_function(b, name);
}

static void show_message(const struct finding *f, struct buf *b)
{
    buf_adds(b, f->message ? f->message : "");
}

static void show_sender(const struct finding *f, struct buf *b)
{
    const struct image *i = f->facts->in->image;

    if (i->has_sender)
        buf_printf(b, "process %" PRId64 "%s", i->sender, i->sender == i->pid ? ", itself" : "");
}

static void show_bytes(const struct finding *f, struct buf *b)
{
    const struct facts *x = f->facts;
    size_t n = x->decoded ? x->instruction.length : x->n_bytes;

    for (size_t i = 0; i < n && i < x->n_bytes; i++)
        buf_printf(b, "%s%02x", i ? " " : "", x->bytes[i]);
}

static void show_stack(const struct finding *f, struct buf *b)
{
    const struct thread *t = &f->facts->in->analysis->threads[0];

    buf_printf(b,
               "stack pointer 0x%" PRIx64 ", stack 0x%" PRIx64 "-0x%" PRIx64 ", %" PRIu64 " frames",
               f->facts->sp, f->stack.start, f->stack.end, t->n_frames + t->frames_left_out);
}

static void show_divisor(const struct finding *f, struct buf *b)
{
    const struct instruction *i = &f->facts->instruction;

    if (!f->facts->decoded)
        return;
    buf_adds(b, i->source == REGISTER_NONE ? "memory" : instruction_register(i->source));
    buf_printf(b, " = 0x%" PRIx64 ", %u byte%s", f->value, i->source_size,
               i->source_size == 1 ? "" : "s");
}

static void show_call(const struct finding *f, struct buf *b)
{
    const struct image *i = f->facts->in->image;
    const char *machine = call_machine_name(i->call_machine);

    buf_printf(b, "%d of %s", i->call, machine ? machine : "an unknown machine");
}

static void show_frame(const struct finding *f, struct buf *b)
{
    const struct thread *thread = &f->facts->in->analysis->threads[0];
    const char *name = f->frame == SIZE_MAX ? NULL : facts_function(f->facts, f->frame);

    if (name)
        buf_printf(b, "#%zu %s", (size_t)(f->facts->frames - thread->frames) + f->frame, name);
}

/* By the bits of enum evidence_kind. */
static const struct {
    const char *what;
    void (*show)(const struct finding *f, struct buf *b);
} kinds[] = {
    {"instruction", show_instruction}, {"register", show_registers}, {"address", show_address},
    {"target", show_target},           {"caller", show_caller},      {"message", show_message},
    {"sender", show_sender},           {"bytes", show_bytes},        {"stack", show_stack},
    {"divisor", show_divisor},         {"system call", show_call},   {"frame", show_frame},
};

/* What the processor was asked, when a handler came in between. */
static void show_first_signal(const struct facts *f, struct buf *b)
{
    const char *name = signal_name(f->signal), *code = signal_code_name(f->signal, f->code);

    buf_printf(b, "%s", name ? name : "a signal");
    if (code)
        buf_printf(b, ", %s", code);
    if (f->has_address)
        buf_printf(b, " at 0x%" PRIx64, f->address);
}

static void add_evidence(const char *what, struct buf *b, struct arena *a, struct evidence *list,
                         size_t *n)
{
    if (b->len == 0 || buf_error(b) < 0)
        return;
    list[*n].what = what;
    list[(*n)++].value = arena_strndup(a, buf_text(b), b->len);
    buf_clear(b);
}

size_t words_evidence(unsigned set, const struct finding *f, struct arena *a,
                      struct evidence ret[static ANALYSIS_EVIDENCE_MAX])
{
    _cleanup_buf_ struct buf b = BUF_INIT(WORDS_MAX);
    size_t n = 0;

    static_assert(ARRAY_SIZE(kinds) < ANALYSIS_EVIDENCE_MAX, "there is room for all");
    if (f->facts->handled) {
        show_first_signal(f->facts, &b);
        add_evidence("first signal", &b, a, ret, &n);
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!(set & 1u << i))
            continue;
        kinds[i].show(f, &b);
        add_evidence(kinds[i].what, &b, a, ret, &n);
    }
    return n;
}
