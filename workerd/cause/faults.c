/* SPDX-License-Identifier: Apache-2.0 */
/* What the processor or the kernel refused. Rows are tried from the first on, so that what says
 * more comes before what says less; the last ones of each signal say what is certain in any case.
 * Conditions look at facts alone. */
#include "workerd/cause/rules.h"

#include <string.h>

#include "workerd/cause/pattern.h"

#define NULL_PAGE       4096u        /* of offsets from NULL that are not looked at closely */
#define NULL_MAX        (64u * 1024) /* … below mmap_min_addr(5), where nothing is mapped */
#define ERRNO_MAX       4095u        /* pointers that are error numbers */
#define BELOW_STACK_MAX 4096u        /* below the stack pointer: red zone, probes */
#define GUARD_MAX       (64u * 1024) /* a step that is larger is a frame that is too large */
#define FRAME_MAX       (64u << 20)  /* … up to this */
#define DEEP_FRAMES     100u         /* more than stacks have that end well */
#define STACK_SIZE_MIN  (16u * 1024) /* PTHREAD_STACK_MIN */
#define END_MAX         64u          /* behind memory: a run over its end touches it first here */
#define PAGE            UINT64_C(4096)

/* Codes of SIGSEGV, SIGBUS, SIGFPE, SIGTRAP (sigaction(2)). */
enum {
    SEGV_PROTECTION_KEY = 4,
    SEGV_TAG_LATER = 8,
    SEGV_TAG = 9,
    SEGV_SHADOW_STACK = 10,
    BUS_ALIGNMENT = 1,
    BUS_NO_PAGE = 2,
    BUS_HARDWARE = 4,
    BUS_HARDWARE_LATER = 5,
    FPE_DIVISION = 1,
    FPE_FIRST_FLOAT = 3,
    FPE_LAST_FLOAT = 8,
};

/* --- The memory that was touched --- */

static bool touches_data(const struct facts *f)
{
    return f->has_address && f->access != ACCESS_EXECUTE;
}

static void take_pointer(struct finding *f, int number)
{
    f->pointer = number;
    f->value = number == REGISTER_NONE ? f->facts->address : facts_register(f->facts, number);
}

/* The number that was to be the address: the register, or the address itself when it is not known
 * what it was made of. */
static void take_value(struct finding *f)
{
    take_pointer(f, facts_pointer(f->facts));
    if (f->pointer == REGISTER_NONE && f->facts->has_target)
        f->value = f->facts->target;
    else if (f->pointer == REGISTER_NONE && !f->facts->has_address)
        f->value = f->facts->operand_address;
}

/* Deep enough, or near enough to the end, for a stack that was used up. */
static bool find_stack(struct finding *f)
{
    const struct facts *x = f->facts;
    struct image *i = x->in->image;
    struct image_range *r = &f->stack;
    uint64_t from = x->sp;

    if (image_range(i, from, r)) {
        if (r->writable)
            return true;
        from = r->end; /* a guard */
    }
    return image_above(i, from, r) && r->writable && r->start - x->sp < FRAME_MAX;
}

static bool was_unwound(const struct facts *f)
{
    return f->n_frames >= 2 && (f->frames[1].inlined || f->frames[1].trust == TRUST_CFI ||
                                f->frames[1].trust == TRUST_FRAME_POINTER);
}

/* The address is below the stack, and the stack pointer has come there too. */
static bool runs_below_stack(struct finding *f)
{
    const struct facts *x = f->facts;
    uint64_t near = x->sp > BELOW_STACK_MAX ? x->sp - BELOW_STACK_MAX : 0;

    return touches_data(x) && !x->place.range.writable && find_stack(f) &&
           f->stack.end - f->stack.start >= STACK_SIZE_MIN && x->address < f->stack.start &&
           x->address >= near && x->sp < f->stack.start + PAGE && was_unwound(x);
}

static enum verdict is_stack_overflow(struct finding *f)
{
    const struct thread *t = &f->facts->in->analysis->threads[0];

    if (!runs_below_stack(f) || f->stack.start - f->facts->address > GUARD_MAX)
        return VERDICT_NO;
    return t->n_frames + t->frames_left_out >= DEEP_FRAMES ? VERDICT_CERTAIN : VERDICT_LIKELY;
}

static enum verdict is_frame_too_large(struct finding *f)
{
    return runs_below_stack(f) && f->facts->sp < f->stack.start ? VERDICT_LIKELY : VERDICT_NO;
}

/* --- NULL --- */

static bool is_error(uint64_t value)
{
    return -value >= 1 && -value <= ERRNO_MAX;
}

