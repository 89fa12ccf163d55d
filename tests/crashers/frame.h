/* SPDX-License-Identifier: Apache-2.0 */
/* A function that is a frame of its own in every stack, with the same name under every
 * optimisation: never inlined, cloned, or specialised for its only caller's constants. Crashers
 * whose subject is inlining do without it. clang has no word for the last two. */
#ifndef CORRAL_TESTS_CRASHERS_FRAME_H
#define CORRAL_TESTS_CRASHERS_FRAME_H

#ifdef __clang__
#define FRAME __attribute__((noinline))
#else
#define FRAME __attribute__((noipa))
#endif

#endif
