/* SPDX-License-Identifier: Apache-2.0 */
/* How alike two stacks are, from 0 to 1: the functions that they have in common in the same order,
 * each weighed by where it stands. A function counts for less the further out it is, and for less
 * the further apart its two places are:
 *
 *     weight = exp(-ALPHA × the smaller place) × exp(-RHO × the places' difference)
 *
 * and of all common subsequences the heaviest one counts, as a part of what both stacks weigh
 * themselves: twice its weight through the sum of theirs. (The measure is known as position
 * dependent; where others divide by the shorter stack alone, a stack cut short would be the same as
 * every stack that begins as it does.) Symmetric; 1 for the same stack and for nothing else. Pure.
 */
#ifndef CORRAL_DASHD_GROUPING_SIMILARITY_H
#define CORRAL_DASHD_GROUPING_SIMILARITY_H

#include <stddef.h>

/* Functions of a stack that are looked at, innermost first: those behind them would weigh next to
 * nothing. */
#define SIMILARITY_FRAMES_MAX 32

/* Names of functions, innermost first. NULL is a function that nobody knows, and like no other. 0
 * when a stack is empty. */
double similarity(const char *const *x, size_t n_x, const char *const *y, size_t n_y);

#endif
