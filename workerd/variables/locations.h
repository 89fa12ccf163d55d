/* SPDX-License-Identifier: Apache-2.0 */
/* The expression that holds at an address: an attribute's own, or one of a list (DWARF 5, section
 * 2.6.2; before it .debug_loc). */
#ifndef CORRAL_WORKERD_VARIABLES_LOCATIONS_H
#define CORRAL_WORKERD_VARIABLES_LOCATIONS_H

#include "workerd/variables/place.h"

struct location {
    struct span expression;
    bool ends_with_call; /* where the frame stands: what the call has left need not hold any more */
};

/* Of where the frame is. NULL and the location, or a problem as place.h has them. */
const char *location_at(const struct entry *e, enum die_slot slot, const struct frame_view *f,
                        struct location *ret);

#endif
