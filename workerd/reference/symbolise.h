/* SPDX-License-Identifier: Apache-2.0 */
/* From addresses to frames as people read them: function, file and line, with one frame more for
 * each function that was expanded inline. Threads wait in the same few places, so what was found
 * for an address is kept. */
#ifndef CORRAL_WORKERD_REFERENCE_SYMBOLISE_H
#define CORRAL_WORKERD_REFERENCE_SYMBOLISE_H

#include <stddef.h>

#include "workerd/analysis/engine.h"
#include "workerd/reference/modules.h"
#include "workerd/reference/unwind.h"

struct symboliser {
    struct modules *modules;
    struct named_frames *known; /* hash table with open addressing, in the modules' arena */
    size_t n_known, capacity;
};

void symboliser_init(struct symboliser *s, struct modules *modules);

/* The frames of an address; the list lives in the modules' arena, the struct until the next call.
 * The caller sets their trust. */
const struct named_frames *symbolise(struct symboliser *s, const struct raw_frame *f);

#endif
