/* SPDX-License-Identifier: Apache-2.0 */
/* What it may cost to demangle a symbol, told before it is tried. libiberty follows and goes back
 * over some constructs without remembering what it found there: each of them doubles its work, and
 * a symbol of a hundred bytes would keep it busy for hours, with no output by which it could be
 * stopped. Compilers write a few of them at most. Pure. */
#ifndef CORRAL_WORKERD_INDEXER_MANGLED_H
#define CORRAL_WORKERD_INDEXER_MANGLED_H

#include <stdbool.h>
#include <stddef.h>

#define MANGLED_STEPS_MAX                                                                          \
    (1u << 20) /* of some nanoseconds, beyond those that its length explains */

/* False when it would cost more than that, or memory is out; else *ret is about what it costs. */
bool mangled_cost(const char *symbol, size_t *ret);

#endif
