/* SPDX-License-Identifier: Apache-2.0 */
/* The dynamic linker's list of what it loaded (struct r_debug and struct link_map of link.h), as a
 * core has it. It lies in memory that the process can write: a list may be a ring, a name may have
 * no end, an address may be any. Walks are bounded, and names are cut at LINKMAP_NAME_MAX bytes. */
#ifndef CORRAL_WORKERD_IMAGE_LINKMAP_H
#define CORRAL_WORKERD_IMAGE_LINKMAP_H

#include "common/base/arena.h"
#include "common/core/corefile.h"

#define LINKMAP_ENTRIES_MAX    8192u
#define LINKMAP_NAMESPACES_MAX 16u /* dlmopen(3) */
#define LINKMAP_NAME_MAX       4096u

struct linkmap_entry {
    uint64_t bias; /* from the file's addresses to the process's: 0 where prelink(8) chose them */
    uint64_t dynamic; /* where its PT_DYNAMIC lies in memory */
    const char *name; /* "" for the program itself */
};

/* Found by the program headers that the kernel told the program of (AT_PHDR), PT_DYNAMIC and
 * DT_DEBUG. The list is in the arena; returns its length, 0 for a static program or one that had
 * not come so far. */
size_t linkmap_read(const struct corefile *core, struct arena *a, struct linkmap_entry **ret);

#endif
