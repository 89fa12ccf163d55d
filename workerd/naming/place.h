/* SPDX-License-Identifier: Apache-2.0 */
/* Where an address of the process lies in a module's index. */
#ifndef CORRAL_WORKERD_NAMING_PLACE_H
#define CORRAL_WORKERD_NAMING_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "workerd/unwind/unwind.h"

struct place {
    const struct image_module *module;
    const struct index *index; /* NULL: the module has none, or the address is beyond it */
    uint32_t address;          /* relative to the index's base */
    uint64_t bias;             /* process address = bias + address in the index */
};

/* False when no module holds the address. */
bool place_find(struct unwinder *u, uint64_t address, struct place *ret);

#endif
