/* SPDX-License-Identifier: Apache-2.0 */
/* Function names as grouping sees them: without what differs between builds, compilers, flags and
 * instantiations of the same source. Gone are return types, arguments, template and generic
 * arguments, ABI tags, symbol versions, the suffixes of cloned and split functions (.isra.0, .cold,
 * [clone …]), Rust's hashes and trait paths, and glibc's per-processor variants of memcpy and its
 * kin. Pure, total (any bytes give a name), linear, and idempotent. */
#ifndef CORRAL_WORKERD_GROUPING_NORMALISE_H
#define CORRAL_WORKERD_GROUPING_NORMALISE_H

#include "common/base/arena.h"

/* The normalised name, in the arena; "" only for "". Names longer than FUNCTION_NAME_MAX lose their
 * start. */
const char *normalise_function(const char *name, struct arena *a);

/* The last component of a path without a shared library's version: "libQt5Core.so.5.15.8" and its
 * path give "libQt5Core.so". "" for NULL. */
const char *normalise_module(const char *path, struct arena *a);

#endif
