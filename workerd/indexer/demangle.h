/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols as people write them: C++ (Itanium), Rust (both manglings, without hashes) and D. The
 * demangler is libiberty's, gdb's own. Its output can be exponentially larger than its input, so it
 * is stopped at a limit. Pure, but not thread-safe. */
#ifndef CORRAL_WORKERD_INDEXER_DEMANGLE_H
#define CORRAL_WORKERD_INDEXER_DEMANGLE_H

#include "common/base/arena.h"

/* The readable name, in the arena: parameters are left out as in gdb's backtraces, a symbol version
 * (`@@GLIBC_2.34`) is cut off, what is not mangled stays as it is. Longer names than
 * FUNCTION_NAME_MAX keep their end. NULL gives NULL. */
const char *demangle(const char *symbol, struct arena *a);
/* The same, and adds to *count how many bytes the demangler has written on the way. */
const char *demangle_counted(const char *symbol, struct arena *a, size_t *count);

#endif
