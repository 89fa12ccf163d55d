/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of source files as compilers write them. Pure. */
#ifndef CORRAL_WORKERD_INDEX_SOURCEPATH_H
#define CORRAL_WORKERD_INDEX_SOURCEPATH_H

#include "common/base/arena.h"

/* An absolute path without "//", "." and "..", as far as these can be seen in the text; a path that
 * stays relative, because its folder is, is left as it is. NULL for a NULL file, and for what is
 * too long. */
const char *source_path(const char *folder, const char *file, struct arena *a);

#endif
