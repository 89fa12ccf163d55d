/* SPDX-License-Identifier: Apache-2.0 */
/* What signal handlers interrupted: where a thread runs a handler on an alternate stack (Go, Rust
 * and Java do), the frames that matter are on another one, and the way there is in the frame that
 * the kernel made. */
#ifndef CORRAL_CLIENT_SLIM_INTERRUPTED_H
#define CORRAL_CLIENT_SLIM_INTERRUPTED_H

#include "client/slim/held.h"
#include "client/slim/sigframe.h"

#define INTERRUPTED_DEPTH 8u           /* handlers within handlers, of one thread */
#define INTERRUPTED_SCAN  (64u * 1024) /* bytes of a stack that are searched */
#define INTERRUPTED_MAX   4096u        /* of all threads together */

struct interruption {
    size_t thread;
    struct sigframe frame;
};

struct interrupted {
    struct interruption *list;
    size_t n;
};

void interrupted_fini(struct interrupted *i);
/* Searches what is held of all stacks, and chooses and copies those that were interrupted. -ENOMEM.
 */
int interrupted_keep(struct choice *c, struct held *h, const struct slim_limits *limits,
                     struct interrupted *ret);

#endif
