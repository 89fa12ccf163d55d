/* SPDX-License-Identifier: Apache-2.0 */
/* siginfo is in the kernel's frame only when the handler asked for it, so it is not read: what the
 * processor reported is there in any case (trap number, error code, address). It may be that of an
 * earlier fault, when the handler's signal was none; then it does not fit the interrupted
 * instruction, and nothing is said. */
#include "workerd/cause/handled.h"

#include <string.h>

#include "common/base/cleanup.h"

#define STACK_MAX (32u * 1024) /* of a handler, that is searched for the kernel's frame */

/* Of struct rt_sigframe: the return address, then struct ucontext. */
enum {
    FRAME_REGISTERS = 8 + 40, /* r8 … r15, then as below */
    FRAME_ERROR = FRAME_REGISTERS + 19 * 8,
    FRAME_TRAP = FRAME_REGISTERS + 20 * 8,
    FRAME_ADDRESS = FRAME_REGISTERS + 22 * 8,
    FRAME_SIZE = FRAME_ADDRESS + 8,
};

/* struct sigcontext, as the layout's indexes. */
static const uint8_t order[] = {8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 1, 3, 0, 2, 7, 16};

#define ORDER_SP 15
#define ORDER_PC 16

/* arch/x86/include/asm/trapnr.h; bits of a page fault's error code: asm/trap_pf.h. */
enum { TRAP_DIVISION = 0, TRAP_OPCODE = 6, TRAP_STACK = 12, TRAP_PROTECTION = 13, TRAP_PAGE = 14 };
enum { ERROR_WRITE = 2, ERROR_FETCH = 16 };