/* Certain when the register that the address is made of is NULL; likely when what is near NULL was
 * computed before. */
static enum verdict is_null(struct finding *f)
{
    const struct facts *x = f->facts;
    const struct memory_operand *m = x->operand;

    if (!touches_data(x) || x->code != FACT_MAPERR || x->address >= NULL_MAX)
        return VERDICT_NO;
    if (m && m->segment != SEGMENT_NONE)
        return VERDICT_NO;
    take_pointer(f, facts_pointer(x));
    if (f->pointer != REGISTER_NONE && is_error(f->value))
        return VERDICT_NO;
    f->value = x->address;
    if (m && f->pointer == REGISTER_NONE && m->index == REGISTER_NONE)
        return VERDICT_CERTAIN; /* the address is a part of the instruction */
    if (f->pointer != REGISTER_NONE && facts_register(x, f->pointer) == 0)
        return VERDICT_CERTAIN;
    f->pointer = REGISTER_NONE;
    return x->address == 0 ? VERDICT_CERTAIN : x->address < NULL_PAGE ? VERDICT_LIKELY : VERDICT_NO;
}

static enum verdict is_null_of(struct finding *f, enum access access)
{
    return f->facts->access == access && f->facts->address == 0 ? is_null(f) : VERDICT_NO;
}

static enum verdict is_null_read(struct finding *f)
{
    return is_null_of(f, ACCESS_READ);
}

static enum verdict is_null_write(struct finding *f)
{
    return is_null_of(f, ACCESS_WRITE);
}

static enum verdict is_null_access(struct finding *f)
{
    return is_null_of(f, ACCESS_UNKNOWN);
}

static enum verdict is_null_element(struct finding *f)
{
    const struct memory_operand *m = f->facts->operand;

    if (!m || m->index == REGISTER_NONE || m->base == REGISTER_NONE)
        return VERDICT_NO;
    return is_null(f) == VERDICT_CERTAIN && f->pointer == m->base ? VERDICT_CERTAIN : VERDICT_NO;
}

/* --- Pointers that are none --- */

/* What is not there, or is no address at all. */
static bool is_nowhere(const struct facts *f)
{
    if (f->has_address)
        return f->code == FACT_MAPERR;
    return f->has_target || (f->operand && !is_canonical(f->operand_address));
}

static enum verdict is_poison(struct finding *f)
{
    if (!is_nowhere(f->facts))
        return VERDICT_NO;
    take_value(f);
    f->meaning = pattern_poison(f->value);
    return f->meaning ? VERDICT_LIKELY : VERDICT_NO;
}

static enum verdict is_text(struct finding *f)
{
    if (!is_nowhere(f->facts))
        return VERDICT_NO;
    take_value(f);
    return pattern_text(f->value, f->text) ? VERDICT_LIKELY : VERDICT_NO;
}

static enum verdict is_error_number(struct finding *f)
{
    if (!touches_data(f->facts) || f->facts->code != FACT_MAPERR || !f->facts->operand)
        return VERDICT_NO;
    take_value(f);
    if (f->pointer == REGISTER_NONE || !is_error(f->value))
        return VERDICT_NO;
    f->value = -f->value;
    return VERDICT_LIKELY;
}

static bool raised_by_kernel(const struct facts *f)
{
    return f->code == FACT_SI_KERNEL && !f->has_address;
}

static enum verdict is_non_canonical(struct finding *f)
{
    const struct facts *x = f->facts;

    if (!raised_by_kernel(x) || !x->operand || is_canonical(x->operand_address))
        return VERDICT_NO;
    take_value(f);
    return VERDICT_CERTAIN;
}

/* --- Where nothing can be executed --- */

static bool goes_nowhere(const struct facts *f)
{
    return f->has_target && (f->code == FACT_MAPERR || !f->has_address);
}

static enum verdict is_null_call(struct finding *f)
{
    const struct facts *x = f->facts;
    uint64_t top;

    if (!goes_nowhere(x) || x->target >= NULL_PAGE)
        return VERDICT_NO;
    if (x->arrival == ARRIVAL_CALL)
        return VERDICT_CERTAIN;
    /* The code is not at hand, but the return address of a call is. */
    return x->arrival == ARRIVAL_UNKNOWN && facts_word(x, x->sp, &top) &&
                   facts_place(x, top).range.executable
               ? VERDICT_LIKELY
               : VERDICT_NO;
}

static enum verdict is_corrupted_return(struct finding *f)
{
    const struct facts *x = f->facts;

