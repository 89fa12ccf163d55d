/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of secrets of the command line and the environment that nobody made on purpose. Functions
 * of the C library load whole vectors, so that what lies behind a short argv[0] is still in a
 * vector register (NT_X86_XSTATE) when the program dies, and on the stack where the dynamic linker
 * saved it; shells and interpreters keep their environment twice. Such a copy has bytes from before
 * the secret too ("ord=", "KEY="): these and the secret's first ones are looked for, and what goes
 * on like the secret is overwritten. A copy of the value alone is not found. */
#ifndef CORRAL_CLIENT_HANDLER_COPIES_H
#define CORRAL_CLIENT_HANDLER_COPIES_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

#define COPIES_MAX    4096
#define COPIES_NEEDLE 8 /* bytes that tell a copy; a text shorter than that has none */

/* A secret within a text that outlives this. */
struct copies_secret {
    uint64_t needle; /* the bytes from `start` on */
    const char *text;
    size_t start, from, end; /* where the needle begins, the secret begins and ends */
};

struct copies {
    struct copies_secret *secrets; /* by needle once settled; in the arena */
    size_t n;
    uint64_t *seen; /* bits: hashes of the needles */
};

void copies_init(struct copies *c, struct arena *a);
/* text[from] to text[end - 1] is a secret; all before it is no secret, or one of its own. */
void copies_add(struct copies *c, const char *text, size_t from, size_t end);
/* Nothing is added from here on. */
void copies_settle(struct copies *c);
/* Overwrites with '*' what n bytes have of the secrets. c: NULL for none. */
void copies_blank(const struct copies *c, void *p, size_t n);

#endif
