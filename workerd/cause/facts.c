/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/cause/facts.h"

#include <string.h>

#include "common/base/cleanup.h"

#define STACKS_MAX       64u /* threads whose stacks an address is looked for in */
#define OPERAND_SIZE_MAX 64u /* of an operand whose size is unknown */
#define CALL_BYTES_MAX   7u
#define PAGE             UINT64_C(4096)

/* --- Memory and registers --- */

size_t facts_read(const struct facts *f, uint64_t address, void *p, size_t n)
{
    const struct cause_input *in = f->in;

    if (n == 0 || address > UINT64_MAX - n)
        return 0;
    if (image_read(in->image, address, p, n))
        return n;
    return in->read_file ? in->read_file(in->arg, address, p, n) : 0;
}

bool facts_word(const struct facts *f, uint64_t address, uint64_t *ret)
{
    return image_word(f->in->image, address, ret);
}

uint64_t facts_register(const struct facts *f, int number)
{
    /* rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi in the layout's order */
    static const uint8_t first[] = {0, 2, 3, 1, 7, 6, 4, 5};

    if (number == REGISTER_RIP)
        return f->pc + f->instruction.length;
    return f->registers[number < 8 ? first[number] : number];
}

static uint64_t register_named(const struct facts *f, const char *name)
{
    const struct core_layout *l = f->in->image->layout;

    for (size_t i = 0; i < l->n_registers; i++)
        if (strcmp(l->registers[i].name, name) == 0)
            return f->registers[i];
    return 0;
}

uint64_t facts_operand_address(const struct facts *f, const struct memory_operand *m)
{
    uint64_t sum = (uint64_t)m->displacement;

    if (m->base != REGISTER_NONE)
        sum += facts_register(f, m->base);
    if (m->index != REGISTER_NONE)
        sum += facts_register(f, m->index) * m->scale;
    if (m->narrow)
        sum &= UINT32_MAX;
    if (m->segment != SEGMENT_NONE)
        sum += register_named(f, m->segment == SEGMENT_FS ? "fs_base" : "gs_base");
    return sum;
}

bool facts_operand_value(const struct facts *f, const struct memory_operand *m, size_t size,
                         uint64_t *ret)
{
    uint64_t value = 0;

    if (size > sizeof value || !image_read(f->in->image, facts_operand_address(f, m), &value, size))
        return false;
    *ret = value;
    return true;
}

int facts_pointer(const struct facts *f)
{
    const struct memory_operand *m = f->operand;

    if (!m || m->segment != SEGMENT_NONE || m->base == REGISTER_RSP || m->base == REGISTER_RIP)
        return REGISTER_NONE;
    if (m->base == REGISTER_NONE && m->scale == 1)
        return m->index;
    return m->base;
}

/* --- Places --- */

static int64_t stack_at(const struct image *i, const struct image_range *r)
{
    size_t sp = i->layout->sp;

    if (!r->writable)
        return 0;
    for (size_t t = 0; t < i->n_threads && t < STACKS_MAX; t++)
        if (i->threads[t].registers[sp] - r->start < r->end - r->start)
            return i->threads[t].tid;
    return 0;
}

struct place facts_place(const struct facts *f, uint64_t address)
{
    struct image *i = f->in->image;
    struct place p = {.mapped = false};

    if (!image_range(i, address, &p.range))
        return p;
    const struct image_module *m = image_module_at(i, address);

    p.mapped = true;
    p.has_file = image_file_at(i, address, &p.file);
    p.vdso = m && m->vdso;
    p.stack_of = p.has_file || p.vdso ? 0 : stack_at(i, &p.range);
    return p;
}

/* --- The instruction --- */

static bool is_fault(int signal)
{
    return signal == FACT_SIGSEGV || signal == FACT_SIGBUS || signal == FACT_SIGFPE ||
           signal == FACT_SIGILL;
}

/* Holes of a file read as zeros, and are no instruction. */
static bool says_nothing(const struct facts *f)
{
    for (size_t i = 0; i < f->n_bytes; i++)
        if (f->bytes[i] != 0)
            return false;
    return true;
}

void facts_decode(struct facts *f)
{
    size_t to_page = (size_t)(PAGE - f->pc % PAGE);
    size_t n = sizeof f->bytes;

    f->n_bytes = facts_read(f, f->pc, f->bytes, n);
    if (f->n_bytes == 0 && to_page < n)
        f->n_bytes = facts_read(f, f->pc, f->bytes, to_page);
    if (says_nothing(f))
        f->n_bytes = 0;
    f->decoded =
        f->amd64 && f->n_bytes > 0 && instruction_decode(f->bytes, f->n_bytes, &f->instruction);
}

/* Whether the fault can be that of this operand. */
static bool explains(const struct facts *f, const struct memory_operand *m, uint64_t address)
{
    uint64_t size = m->size ? m->size : OPERAND_SIZE_MAX;

    if (f->has_address)
        return f->address - address < size;
    return !is_canonical(address) || (m->aligned && address % m->aligned != 0);
}

static void find_operand(struct facts *f)
{
    const struct instruction *i = &f->instruction;

    for (size_t n = 0; n < i->n_operands && !f->operand; n++) {
        uint64_t address = facts_operand_address(f, &i->operands[n]);

        if (!explains(f, &i->operands[n], address))
            continue;
        f->operand = &i->operands[n];
        f->operand_address = address;
        if (f->access == ACCESS_UNKNOWN)
            f->access = f->operand->writes ? ACCESS_WRITE : ACCESS_READ;
    }
}