    if (!x->has_target || x->arrival != ARRIVAL_RETURN)
        return VERDICT_NO;
    if (!pattern_text(x->target, f->text))
        f->text[0] = '\0';
    f->meaning = f->text[0] ? ", which is text" : "";
    return VERDICT_CERTAIN;
}

static enum verdict is_executed_data(struct finding *f)
{
    const struct facts *x = f->facts;

    return x->has_target && x->has_address && x->code == FACT_ACCERR && x->place.mapped &&
                   !x->place.range.executable
               ? VERDICT_CERTAIN
               : VERDICT_NO;
}

static enum verdict is_wild_jump(struct finding *f)
{
    return goes_nowhere(f->facts) ? VERDICT_CERTAIN : VERDICT_NO;
}

/* --- Memory that is there --- */

static bool is_refused(const struct facts *f)
{
    return touches_data(f) && f->signal == FACT_SIGSEGV && f->code == FACT_ACCERR &&
           f->place.mapped;
}

static enum verdict is_read_only(struct finding *f)
{
    const struct facts *x = f->facts;

    if (!is_refused(x) || x->access == ACCESS_READ || !x->place.range.readable ||
        x->place.range.writable)
        return VERDICT_NO;
    f->meaning = x->place.range.executable ? "code"
                 : x->place.has_file       ? "constants, or what only the dynamic linker may change"
                                           : "write-protected";
    return VERDICT_CERTAIN;
}

static enum verdict is_closed(struct finding *f)
{
    const struct image_range *r = &f->facts->place.range;

    return is_refused(f->facts) && !r->readable && !r->writable ? VERDICT_CERTAIN : VERDICT_NO;
}

/* The first bytes behind memory that can be used: whoever runs over its end comes here first. */
static enum verdict is_past_end(struct finding *f)
{
    const struct facts *x = f->facts;
    uint64_t end = x->address & -PAGE;
    struct image_range r;

    if (!touches_data(x) || x->signal != FACT_SIGSEGV || x->address - end >= END_MAX || end == 0 ||
        !x->operand || (x->code != FACT_MAPERR && !is_closed(f)))
        return VERDICT_NO;
    if (!image_range(x->in->image, end - 1, &r) || r.end != end || !r.readable)
        return VERDICT_NO;
    f->stack = r;
    return VERDICT_LIKELY;
}

static enum verdict is_unmapped(struct finding *f)
{
    return touches_data(f->facts) && f->facts->code == FACT_MAPERR ? VERDICT_CERTAIN : VERDICT_NO;
}

static enum verdict has_code(const struct finding *f, int code)
{
    return f->facts->code == code ? VERDICT_CERTAIN : VERDICT_NO;
}

static enum verdict is_protection_key(struct finding *f)
{
    return has_code(f, SEGV_PROTECTION_KEY);
}

static enum verdict is_memory_tag(struct finding *f)
{
    return has_code(f, SEGV_TAG) ? VERDICT_CERTAIN : has_code(f, SEGV_TAG_LATER);
}

static enum verdict is_shadow_stack(struct finding *f)
{
    return has_code(f, SEGV_SHADOW_STACK);
}

static enum verdict is_file_end(struct finding *f)
{
    return has_code(f, BUS_NO_PAGE) && f->facts->has_address && f->facts->place.has_file
               ? VERDICT_CERTAIN
               : VERDICT_NO;
}

static enum verdict is_hardware(struct finding *f)
{
    return has_code(f, BUS_HARDWARE) ? VERDICT_CERTAIN : has_code(f, BUS_HARDWARE_LATER);
}

static enum verdict is_misaligned(struct finding *f)
{
    return has_code(f, BUS_ALIGNMENT);
}

static enum verdict is_misaligned_vector(struct finding *f)
{
    const struct facts *x = f->facts;

    if (!raised_by_kernel(x) || !x->operand || !x->operand->aligned ||
        !is_canonical(x->operand_address))
        return VERDICT_NO;
    f->value = x->operand->aligned;
    return VERDICT_CERTAIN;
}

/* --- Instructions --- */

static enum verdict is_privileged(struct finding *f)
{
    return raised_by_kernel(f->facts) && f->facts->decoded &&
                   f->facts->instruction.kind == INSTRUCTION_PRIVILEGED
               ? VERDICT_CERTAIN
               : VERDICT_NO;
}

