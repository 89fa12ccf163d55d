/* SPDX-License-Identifier: Apache-2.0 */
/* Why events are to be analysed again: marks in the store's folder arrived/. A mark is a build-id,
 * of which a file has arrived; a crash id; or ARRIVAL_ALL. Marks are durable: whoever stores a
 * module leaves one before, and one behind it. A healer takes a mark by renaming it into healing/,
 * where it stays until all is done that it asks for; one that is left meanwhile is a new mark. */
#ifndef CORRAL_STORE_ARRIVALS_H
#define CORRAL_STORE_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/store/blob.h"

#define ARRIVAL_ALL "all"

bool arrival_valid(struct str name);
/* A mark that is there already gets the present time. -EINVAL. */
int arrival_add(struct blob_store *s, const char *name);
/* Whether there is a mark of that age that nobody has taken, or one that was taken and is not done.
 */
bool arrivals_any(struct blob_store *s, int64_t min_age_usec);
/* Takes marks that are older than min_age_usec, about max of them. One healer at a time. */
int arrivals_take(struct blob_store *s, int64_t min_age_usec, size_t max);
/* Calls each taken mark with the time (usec) at which it was left, until fn returns non-zero, which
 * is then returned. */
int arrivals_taken(struct blob_store *s, int (*fn)(const char *name, int64_t at, void *arg),
                   void *arg);
int arrival_done(struct blob_store *s, const char *name);

#endif
