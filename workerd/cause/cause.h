/* SPDX-License-Identifier: Apache-2.0 */
/* Why it crashed: one sentence with the facts that it rests on, or nothing. Rules are tables
 * (rules.h) over what the dump says (facts.h); the first one that holds is the cause. A rule that
 * could be wrong does not hold: unknown is an answer. All that is read is hostile, and what is said
 * of it is text for people. Reads memory and a few bytes of files, all through its input; opens
 * nothing. */
#ifndef CORRAL_WORKERD_CAUSE_CAUSE_H
#define CORRAL_WORKERD_CAUSE_CAUSE_H

#include "common/base/arena.h"
#include "common/report/analysis.h"
#include "workerd/image/image.h"

struct cause_input {
    struct image *image;
    const struct analysis *analysis; /* with its threads and its message */
    /* What the file that is mapped at the address has there, n bytes at most; how many. Dumps lack
     * code and constants. NULL: nothing. */
    size_t (*read_file)(void *arg, uint64_t address, void *p, size_t n);
    /* A name as the linker has it ("_ZTIi") as people write it, in the arena; NULL: they stay. */
    const char *(*demangle)(const char *symbol, struct arena *a);
    void *arg;
    struct arena *arena; /* of what is returned */
};

/* Leaves *ret as it is when the cause is unknown. */
void cause_find(const struct cause_input *in, struct cause *ret);

#endif
