/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a line table (DWARF 5 section 6.2.4 and the same of DWARF 2 to 4): the parameters of
 * its program, and its folders and files as numbers of the index's files. Every path is made as
 * sourcepath.h says, but each folder once: a table names thousands of files in a few folders. */
#ifndef CORRAL_WORKERD_INDEXER_LINETABLE_H
#define CORRAL_WORKERD_INDEXER_LINETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "workerd/index/cursor.h"
#include "workerd/indexer/dwarf.h"

#define LINE_TEXT_MAX  4096u               /* bytes of one name in a table */
#define LINE_PATHS_MAX (16u * 1024 * 1024) /* bytes of paths that are made of one table */

/* A folder of the table. */
struct line_folder {
    const char *raw;  /* as written; NULL: unknown */
    const char *path; /* as paths begin with it; NULL: they are names alone; "": the root */
    bool made;        /* path is set */
};

struct line_table {
    const struct dwarf *dwarf;
    const struct line_program *unit;
    struct index_writer *writer;
    struct arena arena; /* of the paths */

    unsigned version;
    size_t offset_size; /* 4 or 8 */
    uint8_t min_length, max_operations, line_range, opcode_base;
    int8_t line_base;
    bool is_statement;             /* where a sequence begins */
    const uint8_t *operand_counts; /* of standard opcode i at i - 1 */
    struct cursor program;

    struct line_folder *folders;
    size_t n_folders, folder_capacity;
    struct line_files files;
    size_t file_capacity;
};

/* Reads the table at unit->offset; writer gets its files. False when it is malformed; what was read
 * before is kept. The table must be given to line_table_fini either way, `files` may be taken out.
 */
bool line_table_read(const struct dwarf *d, const struct line_program *unit,
                     struct index_writer *writer, struct line_table *ret);
void line_table_fini(struct line_table *t);
/* The file comes last. False when memory is refused. */
bool line_table_add_file(struct line_table *t, const char *name, uint64_t folder);

#endif
