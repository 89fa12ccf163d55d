/* SPDX-License-Identifier: Apache-2.0 */
/* The frames that the kernel makes when it calls a signal handler, found on a stack by their shape:
 * what a handler on a stack of its own interrupted is on another stack, to which only such a frame
 * leads. Pure. */
#ifndef CORRAL_CLIENT_SLIM_SIGFRAME_H
#define CORRAL_CLIENT_SLIM_SIGFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGFRAME_REGISTERS 18u
#define SIGFRAME_PC        16u

struct sigframe {
    uint64_t sp;
    uint64_t
        registers[SIGFRAME_REGISTERS]; /* of the interrupted code: general ones, pc among them */
    size_t end;                        /* of what was recognised, from p on */
};

/* Searches n bytes of a stack that begin at a multiple of 16 for the innermost frame at or behind
 * offset `from`; false: none. Of x86-64 alone. */
bool sigframe_find(const uint8_t *p, size_t n, size_t from, struct sigframe *ret);

#endif
