/* SPDX-License-Identifier: Apache-2.0 */
/* A limit on guesses: each key (an account from an address; an address) may fail so many times
 * within a window. The table is of fixed size; when it is full, the key with the fewest recent
 * failures makes room, so that a flood of new keys costs memory nothing and pushes out only those
 * that mattered least. Counted before the guess is checked, so that guesses sent side by side are
 * counted, too. Thread-safe. */
#ifndef CORRAL_DASHD_ACCESS_ATTEMPTS_H
#define CORRAL_DASHD_ACCESS_ATTEMPTS_H

#include <stdint.h>

struct attempts;

struct attempts *attempts_new(void);
void attempts_free(struct attempts *t);

/* Counts one attempt. 0: go ahead; else the microseconds until the key may try again. */
int64_t attempts_take(struct attempts *t, const char *key, unsigned limit, int64_t window_usec,
                      int64_t now);
/* The guess was right: the key starts afresh. */
void attempts_forgive(struct attempts *t, const char *key);

#endif
