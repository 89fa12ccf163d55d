/* SPDX-License-Identifier: Apache-2.0 */
/* The slim core: of a dying process, what a debugger needs to print the same stacks as from the
 * full core, as an ELF core that gdb and elfutils read. It is taken while the process is held
 * (slim_take: copies memory, nothing else) and written when it has been let go (slim_write). What
 * was left out has p_filesz = 0: it is missing, never zero.
 *
 * Read is only what the kernel itself would dump (p_filesz > 0 in its own headers): memory under
 * MADV_DONTDUMP stays private. But for some pages of mapped files that cannot be written to: the
 * code where it crashed, so that the cause can be told where nobody has the file (evidence.h).
 * Everything that is followed on the way (stack pointers, r_debug, link_map) was written by the
 * process and is hostile: loops end, sizes are capped, reads that fail leave a gap. */
#ifndef CORRAL_CLIENT_SLIM_SLIM_H
#define CORRAL_CLIENT_SLIM_SLIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/core/corefile.h"

/* Memory of the process: copies up to n bytes from address on; how many, 0 or -errno when there are
 * none. */
struct slim_source {
    ssize_t (*read)(void *arg, uint64_t address, void *p, size_t n);
    void *arg;
};

struct slim_limits {
    uint64_t crashing_stack; /* bytes of the crashing thread's stack */
    uint64_t other_stack;    /* … of each other thread's */
    uint64_t pointers; /* … around what registers and the top of the stack point at, all threads
                          together */
    uint64_t total;    /* … of everything */
};

/* A run of addresses. */
struct slim_range {
    uint64_t start, n;
};

struct slim;

/* Choosing and blanking memory is written for the registers, stacks and core layout of x86_64: of
 * any other machine's program (32-bit ones run here too) a core must not be taken. */
bool slim_understands(const struct corefile *core);

/* head: the core's first bytes as the kernel wrote them (ELF header, program headers, notes), which
 * core was opened over, which slim_understands; both must outlive the result. Reads that fail, or a
 * process that is killed meanwhile, are no error: what is there is kept. Opens nothing; needs
 * memory alone (mmap, mremap, munmap, brk). -ENOMEM. */
int slim_take(const struct corefile *core, const void *head, size_t head_size,
              const struct slim_source *source, const struct slim_limits *limits,
              struct slim **ret);
void slim_free(struct slim *s);

/* What is held at address: copies up to n bytes in one piece, returns how many. */
size_t slim_read(const struct slim *s, uint64_t address, void *p, size_t n);
/* Overwrites with '*' what is held of these ranges: secrets of the command line and the
 * environment, which lie on the stack. */
void slim_blank(struct slim *s, const struct slim_range *ranges, size_t n);
/* Shows all memory that is held, run by run, to one who may overwrite it. */
void slim_each(struct slim *s, void (*look)(void *arg, void *p, size_t n), void *arg);
/* Replaces the command line of NT_PRPSINFO (80 bytes, elf_prpsinfo.pr_psargs). */
void slim_set_arguments(struct slim *s, const char *text);
/* Something that should be there was left out for a limit. */
bool slim_was_cut(const struct slim *s);
/* Bytes that slim_write will write. */
uint64_t slim_size(const struct slim *s);

/* Writes the core front to back. Forwards what write fails with. */
int slim_write(const struct slim *s, int (*write)(void *arg, const void *p, size_t n), void *arg);

#endif
