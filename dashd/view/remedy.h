/* SPDX-License-Identifier: Apache-2.0 */
/* What fixes a module whose symbols are not here, as a command that people copy: where its file is
 * likely to be, by its path and by what is missing of it. Pure. */
#ifndef CORRAL_DASHD_VIEW_REMEDY_H
#define CORRAL_DASHD_VIEW_REMEDY_H

#include <stdbool.h>

#include "common/base/arena.h"

struct remedy {
    const char *where;   /* in words, ours: "on a host that has the file" */
    const char *command; /* quoted for sh(1) */
};

/* Missing: the whole file; else its debug information. The path is hostile, the build-id is not. */
struct remedy remedy_for(struct arena *a, const char *path, const char *build_id, bool missing);
/* Another way for a distribution's file without debuginfod; command NULL when it is none. */
struct remedy remedy_by_package(struct arena *a, const char *path, const char *build_id);

/* Whether a distribution's packages put files there. */
bool remedy_is_packaged(const char *path);

#endif
