/* SPDX-License-Identifier: Apache-2.0 */
/* The ways that lead to a bug: other callers further out. 0 straight from main, 1 through an event
 * loop, 2 in a thread. */
#ifndef CORRAL_TESTS_SCORE_WAYS_H
#define CORRAL_TESTS_SCORE_WAYS_H

struct bug {
    const char *name;
    void (*run)(void);
};
extern const struct bug bugs[]; /* ends with NULLs */

int way_number(void);

#endif
