/* SPDX-License-Identifier: Apache-2.0 */
/* The dynamic linker's list of what is loaded (<link.h>: struct r_debug, struct link_map), where a
 * debugger looks for it: program headers of the executable, its dynamic section, DT_DEBUG, and from
 * there the chain. */
#ifndef CORRAL_CLIENT_SLIM_LINKMAP_H
#define CORRAL_CLIENT_SLIM_LINKMAP_H

#include "client/slim/choice.h"

#define LINKMAP_ENTRIES_MAX    8192u
#define LINKMAP_NAME_MAX       4096u
#define LINKMAP_NAMESPACES_MAX 16u /* of dlmopen(3), which has as many */

void linkmap_keep(struct choice *c);

#endif
