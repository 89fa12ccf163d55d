/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in the stream of a full core: the same ranges of addresses that are blanked in the slim
 * one, as ranges of the file, overwritten block by block as it passes. Copies of them are looked
 * for in the mapping alone that they lie in, the main stack: all of a core would take longer than
 * to write it. One that two blocks share is not found. */
#ifndef CORRAL_CLIENT_HANDLER_SCRUB_H
#define CORRAL_CLIENT_HANDLER_SCRUB_H

#include <stddef.h>
#include <stdint.h>

#include "client/process/privacy.h"
#include "common/base/arena.h"

#define SCRUB_MARK '*'

struct scrub_range {
    uint64_t offset, n; /* of the file */
};

struct scrub {
    struct scrub_range *ranges; /* sorted, in the arena */
    size_t n;
    const struct copies *copies;
    struct scrub_range stack;
};

/* Ranges of addresses that the core does not hold are left out. */
void scrub_init(struct scrub *s, const struct corefile *core, const struct privacy *secrets,
                struct arena *a);
/* p: n bytes of the file from offset on. */
void scrub_block(const struct scrub *s, uint64_t offset, void *p, size_t n);

#endif
