/* SPDX-License-Identifier: Apache-2.0 */
/* Function names as grouping sees them: without what differs between builds, compilers, flags,
 * debuggers, demanglers, library versions and instantiations of the same source. Gone are return
 * types, arguments, template and generic arguments, ABI tags, symbol versions, offsets, inline
 * namespaces, the suffixes of cloned and split functions (.isra.0, .cold, [clone …]), Rust's hashes
 * and trait paths, the versions of Go's modules, and glibc's per-processor variants of memcpy and
 * its kin. A name stays as long as it tells functions apart that somebody wrote, with two
 * exceptions: overloads are one, and so are the lambdas (closures) of one function, for what
 * numbers them counts from the top of the source. Pure, total (any bytes give a name, which is
 * valid UTF-8), linear, and idempotent. */
#ifndef CORRAL_WORKERD_GROUPING_NORMALISE_H
#define CORRAL_WORKERD_GROUPING_NORMALISE_H

#include "common/base/arena.h"

/* The normalised name, in the arena; "" only for "". Results longer than FUNCTION_NAME_MAX lose
 * their start, and so do names that are much longer than that before they are read. */
const char *normalise_function(const char *name, struct arena *a);

/* The last component of a path without a shared library's version and the kernel's " (deleted)":
 * "libQt5Core.so.5.15.8" and its path give "libQt5Core.so". "" for NULL. */
const char *normalise_module(const char *path, struct arena *a);

#endif
