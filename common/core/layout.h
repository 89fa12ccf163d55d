/* SPDX-License-Identifier: Apache-2.0 */
/* How an architecture lays out the notes of its cores: struct user_regs_struct, elf_prstatus and
 * elf_prpsinfo of the kernel's headers as offsets, and what walking a stack of it must know (the
 * DWARF register numbers of the System V and AArch64 ABIs). Another architecture is another row. */
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

/* The registers for floating-point numbers and vectors in NT_FPREGSET, of which there are `count`
 * of `size` bytes one behind the other, and the DWARF number of the first. count 0: not known. */
struct core_vectors {
    uint16_t offset, size, count, dwarf;
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
    struct core_vectors vectors;
    size_t pc, sp, fp;         /* indexes into registers; fp: the frame pointer, when used as one */
    unsigned unwind_registers; /* how many of DWARF's numbers, from 0 on, take part in unwinding */
    /* The register, as DWARF counts, that holds the return address when a function begins; -1: a
     * call pushes it. */
    int16_t link;
    /* The bits that are the address in a return address that carries a pointer authentication
     * code; all of them where there is no such thing. */
    uint64_t address_mask;
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

/* Bytes of a word of the crashed program: long, size_t, a pointer. */
static inline size_t layout_word_size(const struct core_layout *l)
{
    return l->is64 ? 8 : 4;
}

/* Such a word. */
static inline uint64_t layout_word(const struct core_layout *l, const uint8_t *p)
{
    uint64_t v = 0;

    memcpy(&v, p, layout_word_size(l));
    return v;
}

#endif
