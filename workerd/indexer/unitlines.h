/* SPDX-License-Identifier: Apache-2.0 */
/* The line table of the unit that is read: its rows are added once, however many units name it, and
 * its list of files is there for the places of inlined calls. */
#ifndef CORRAL_WORKERD_INDEXER_UNITLINES_H
#define CORRAL_WORKERD_INDEXER_UNITLINES_H

#include "workerd/indexer/info.h"

struct unit_lines {
    struct info *info;
    struct index_writer *writer;
    bool keep_zero;
    struct offset_map seen; /* tables whose rows were added */
    /* Of the present unit: */
    struct line_program program;
    struct line_files files;
    bool has_program, has_files;
};

void unit_lines_init(struct unit_lines *l, struct info *x, bool keep_zero, struct index_writer *w);
void unit_lines_fini(struct unit_lines *l);
/* With the unit's own DIE. Adds rows, unless it is a partial unit: those have none. */
void unit_lines_begin(struct unit_lines *l, const struct unit *u, const struct die *d);
void unit_lines_end(struct unit_lines *l);
/* The number of a file for index_writer_inlined. */
uint32_t unit_lines_file(struct unit_lines *l, const struct form_value *v);

#endif
