/* SPDX-License-Identifier: Apache-2.0 */
/* Where a crash happened, as far as that is not its host or its program: what facets and searches
 * need of its metadata, a row for each combination, known by the digest over all of it. What is
 * another one with each crash does not belong here. Pure. */
#ifndef CORRAL_WORKERD_ENVIRONMENT_H
#define CORRAL_WORKERD_ENVIRONMENT_H

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/report/meta.h"

/* "" in each: not known. */
struct environment {
    uint8_t digest[SHA256_SIZE];
    const char *unit;  /* of the system, else of the user's own manager */
    const char *image; /* of the tag of that name */
    const char *kernel, *architecture, *distribution;
    const char *package, *package_version;
    const char *cpu;
};

/* Texts are borrowed, or cut into the arena. */
void environment_make(const struct crash_meta *m, struct arena *a, struct environment *ret);

#endif
