/* SPDX-License-Identifier: Apache-2.0 */
/* What a function without a linkage name is called in full: the namespaces and classes around the
 * DIE that has its name, as gdb's determine_prefix (dwarf2/read.c) finds them. Compilers leave the
 * linkage name out where the linker does not need it, as in anonymous namespaces. Units in C have
 * nothing of the kind, others are gone over once, and only when they are asked for. */
#ifndef CORRAL_WORKERD_INDEXER_SPACES_H
#define CORRAL_WORKERD_INDEXER_SPACES_H

#include "workerd/indexer/info.h"

/* The name with what is around the DIE there; the name itself when nothing is, or when that cannot
 * be found out. Lives as long as the info. */
const char *space_qualified(struct info *x, uint64_t offset, const char *name);

#endif
