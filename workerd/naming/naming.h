/* SPDX-License-Identifier: Apache-2.0 */
/* From addresses to frames as people read them: function, file and line, with one frame more for
 * each function that was expanded inline. Threads wait in the same few places, so what was found
 * for an address is kept. */
#ifndef CORRAL_WORKERD_NAMING_NAMING_H
#define CORRAL_WORKERD_NAMING_NAMING_H

#include <stddef.h>

#include "workerd/analysis/engine.h"
#include "workerd/naming/place.h"
#include "workerd/unwind/unwind.h"

struct naming {
    struct unwinder *unwinder;  /* whose image and modules are asked */
    struct named_frames *known; /* hash table with open addressing, in the image's arena */
    size_t n_known, capacity;
    uint64_t effort; /* that was spent, of EFFORT_NAMES_MAX (effort.h) */
    bool left_out;   /* a name that would have cost more */
};

void naming_init(struct naming *n, struct unwinder *u);
/* As struct engine's name_frame. */
const struct named_frames *naming_frame(struct naming *n, const struct raw_frame *f);
/* As struct engine's tail_calls. */
size_t naming_tail_calls(struct naming *n, const struct raw_frame *inner,
                         const struct raw_frame *outer, uint64_t ret[static TAIL_CALLS_MAX]);

#endif
