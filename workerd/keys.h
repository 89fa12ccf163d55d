/* SPDX-License-Identifier: Apache-2.0 */
/* The way from a stack to its group, in the database: a stack has keys, keys lead to a group
 * (group_fingerprints). The first key decides; where it leads nowhere yet, the others do. A stack
 * that is known tells its keys by its row, whatever an algorithm says of it today; an event without
 * one brings them along. Outcomes of db.h. */
#ifndef CORRAL_WORKERD_KEYS_H
#define CORRAL_WORKERD_KEYS_H

#include "common/base/arena.h"
#include "common/store/db.h"

#include "workerd/group.h"
#include "workerd/splits.h"

/* A row (key, more) of the stack with this digest, or of the event's own keys. While stacks are
 * grouped anew, and nobody knows yet whose the new keys are, the old ones count. */
#define KEYS_OF(digest, key, more, first)                                                          \
    "(SELECT coalesce(l.key, s.key, " key "::bytea) AS key, "                                      \
    "        CASE WHEN s.key IS NULL THEN " more "::bytea[] ELSE s.more_keys END AS more, "        \
    "        " first "::bytea AS first "                                                           \
    " FROM (SELECT) AS one LEFT JOIN stacks s ON s.digest = " digest "::bytea "                    \
    " LEFT JOIN stack_lineages l ON l.stack_id = s.id) AS k"
/* Of the row k. */
#define GROUP_OF_KEYS                                                                              \
    "coalesce((SELECT group_id FROM group_fingerprints WHERE fingerprint = k.key), "               \
    "         (SELECT min(group_id) FROM group_fingerprints WHERE fingerprint = ANY (k.more)), "   \
    "         (SELECT group_id FROM group_fingerprints WHERE fingerprint = k.first "               \
    "          AND algorithm = 1))"
#define KEYS_LEAD_NOWHERE                                                                          \
    "(NOT EXISTS (SELECT FROM group_fingerprints f WHERE f.fingerprint = k.key) OR EXISTS "        \
    "     (SELECT FROM unnest(k.more) AS m WHERE NOT EXISTS "                                      \
    "          (SELECT FROM group_fingerprints f WHERE f.fingerprint = m)))"

/* The keys that an event brings along, as parameters. */
struct key_params {
    const char *key;   /* bytea */
    const char *more;  /* bytea[] */
    const char *first; /* bytea; of the first version. NULL: none */
};
struct key_params keys_of_event(const struct event *e, struct arena *a);
/* bytea[] */
const char *keys_text(const uint8_t (*keys)[SHA256_SIZE], size_t n, struct arena *a);
/* integer[]: the decisions that a stack's key is made of. */
const char *keys_decisions(const struct stack_keys *keys, struct arena *a);

/* Lets those that lead nowhere lead to the group, which the caller has locked. */
int keys_adopt(struct db *d, int64_t group, const struct key_params *keys,
               enum fingerprint_quality quality);

/* All decisions that tell crashes of one key apart. */
int keys_splits(struct db *d, struct arena *a, struct key_splits *ret);

#endif
