/* SPDX-License-Identifier: Apache-2.0 */
/* The crashed process's memory, word by word: from the core, and where the core has no bytes of it,
 * from the file that was mapped there (code and constants are the same in both). A few pages are
 * kept, so that walking a stack reads each page once. */
#ifndef CORRAL_WORKERD_ANALYSIS_MEMORY_H
#define CORRAL_WORKERD_ANALYSIS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/core/corefile.h"
#include "workerd/analysis/modules.h"

#define MEMORY_WINDOW_SIZE 4096u
#define MEMORY_WINDOWS     64u

struct memory_window {
    uint64_t start;
    size_t length; /* 0: empty */
    uint8_t bytes[MEMORY_WINDOW_SIZE];
};

struct memory {
    const struct corefile *core;
    struct modules *modules;
    struct memory_window *windows; /* one for each page number modulo their count */
};

void memory_init(struct memory *m, const struct corefile *core, struct modules *modules);
void memory_fini(struct memory *m);

/* Copies n bytes; false when not all of them are known. */
bool memory_read(struct memory *m, uint64_t address, void *p, size_t n);

#endif
