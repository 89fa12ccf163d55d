/* SPDX-License-Identifier: Apache-2.0 */
/* How many bytes the spool has, about: a number in the file `usage`, to which everybody who adds to
 * the spool adds, and which the sender puts right when it has counted (sender/census.h). A handler
 * has no time to count; with this it knows whether it may keep a core, and how long a one. Wrong
 * numbers, lost ones or those of a hostile owner of the spool cost cores or disk up to keep_free,
 * never more. */
#ifndef CORRAL_CLIENT_SPOOL_USAGE_H
#define CORRAL_CLIENT_SPOOL_USAGE_H

#include <stdint.h>

#include "client/spool/settings.h"
#include "client/spool/spool.h"

#define USAGE_BLOCK 4096u /* a file costs at least this */

/* 0 when nothing is known. */
uint64_t usage_read(const struct spool *s);
void usage_set(const struct spool *s, uint64_t bytes);
/* One more file of that size. */
void usage_add(const struct spool *s, uint64_t size);
/* What a file of that size costs. */
uint64_t usage_cost(uint64_t size);

/* The sender begins to evict above this: a quarter of spool_max is free for what comes next. */
uint64_t usage_target(const struct settings *settings);
/* Sets the limits of spool_room for what this process writes: keep_free, and for each file what is
 * left of spool_max, at most the share of one executable. */
void usage_limit(const struct spool *s, const struct settings *settings);

#endif
