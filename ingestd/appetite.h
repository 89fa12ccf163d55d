/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a core the server would like of the next crash of a kind, by what it has of that
 * kind: a full core of the first one, slim ones of the next, none of those that come by the
 * thousand. A kind is what clients send as `kind` in the metadata. Kept in memory alone, for the
 * kinds that crashed last: whoever is forgotten is asked for one more full core. No io; any
 * thread. */
#ifndef CORRAL_INGESTD_APPETITE_H
#define CORRAL_INGESTD_APPETITE_H

#include <stdint.h>

#include "common/report/fidelity.h"

#define APPETITE_KINDS 65536

/* Configuration key want_core. */
enum appetite_policy { APPETITE_AUTO, APPETITE_FULL, APPETITE_SLIM, APPETITE_NONE };

struct appetite;

/* "auto", "full", "slim", "none"; -EINVAL. */
int appetite_policy_parse(const char *word, enum appetite_policy *ret);

/* none_after: crashes of one kind within an hour, after which no core is wanted; 0: never. */
struct appetite *appetite_new(enum appetite_policy policy, uint64_t none_after);
void appetite_free(struct appetite *a);

/* n crashes of that kind came (0: none that was new), of which this much is sent: FIDELITY_FULL is
 * a promise that a full core follows, which counts for an hour. Returns the word for `want.core`.
 * kind may be NULL: "full", unless the policy says otherwise. now: usec, monotonic. */
const char *appetite_crash(struct appetite *a, const char *kind, uint64_t n, enum fidelity sent,
                           int64_t now);
/* The full core is there. */
void appetite_full(struct appetite *a, const char *kind, int64_t now);

#endif