static uint64_t word(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* --- Where the frame is --- */

/* Whether the kernel's frame for the handler is at this address. */
static bool read_frame(const struct facts *f, uint64_t at, uint64_t pc,
                       uint8_t ret[static FRAME_SIZE])
{
    return image_read(f->in->image, at, ret, FRAME_SIZE) &&
           word(ret + FRAME_REGISTERS + 8 * ORDER_PC) == pc;
}

static bool find_frame(const struct facts *f, uint64_t trampoline, uint64_t pc,
                       uint8_t ret[static FRAME_SIZE])
{
    uint64_t from = f->sp & -UINT64_C(8), top;

    for (uint64_t at = from; at - from < STACK_MAX && facts_word(f, at, &top); at += 8)
        if (top == trampoline && read_frame(f, at, pc, ret))
            return true;
    return false;
}

/* The trampoline's frame: behind it comes what was interrupted. n_frames: there is none. */
static size_t find_trampoline(const struct facts *f)
{
    for (size_t i = 0; i + 1 < f->n_frames; i++)
        if (f->frames[i].signal)
            return i;
    return f->n_frames;
}

/* --- What the processor reported --- */

/* Which of its signals the kernel makes of a page fault, it decides by what is mapped there. */
static void take_page_fault(uint64_t error, uint64_t address, struct facts *f)
{
    const struct place p = facts_place(f, address);
    bool write = error & ERROR_WRITE, fetch = error & ERROR_FETCH;
    bool allowed = fetch ? p.range.executable : write ? p.range.writable : p.range.readable;

    f->has_address = true;
    f->address = address;
    f->access = fetch ? ACCESS_EXECUTE : write ? ACCESS_WRITE : ACCESS_READ;
    f->signal = p.mapped && allowed ? FACT_SIGBUS : FACT_SIGSEGV;
    f->code = !p.mapped ? FACT_MAPERR : FACT_ACCERR; /* and BUS_ADRERR, which is 2 as well */
}

static bool take_trap(const uint8_t *frame, struct facts *f)
{
    const int integer_division = 1, illegal_operand = 2;

    switch (word(frame + FRAME_TRAP)) {
    case TRAP_DIVISION:
        f->signal = FACT_SIGFPE;
        f->code = integer_division;
        return true;
    case TRAP_OPCODE:
        f->signal = FACT_SIGILL;
        f->code = illegal_operand;
        return true;
    case TRAP_STACK:
    case TRAP_PROTECTION:
        f->signal = word(frame + FRAME_TRAP) == TRAP_STACK ? FACT_SIGBUS : FACT_SIGSEGV;
        f->code = FACT_SI_KERNEL;
        return true;
    case TRAP_PAGE:
        take_page_fault(word(frame + FRAME_ERROR), word(frame + FRAME_ADDRESS), f);
        return true;
    default:
        return false;
    }
}

static void take_registers(const uint8_t *frame, struct facts *f)
{
    for (size_t i = 0; i < ARRAY_SIZE(order); i++)
        f->registers[order[i]] = word(frame + FRAME_REGISTERS + 8 * i);
    f->pc = word(frame + FRAME_REGISTERS + 8 * ORDER_PC);
    f->sp = word(frame + FRAME_REGISTERS + 8 * ORDER_SP);
}

/* --- Whether it is so --- */

static bool is_division(const struct facts *f)
{
    return f->decoded && (f->instruction.kind == INSTRUCTION_DIVIDE ||
                          f->instruction.kind == INSTRUCTION_DIVIDE_SIGNED);
}

bool handled_fits(const struct facts *f)
{
    switch (f->signal) {
    case FACT_SIGFPE:
        return is_division(f);
    case FACT_SIGILL:
        return f->decoded && f->instruction.kind == INSTRUCTION_UNDEFINED;
    default:
        return !f->has_address || f->operand || (f->has_target && f->target == f->address);
    }
}

bool handled_gather(const struct facts *f, struct facts *ret)
{
    size_t trampoline = f->amd64 ? find_trampoline(f) : f->n_frames;
    uint8_t frame[FRAME_SIZE];

    if (trampoline == f->n_frames ||
        !find_frame(f, f->frames[trampoline].pc, f->frames[trampoline + 1].pc, frame))
        return false;
    *ret = *f;
    ret->frames = f->frames + trampoline + 1;
    ret->n_frames = f->n_frames - trampoline - 1;
    ret->handled = true;
    take_registers(frame, ret);
    return take_trap(frame, ret);
}

/* --- A signal that was raised again --- */

static const struct memory_operand *operand_of(const struct facts *f, uint64_t *ret_address)
{
    for (size_t i = 0; i < f->instruction.n_operands; i++) {
        const struct memory_operand *m = &f->instruction.operands[i];
        struct place p;

        *ret_address = facts_operand_address(f, m);
        p = facts_place(f, *ret_address);
        if (!p.mapped || (m->reads && !p.range.readable) || (m->writes && !p.range.writable))
            return m;
    }
    return NULL;
}

static bool take_refused(struct facts *f)
{
    const struct memory_operand *m = operand_of(f, &f->address);

    if (!m)
        return false;
    f->has_address = is_canonical(f->address);
    f->code = !f->has_address                     ? FACT_SI_KERNEL
              : facts_place(f, f->address).mapped ? FACT_ACCERR
                                                  : FACT_MAPERR;
    return true;
}

/* The system call that sent it would be just before, had no handler come in between. */
static bool is_behind_call(const struct facts *f)
{
    const char *function = facts_function(f, 0);
    uint8_t before[2];

    if (function && facts_raises(function))
        return true;
    return facts_read(f, f->pc - sizeof before, before, sizeof before) == sizeof before &&
           before[0] == 0x0f && before[1] == 0x05;
}

static bool is_raised_again(int signal)
{
    return signal == FACT_SIGSEGV || signal == FACT_SIGFPE || signal == FACT_SIGILL;
}

bool handled_again(const struct facts *f, struct facts *ret)
{
    const int division = 1, illegal_operand = 2;

    if (!f->amd64 || !is_raised_again(f->signal) || is_behind_call(f))
        return false;
    *ret = *f;
    ret->handled = true;
    facts_decode(ret);
    switch (f->signal) {
    case FACT_SIGFPE:
        ret->code = division;
        return is_division(ret);
    case FACT_SIGILL:
        ret->code = illegal_operand;
        return ret->decoded && ret->instruction.kind == INSTRUCTION_UNDEFINED;
    case FACT_SIGSEGV:
        return ret->decoded && take_refused(ret);
    default:
        return false;
    }
}
