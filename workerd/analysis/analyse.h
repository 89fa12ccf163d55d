/* SPDX-License-Identifier: Apache-2.0 */
/* From a core to its stacks, whichever engine unwinds and names: decompress, read the core's notes,
 * make the image, walk all threads, describe the modules, fetch the abort message. Works on what it
 * is given and opens nothing by itself. Not thread-safe (libiberty). */
#ifndef CORRAL_WORKERD_ANALYSIS_ANALYSE_H
#define CORRAL_WORKERD_ANALYSIS_ANALYSE_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/report/analysis.h"
#include "workerd/analysis/engine.h"

struct analyse_input {
    int core_fd;       /* a regular file, from its first byte: an ELF core, or one in zstd */
    int scratch_fd;    /* an empty file for the decompressed core; -1: memory (memfd_create(2)) */
    uint64_t core_max; /* a core is cut after so many decompressed bytes; 0: no limit */
    bool variables;    /* of the crashed thread's frames are wanted */
};

/* Where an engine comes from. */
struct engine_maker {
    const char *name; /* "corral 1" */
    int (*open)(void *arg, struct image *image, struct engine *ret);
    void (*close)(void *arg, struct engine *e); /* NULL: nothing to do */
    void *arg;
};

/* Fills *ret whatever the core is like: a core without a stack has ret->problem. Negative only when
 * this host fails (no memory, a failing disk). */
int analyse(const struct analyse_input *in, const struct engine_maker *maker, struct arena *a,
            struct analysis *ret);

#endif
