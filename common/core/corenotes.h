/* SPDX-License-Identifier: Apache-2.0 */
/* The notes of a core (core(5)): threads with registers, signal, process, auxiliary vector, mapped
 * files. A part of corefile. */
#ifndef CORRAL_CORE_CORENOTES_H
#define CORRAL_CORE_CORENOTES_H

#include "common/core/corefile.h"

/* Reads the notes of all PT_NOTE segments of v into c, as far as they are there; c->bytes and
 * c->layout are set. CORE_MALFORMED, CORE_TOO_LARGE, -errno of reading. */
int corenotes_read(struct corefile *c, struct arena *a, const struct elf_view *v);

#endif
