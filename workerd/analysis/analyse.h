/* SPDX-License-Identifier: Apache-2.0 */
/* From a core to its stacks: decompress, read the core's notes, find the modules' files, unwind all
 * threads with libdwfl, name the frames. Works on what it is given and nothing else: with
 * sources.local false, no path is ever opened, so it can run behind a sandbox with the core, a
 * scratch file and the module store at hand. Not thread-safe (libdw, libiberty). */
#ifndef CORRAL_WORKERD_ANALYSIS_ANALYSE_H
#define CORRAL_WORKERD_ANALYSIS_ANALYSE_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/report/analysis.h"
#include "workerd/analysis/sources.h"

struct analyse_input {
    int core_fd;       /* a regular file, from its first byte: an ELF core, or one in zstd */
    int scratch_fd;    /* an empty file for the decompressed core; -1: memory (memfd_create(2)) */
    uint64_t core_max; /* a core is cut after so many decompressed bytes; 0: no limit */
    struct module_sources sources;
};

/* Fills *ret whatever the core is like: a core without a stack has ret->problem. Negative only when
 * this host fails (no memory, a failing disk). */
int analyse(const struct analyse_input *in, struct arena *a, struct analysis *ret);

/* corral-workerd --analyse: struct daemon_mode's run. 0; 1 when there is no stack; 2 for wrong
 * usage. */
int analyse_main(int argc, char **argv, const void *conf);

#endif
