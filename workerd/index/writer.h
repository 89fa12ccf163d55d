/* SPDX-License-Identifier: Apache-2.0 */
/* Making a module index: what readers of ELF and DWARF find is added in any order that is the same
 * every time, then written at once. Addresses are the file's; those outside of [base, base + 4 GiB)
 * are passed over. Texts are copied, each once. All memory is the writer's; a limit that is
 * exceeded or memory that is refused is remembered and returned by index_writer_finish. */
#ifndef CORRAL_WORKERD_INDEX_WRITER_H
#define CORRAL_WORKERD_INDEX_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "workerd/index/format.h"
#include "workerd/index/rules.h"

#define INDEX_SIZE_MAX (2ull << 30) /* of the whole file */

struct index_writer;

/* NULL when memory is refused. */
struct index_writer *index_writer_new(void);
void index_writer_free(struct index_writer *w);

void index_writer_identity(struct index_writer *w, uint16_t machine, bool is64,
                           const char *build_id);
/* Before any address is added. The lowest vaddr becomes the base. */
void index_writer_segment(struct index_writer *w, const struct index_segment *s);
void index_writer_source(struct index_writer *w, const struct index_source *s);
void index_writer_flags(struct index_writer *w, uint32_t flags); /* are added to those before */
/* Makes a symbol readable; what it returns is used up before the next call. */
typedef const char *index_readable(void *arg, const char *symbol);
/* How symbols are written; without it as they are. Each is asked for once, when the index is
 * written, and only if it is. */
void index_writer_readable(struct index_writer *w, index_readable *f, void *arg);
/* Why the DWARF could not be used, or not all of it; the first one stays. */
void index_writer_problem(struct index_writer *w, const char *text);
void index_writer_shared_id(struct index_writer *w, const char *build_id);

/* --- Call frame information --- */

/* The rules within [start, end), in order: rows[i] holds from rows[i].address on. What was added
 * before for the same addresses stays (.eh_frame is added before .debug_frame). */
struct index_writer_row {
    uint64_t address;
    uint32_t rule; /* from index_writer_rule; INDEX_NONE: none */
};
uint32_t index_writer_rule(struct index_writer *w, const struct cfi_rule *r);
void index_writer_cfi(struct index_writer *w, uint64_t start, uint64_t end,
                      const struct index_writer_row *rows, size_t n);

/* --- Symbols --- */

struct index_writer_symbol {
    uint64_t start, end;
    bool label;   /* has no size of its own: ends with its section, or where a function begins */
    uint8_t rank; /* of several at one address the higher one gives the name */
    const char *name;
};
void index_writer_symbol(struct index_writer *w, const struct index_writer_symbol *s);
void index_writer_variable(struct index_writer *w, const char *name, uint64_t address);

/* --- Functions, inlined calls, files, lines --- */

/* Index of the file, made by the first call with these texts. */
uint32_t index_writer_file(struct index_writer *w, const char *folder, const char *name);
/* A scope's number; INDEX_NONE when there are too many, or the address is outside. It is called as
 * its symbol (the linkage name) reads, or without one by its name; both may be NULL. An inlined
 * call that lies too deep (INDEX_CHAIN_MAX) is not a scope of its own: it gets its parent's number.
 */
uint32_t index_writer_function(struct index_writer *w, uint64_t start, const char *symbol,
                               const char *name);
uint32_t index_writer_inlined(struct index_writer *w, uint32_t parent, const char *symbol,
                              const char *name, uint32_t file, uint32_t line, uint32_t column);
/* Code of the scope. Of functions that overlap, the one that begins nearest before an address wins,
 * then the smaller, then the last. Ranges of an inlined call lie within those of its parent; where
 * they do not, they count as far as its function has code there, in one piece. */
void index_writer_range(struct index_writer *w, uint32_t scope, uint64_t low, uint64_t high);

enum index_line_flag { LINE_STATEMENT = 1, LINE_END = 2 };
/* Rows of one sequence in order of address, the last with LINE_END. Of several rows at one address
 * the last that is a statement of a line counts, or the last: gdb's rule (find_pc_sect_line). */
void index_writer_line(struct index_writer *w, uint64_t address, uint32_t file, uint32_t line,
                       uint32_t column, unsigned flags);

/* --- Calls and jumps --- */

/* A call site. What can explain no missing frame is left out when the index is written. */
struct index_writer_call {
    uint64_t function;       /* start of the one that calls */
    uint64_t return_address; /* behind the call, or the jump */
    uint64_t callee;         /* its start, when it is known to be in this file; or 0, and then: */
    const char *symbol;      /* the callee's; may be NULL */
    bool jump;               /* does not come back */
};
void index_writer_call(struct index_writer *w, const struct index_writer_call *c);

/* The whole file. -ENOMEM, -E2BIG. */
int index_writer_finish(struct index_writer *w, struct buf *ret);

#endif
