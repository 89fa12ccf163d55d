/* SPDX-License-Identifier: Apache-2.0 */
/* What Linux puts into an ELF core (core(5), fs/binfmt_elf.c): threads with their registers, the
 * signal, the files that were mapped, and the memory itself, found by address. A core may end
 * anywhere: what is beyond its end is missing, never zero, and everything before it is still given.
 * The architecture is a row of a table, so that a second one is data. Pure over struct bytes; all
 * that is kept lives in the arena, and the bytes must outlive the corefile. */
#ifndef CORRAL_CORE_COREFILE_H
#define CORRAL_CORE_COREFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/core/bytes.h"
#include "common/core/elf.h"
#include "common/core/layout.h"

#define CORE_THREADS_MAX  32768u /* about the kernel's own limit on a small host */
#define CORE_MAPPINGS_MAX 131072u
/* That one read goes through: they end where pages do, unless a core lies. */
#define CORE_READ_SEGMENTS_MAX 16u

enum corefile_outcome {
    CORE_NOT_ELF = 1,
    CORE_NOT_A_CORE, /* an ELF file, but an executable or a library */
    CORE_MALFORMED,  /* no program headers within the bytes, or counts over the limits */
    CORE_UNKNOWN_MACHINE,
    CORE_TOO_LARGE, /* its tables do not fit into the arena */
};

struct core_thread {
    int64_t tid;
    int signal;               /* the one it was taking; 0: none */
    const uint8_t *registers; /* unaligned: use core_thread_register */
};

/* A run of memory. Its bytes lie at offset and are there up to `present`, of `filesz` promised, of
 * `memsz` that were mapped. */
struct core_segment {
    uint64_t start, memsz, offset, filesz, present;
    uint32_t flags; /* PF_R, PF_W, PF_X */
};

/* A file as it was mapped (NT_FILE). */
struct core_mapping {
    uint64_t start, end;
    uint64_t file_offset; /* in bytes */
    const char *path;
};

struct corefile {
    struct bytes bytes;
    const struct core_layout *layout;

    struct core_thread *threads; /* the kernel writes the crashing one first */
    size_t n_threads, threads_left_out;
    const uint8_t *vectors;        /* of the first thread, as the layout has them; NULL: unknown */
    struct core_segment *segments; /* by start */
    size_t n_segments;
    struct core_mapping *mappings; /* by start */
    size_t n_mappings;

    bool has_siginfo;
    int signal, code;
    bool has_address; /* the signal came with an address that faulted */
    uint64_t address;
    bool has_sender; /* the signal was sent, by this process and user */
    int64_t sender_pid, sender_uid;
    bool has_call; /* a filter of system calls raised it (SIGSYS), at the call of that number, */
    int call;
    uint32_t call_machine; /* … as AUDIT_ARCH_… counts */
    int64_t pid;           /* 0: unknown */
    const char *name;      /* comm of the process; NULL: unknown */
    const char *arguments; /* the first 79 bytes of the command line; NULL: unknown */
    /* 0: unknown. AT_RANDOM and AT_EXECFN (the path as execve(2) got it) lie on the main thread's
     * stack. */
    uint64_t auxv_vdso, auxv_entry, auxv_program_headers, auxv_n_program_headers, auxv_random,
        auxv_file_name;

    uint64_t expected_size; /* what the program headers promise */
    bool notes_cut;         /* the end came before that of the notes */
    bool truncated;         /* the end came before what was promised */
};

/* Any of corefile_outcome, or -errno of reading. */
int corefile_open(struct bytes bytes, struct arena *a, struct corefile *ret);

uint64_t core_thread_register(const struct corefile *c, const struct core_thread *t, size_t index);

/* The segment that holds the address, whether or not its bytes are there; NULL. */
const struct core_segment *corefile_segment(const struct corefile *c, uint64_t address);
/* The file mapped at the address; NULL. */
const struct core_mapping *corefile_mapping(const struct corefile *c, uint64_t address);
/* Copies memory from address on; returns how many of the n bytes the core has in one piece, as far
 * as CORE_READ_SEGMENTS_MAX segments hold it, or -errno. */
ssize_t corefile_read(const struct corefile *c, uint64_t address, void *p, size_t n);

#endif
