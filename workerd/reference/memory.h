/* SPDX-License-Identifier: Apache-2.0 */
/* The crashed process's memory, word by word: from the image, and where that has no bytes of it,
 * from the file that was mapped there (code and constants are the same in both). */
#ifndef CORRAL_WORKERD_REFERENCE_MEMORY_H
#define CORRAL_WORKERD_REFERENCE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "workerd/reference/modules.h"

struct memory {
    struct modules *modules;
};

void memory_init(struct memory *m, struct modules *modules);

/* Copies n bytes; false when not all of them are known. */
bool memory_read(struct memory *m, uint64_t address, void *p, size_t n);

#endif