/* The bytes that a division divides by; false when it is none, or they are not there. */
static bool find_divisor(struct finding *f)
{
    const struct facts *x = f->facts;
    const struct instruction *i = &x->instruction;
    uint64_t value = 0;

    if (x->code != FPE_DIVISION || !x->decoded ||
        (i->kind != INSTRUCTION_DIVIDE && i->kind != INSTRUCTION_DIVIDE_SIGNED))
        return false;
    if (i->source == REGISTER_NONE) {
        if (!facts_operand_value(x, &i->operands[0], i->source_size, &value))
            return false;
    } else {
        value = facts_register(x, i->source) >> (i->source_high ? 8 : 0);
    }
    f->value = i->source_size < 8 ? value & ((UINT64_C(1) << 8 * i->source_size) - 1) : value;
    return true;
}

static enum verdict is_division_by_zero(struct finding *f)
{
    return find_divisor(f) && f->value == 0 ? VERDICT_CERTAIN : VERDICT_NO;
}

/* Of all bits set: -1, when it is signed. */
static bool is_minus_one(const struct finding *f)
{
    const struct instruction *i = &f->facts->instruction;
    uint64_t all = i->source_size < 8 ? (UINT64_C(1) << 8 * i->source_size) - 1 : UINT64_MAX;

    return i->kind == INSTRUCTION_DIVIDE_SIGNED && f->value == all;
}

static enum verdict is_quotient_overflow(struct finding *f)
{
    if (!find_divisor(f) || f->value == 0)
        return VERDICT_NO;
    f->meaning = "the quotient does not fit";
    if (is_minus_one(f))
        f->meaning = "the smallest number divided by -1 does not fit";
    else if (f->facts->handled) /* it is taken from the instruction alone that it faulted */
        return VERDICT_NO;
    return VERDICT_CERTAIN;
}

static enum verdict is_division(struct finding *f)
{
    return f->facts->handled ? VERDICT_NO : has_code(f, FPE_DIVISION);
}

static enum verdict is_float(struct finding *f)
{
    static const char *const texts[] = {"a division by zero",
                                        "an overflow",
                                        "an underflow",
                                        "an inexact result",
                                        "an invalid operation (0/0, the root of a negative number)",
                                        "a subscript out of range"};
    int code = f->facts->code;

    if (code < FPE_FIRST_FLOAT || code > FPE_LAST_FLOAT)
        return VERDICT_NO;
    f->meaning = texts[code - FPE_FIRST_FLOAT];
    return VERDICT_CERTAIN;
}

static enum verdict is_trap(struct finding *f)
{
    return f->facts->code > 0 && f->facts->decoded &&
                   f->facts->instruction.kind == INSTRUCTION_UNDEFINED
               ? VERDICT_CERTAIN
               : VERDICT_NO;
}

static enum verdict is_new_instruction(struct finding *f)
{
    const struct facts *x = f->facts;

    if (x->code <= 0 || !x->decoded || (!x->instruction.wide && !x->instruction.vex))
        return VERDICT_NO;
    f->meaning = x->instruction.wide ? "AVX-512" : "AVX";
    return VERDICT_LIKELY;
}

static enum verdict is_illegal(struct finding *f)
{
    return f->facts->code > 0 ? VERDICT_CERTAIN : VERDICT_NO;
}

/* int3 and int1 have been executed when the signal comes. */
static enum verdict is_breakpoint(struct finding *f)
{
    const struct facts *x = f->facts;
    uint8_t before;

    return x->amd64 && x->code > 0 && facts_read(x, x->pc - 1, &before, 1) == 1 &&
                   (before == 0xcc || before == 0xf1)
               ? VERDICT_CERTAIN
               : VERDICT_NO;
}

/* clang-format off */
#define DATA (EVIDENCE_INSTRUCTION | EVIDENCE_REGISTERS | EVIDENCE_ADDRESS)
#define JUMP (EVIDENCE_TARGET | EVIDENCE_CALLER)

