/* SPDX-License-Identifier: Apache-2.0 */
/* Source files of the programs that crash, from folders that the administrator names (source_roots
 * in dashd.conf). The file's name comes from debug information, so from anybody: it is opened
 * beneath its folder and nowhere else, through no symbolic link, only when its name ends as names
 * of source files do, and never when it is hidden (".git/config" may hold a password). */
#ifndef CORRAL_DASHD_SOURCE_CHECKOUT_H
#define CORRAL_DASHD_SOURCE_CHECKOUT_H

#include <stdbool.h>

#include "common/report/analysis.h"
#include "common/report/prefixes.h"
#include "dashd/source/excerpt.h"

enum checkout_outcome {
    CHECKOUT_NONE = 100, /* no folder is named for it, or the file is not there or not shown */
};

/* The lines around the frame's, by its source or else its file. CHECKOUT_NONE, or an outcome of
 * excerpt.h; never -errno: what cannot be read is not there. */
int checkout_excerpt(const struct prefixes *roots, const struct frame *f, struct arena *a,
                     struct excerpt *ret);

/* Whether the path below a checkout may be shown at all. Pure. */
bool checkout_shows(const char *path);

#endif
