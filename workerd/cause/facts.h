/* SPDX-License-Identifier: Apache-2.0 */
/* What rules look at: the signal, where it stood, which memory it touched and through which
 * registers. Gathered once, for the crash itself or for the fault whose handler then gave up
 * (handled.h). What the dump does not tell is absent, never assumed. */
#ifndef CORRAL_WORKERD_CAUSE_FACTS_H
#define CORRAL_WORKERD_CAUSE_FACTS_H

#include "workerd/cause/cause.h"
#include "workerd/cause/instruction.h"

#define FACTS_REGISTERS_MAX 64u /* of a layout */

/* Signals and codes as on every Linux that is supported here; the host's may be others. */
enum fact_signal {
    FACT_SIGQUIT = 3,
    FACT_SIGILL = 4,
    FACT_SIGTRAP = 5,
    FACT_SIGABRT = 6,
    FACT_SIGBUS = 7,
    FACT_SIGFPE = 8,
    FACT_SIGSEGV = 11,
    FACT_SIGXCPU = 24,
    FACT_SIGXFSZ = 25,
    FACT_SIGSYS = 31,
};
enum fact_code {
    FACT_SI_USER = 0,
    FACT_SI_QUEUE = -1,
    FACT_SI_TIMER = -2,
    FACT_SI_TKILL = -6,
    FACT_SI_KERNEL = 0x80,
    FACT_MAPERR = 1, /* of SIGSEGV */
    FACT_ACCERR = 2,
};

/* What is at an address. */
struct place {
    bool mapped; /* the members below count */
    struct image_range range;
    bool has_file;
    struct image_file file;
    bool vdso;
    int64_t stack_of; /* the thread whose stack pointer is in this memory; 0: none's */
};

enum access { ACCESS_UNKNOWN, ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

/* How it came to where nothing can be executed. */
enum arrival {
    ARRIVAL_UNKNOWN,
    ARRIVAL_CALL,   /* a call stands before the return address on the stack */
    ARRIVAL_RETURN, /* the address was just taken from the stack */
};

struct facts {
    const struct cause_input *in;
    bool amd64;
    int signal, code;
    bool has_address;
    uint64_t address;
    uint64_t registers[FACTS_REGISTERS_MAX]; /* by the layout's indexes */
    uint64_t pc, sp;
    const struct frame *frames; /* innermost first */
    size_t n_frames;
    bool handled; /* by a handler, which gave up: the crash itself came after it */

    uint8_t bytes[INSTRUCTION_BYTES_MAX]; /* at pc */
    size_t n_bytes;
    bool decoded;
    struct instruction instruction;

    enum access access;
    /* Of the instruction: what the fault is of. NULL: unknown, or they do not agree. */
    const struct memory_operand *operand;
    uint64_t operand_address;
    struct place place; /* of address */

    /* Of a call, jump or return to where nothing can be executed. */
    bool has_target;
    uint64_t target;
    enum arrival arrival;
};

/* False when there is no signal or no thread. */
bool facts_gather(const struct cause_input *in, struct facts *ret);
/* As if the thread had stopped where a handler interrupted it: f has signal, code, address,
 * registers and frames. */
void facts_complete(struct facts *f);

/* Memory of the dump, or else of the mapped file; how many of the n bytes. */
size_t facts_read(const struct facts *f, uint64_t address, void *p, size_t n);
bool facts_word(const struct facts *f, uint64_t address, uint64_t *ret);
/* Of x86-64, as instructions number them. */
uint64_t facts_register(const struct facts *f, int number);
/* Reads and decodes the instruction at pc. */
void facts_decode(struct facts *f);
uint64_t facts_operand_address(const struct facts *f, const struct memory_operand *m);
/* A number of at most 8 bytes, from where the operand says that it is. */
bool facts_operand_value(const struct facts *f, const struct memory_operand *m, size_t size,
                         uint64_t *ret);
struct place facts_place(const struct facts *f, uint64_t address);
/* The register that is the pointer of the operand; REGISTER_NONE. */
int facts_pointer(const struct facts *f);
/* The function of a frame as people call it, without its arguments; NULL: unknown. */
const char *facts_function(const struct facts *f, size_t frame);

/* Whether raise(3) and kill(2) go through a function of that name. */
bool facts_raises(const char *function);

static inline bool is_canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

#endif