const struct rule fault_rules[] = {
    {"stack-overflow", FACT_SIGSEGV, is_stack_overflow,
     "The stack is used up: {Access} at {address}, below its end", DATA | EVIDENCE_STACK},
    {"stack-frame-too-large", FACT_SIGSEGV, is_frame_too_large,
     "A stack frame is larger than what is left of the stack (a large array, alloca()): {Access} at {address}, below its end",
     DATA | EVIDENCE_STACK},
    {"null-call", FACT_SIGSEGV, is_null_call, "Call through a NULL function pointer{from}", JUMP},
    {"return-corrupted", FACT_SIGSEGV, is_corrupted_return,
     "Return to {target}{meaning}: the return address on the stack was overwritten", JUMP},
    {"null-element", FACT_SIGSEGV, is_null_element,
     "{Access} at {address}: an element of an array that is NULL{pointer}", DATA},
    {"null-read", FACT_SIGSEGV, is_null_read, "{Access} through a NULL pointer{pointer}", DATA},
    {"null-write", FACT_SIGSEGV, is_null_write, "{Access} through a NULL pointer{pointer}", DATA},
    {"null-access", FACT_SIGSEGV, is_null_access, "{Access} through a NULL pointer{pointer}", DATA},
    {"null-member", FACT_SIGSEGV, is_null,
     "{Access} at NULL + {value}: a member at that offset, or an element, of what a NULL pointer{pointer} points at", DATA},
    {"poison", 0, is_poison, "The pointer{pointer} is {value}: {meaning}", DATA | EVIDENCE_TARGET},
    {"text-as-pointer", 0, is_text,
     "The pointer{pointer} is text, \"{text}\": something was written over it", DATA | EVIDENCE_TARGET},
    {"error-as-pointer", FACT_SIGSEGV, is_error_number,
     "The pointer{pointer} is -{number}: an error that was taken for an address (MAP_FAILED is -1)", DATA},
    {"data-executed", FACT_SIGSEGV, is_executed_data,
     "Jump to {target} in {place}, which is not executable{from}", JUMP},
    {"jump-unmapped", 0, is_wild_jump, "Jump to {target}, where nothing is mapped{from}", JUMP | EVIDENCE_REGISTERS},
    {"read-only", FACT_SIGSEGV, is_read_only,
     "{Access} at {address} in {place}, which is read-only: {meaning}", DATA},
    {"protection-key", FACT_SIGSEGV, is_protection_key,
     "{Access} at {address}, which a protection key forbids (pkey_mprotect())", DATA},
    {"memory-tag", FACT_SIGSEGV, is_memory_tag,
     "{Access} through a pointer whose tag is not that of the memory: freed, or beyond its end", EVIDENCE_ADDRESS},
    {"shadow-stack", FACT_SIGSEGV, is_shadow_stack,
     "Return to an address that is not the one on the shadow stack: the return address was overwritten", EVIDENCE_CALLER},
    {"past-end", FACT_SIGSEGV, is_past_end, "{Access} at {address}, right behind the end of mapped memory: it ran over an end", DATA},
    {"no-access", FACT_SIGSEGV, is_closed,
     "{Access} at {address} in memory that may be neither read nor written: a guard page, or kept for later", DATA},
    {"non-canonical", 0, is_non_canonical,
     "{Access} through a pointer{pointer} that is no address: {value}", DATA},
    {"misaligned-vector", 0, is_misaligned_vector,
     "{Access} at {address}, which is not a multiple of {number}, as this instruction needs it", DATA},
    {"unmapped", FACT_SIGSEGV, is_unmapped, "{Access} at {address}, where nothing is mapped", DATA},
    {"privileged", FACT_SIGSEGV, is_privileged, "The program executed an instruction that is the kernel's alone", EVIDENCE_BYTES},
    {"file-end", FACT_SIGBUS, is_file_end,
     "{Access} at {address} in {place}, where the mapped file has nothing: it was cut after it was mapped, or its device failed or is full",
     DATA},
    {"hardware", FACT_SIGBUS, is_hardware, "The memory of this machine is defective: {address} could not be read", EVIDENCE_ADDRESS},
    {"misaligned", FACT_SIGBUS, is_misaligned, "Access to memory at an address that is not aligned as it must be", EVIDENCE_BYTES},
    {"division-by-zero", FACT_SIGFPE, is_division_by_zero, "Integer division by zero", EVIDENCE_DIVISOR},
    {"division-overflow", FACT_SIGFPE, is_quotient_overflow, "Integer division whose result is too large: {meaning}", EVIDENCE_DIVISOR},
    {"division", FACT_SIGFPE, is_division, "Integer division by zero, or one whose result is too large", EVIDENCE_BYTES},
    {"floating-point", FACT_SIGFPE, is_float,
     "Floating point: {meaning}, for which the program had asked to be stopped (feenableexcept())", EVIDENCE_BYTES},
    {"trap", FACT_SIGILL, is_trap,
     "The program stopped itself (ud2): __builtin_trap(), a place that cannot be reached, a check of the compiler's", EVIDENCE_BYTES},
    {"new-instruction", FACT_SIGILL, is_new_instruction,
     "An instruction of {meaning}, which this processor does not have or the system does not allow", EVIDENCE_BYTES},
    {"illegal-instruction", FACT_SIGILL, is_illegal, "The processor refused an instruction as illegal", EVIDENCE_BYTES},
    {"breakpoint", FACT_SIGTRAP, is_breakpoint,
     "The program ran into a breakpoint (int3) without a debugger: a check that failed stops some programs so", EVIDENCE_CALLER},
    {.name = NULL},
};
/* clang-format on */
