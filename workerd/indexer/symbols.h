/* SPDX-License-Identifier: Apache-2.0 */
/* The symbols of a module: its functions by address, the stubs through which it calls those of
 * others, and the few variables that analysis reads. From the full symbol table where there is one,
 * in the module or in its debug file; else from the dynamic one and from .gnu_debugdata, the small
 * symbol table that some distributions pack into stripped files. */
#ifndef CORRAL_WORKERD_INDEXER_SYMBOLS_H
#define CORRAL_WORKERD_INDEXER_SYMBOLS_H

#include "workerd/index/writer.h"
#include "workerd/indexer/container.h"

/* Adds them all. debug may be NULL. -ENOMEM. */
int symbols_index(struct container *module, struct container *debug, struct index_writer *w);
/* Adds the stubs of the procedure linkage table, named as gdb names them: NAME@plt. -ENOMEM. */
int plt_index(struct container *module, struct index_writer *w);

#endif
