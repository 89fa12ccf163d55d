/* SPDX-License-Identifier: Apache-2.0 */
/* How an architecture lays out the notes of its cores: struct user_regs_struct, elf_prstatus and
 * elf_prpsinfo of the kernel's headers as offsets. A second architecture is another row. */
#ifndef CORRAL_CORE_LAYOUT_H
#define CORRAL_CORE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One register in the block of general registers of NT_PRSTATUS. */
struct core_register {
    const char *name; /* gdb's */
    uint16_t offset;
    int16_t dwarf; /* its number in call frame information; -1: none */
};

/* How one architecture lays out its notes. */
struct core_layout {
    uint16_t machine;
    bool is64;
    const char *name;
    uint16_t prstatus_size, prstatus_signal, prstatus_tid, prstatus_registers;
    uint16_t prpsinfo_size, prpsinfo_pid, prpsinfo_name, prpsinfo_arguments;
    uint16_t siginfo_address;
    const struct core_register *registers;
    size_t n_registers;
    size_t pc, sp;             /* indexes into registers */
    unsigned unwind_registers; /* how many of DWARF's numbers, from 0 on, take part in unwinding */
};

/* By e_machine and class; NULL: not supported. */
const struct core_layout *core_layout_find(uint16_t machine, bool is64);

/* Numbers in notes are not aligned. */
static inline int32_t layout_int(const uint8_t *p)
{
    int32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* A word of the crashed program: long, size_t, a pointer. */
static inline uint64_t layout_word(const struct core_layout *l, const uint8_t *p)
{
    uint64_t v = 0;

    memcpy(&v, p, l->is64 ? 8 : 4);
    return v;
}

#endif
