/* SPDX-License-Identifier: Apache-2.0 */
/* corral-workerd --analyse, as far as it is the same for both engines: options, and the analysis as
 * text or JSON. */
#ifndef CORRAL_WORKERD_ONESHOT_ONESHOT_H
#define CORRAL_WORKERD_ONESHOT_ONESHOT_H

#include "common/base/arena.h"
#include "common/report/analysis.h"
#include "workerd/sources/sources.h"

#define ONESHOT_DEBUG_FOLDERS_MAX 64

struct oneshot {
    const char *core, *store, *format;
    const char *engine;   /* "corral", "libdwfl": whoever started this program chose by it */
    const char *cache;    /* folder of module indexes; NULL: the usual one; "": none */
    const char *prefixes; /* FROM=TO pairs for source files; NULL */
    bool variables;       /* of the crashed thread are wanted */
    unsigned repeat;      /* how often to analyse; the last result counts */
    const char *debug_folders[ONESHOT_DEBUG_FOLDERS_MAX];
    struct module_sources sources;
};

/* Negative: this host failed. What is wrong with the core is the analysis's problem. */
typedef int oneshot_analyse(const struct oneshot *o, int core_fd, struct arena *a,
                            struct analysis *ret);

/* The program's main: arguments as after --analyse. 0; 1 when there is no stack; 2 for wrong usage.
 */
int oneshot_main(int argc, char **argv, oneshot_analyse *analyse);

#endif