/* --- Where nothing can be executed --- */

static bool is_call(const uint8_t *end, size_t n)
{
    struct instruction i;

    return instruction_decode(end - n, n, &i) && i.length == n &&
           (n == 5 ? i.kind == INSTRUCTION_CALL || i.kind == INSTRUCTION_CALL_INDIRECT
                   : i.kind == INSTRUCTION_CALL_INDIRECT);
}

static bool follows_call(const struct facts *f, uint64_t address)
{
    uint8_t bytes[CALL_BYTES_MAX];
    struct image_range r;

    if (address < sizeof bytes || !image_range(f->in->image, address, &r) || !r.executable ||
        facts_read(f, address - sizeof bytes, bytes, sizeof bytes) != sizeof bytes)
        return false;
    for (size_t n = 2; n <= sizeof bytes; n++)
        if (is_call(bytes + sizeof bytes, n))
            return true;
    return false;
}

/* A call leaves its return address at the top of the stack, a return what it took just below. */
static enum arrival find_arrival(const struct facts *f)
{
    uint64_t top, below;

    if (!f->amd64)
        return ARRIVAL_UNKNOWN;
    if (facts_word(f, f->sp, &top) && follows_call(f, top))
        return ARRIVAL_CALL;
    if (f->sp >= 8 && facts_word(f, f->sp - 8, &below) && below == f->pc && f->pc != 0)
        return ARRIVAL_RETURN;
    return ARRIVAL_UNKNOWN;
}

/* It is there already. */
static bool is_at_target(const struct facts *f)
{
    return f->has_address && f->signal == FACT_SIGSEGV &&
           (f->address == f->pc || (f->address > f->pc && f->address % PAGE == 0 &&
                                    f->address - f->pc < INSTRUCTION_BYTES_MAX));
}

/* It did not get there: a target that is no address at all faults where it is used. */
static void find_target(struct facts *f)
{
    const struct instruction *i = &f->instruction;
    bool indirect = i->kind == INSTRUCTION_CALL_INDIRECT || i->kind == INSTRUCTION_JUMP_INDIRECT;
    bool returns = i->kind == INSTRUCTION_RETURN;

    if (f->has_address || !f->decoded || (!indirect && !returns))
        return;
    if (indirect && i->source != REGISTER_NONE)
        f->target = facts_register(f, i->source);
    else if (i->n_operands == 0 ||
             !facts_word(f, facts_operand_address(f, &i->operands[0]), &f->target))
        return;
    f->has_target = !is_canonical(f->target);
    f->arrival = returns ? ARRIVAL_RETURN : ARRIVAL_CALL;
}

/* --- All of it --- */

void facts_complete(struct facts *f)
{
    if (f->has_address)
        f->place = facts_place(f, f->address);
    if (is_at_target(f)) {
        f->access = ACCESS_EXECUTE;
        f->has_target = true;
        f->target = f->pc;
        f->arrival = find_arrival(f);
        return;
    }
    if (!is_fault(f->signal) || f->code <= 0)
        return;
    facts_decode(f);
    if (f->decoded && (f->signal == FACT_SIGSEGV || f->signal == FACT_SIGBUS)) {
        find_operand(f);
        find_target(f);
    }
}

bool facts_gather(const struct cause_input *in, struct facts *ret)
{
    const struct image *i = in->image;
    const struct core_layout *l = i->layout;

    if (i->n_threads == 0 || in->analysis->n_threads == 0 || i->signal == 0 ||
        l->n_registers > FACTS_REGISTERS_MAX)
        return false;
    *ret = (struct facts){
        .in = in,
        .amd64 = strcmp(l->name, "x86_64") == 0,
        .signal = i->signal,
        .code = i->code,
        .has_address = i->has_address,
        .address = i->address,
        .pc = i->threads[0].registers[l->pc],
        .sp = i->threads[0].registers[l->sp],
        .frames = in->analysis->threads[0].frames,
        .n_frames = in->analysis->threads[0].n_frames,
    };
    memcpy(ret->registers, i->threads[0].registers, l->n_registers * sizeof *ret->registers);
    return true;
}

const char *facts_function(const struct facts *f, size_t frame)
{
    const char *name = frame < f->n_frames ? f->frames[frame].function : NULL;

    return name && *name ? name : NULL;
}

bool facts_raises(const char *function)
{
    static const char *const list[] = {"raise",
                                       "__GI_raise",
                                       "gsignal",
                                       "kill",
                                       "__GI_kill",
                                       "pthread_kill",
                                       "__pthread_kill",
                                       "___pthread_kill",
                                       "__GI___pthread_kill",
                                       "__pthread_kill_implementation",
                                       "__pthread_kill_internal",
                                       "tgkill",
                                       "__tgkill",
                                       "syscall",
                                       "runtime.raise"};
    size_t n = strcspn(function, "@(");

    for (size_t i = 0; i < ARRAY_SIZE(list); i++)
        if (strncmp(function, list[i], n) == 0 && list[i][n] == '\0')
            return true;
    return false;
}
