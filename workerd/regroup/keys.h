/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks get the keys that today's algorithm, rules and decisions give them, in portions of which
 * each is a transaction. What they had is kept beside them (stack_lineages) until the groups have
 * followed. Cut off at any point, it is begun anew with what is left. */
#ifndef CORRAL_WORKERD_REGROUP_KEYS_H
#define CORRAL_WORKERD_REGROUP_KEYS_H

#include "common/store/blob.h"

#include "workerd/regroup/restack.h"

/* How many stacks have other keys than they should, as far as their rows tell. */
int regroup_keys_due(struct db *d, const struct regroup_way *way, int64_t *ret);
/* Whether there is any, asked often. */
int regroup_keys_any(struct db *d, const char *grouped, bool *ret);
/* The next portion behind the stack *after; *ret: how many it was of, 0 when there is none left. */
int regroup_keys_portion(struct db *d, struct blob_store *store, const struct regroup_way *way,
                         int64_t *after, int64_t *ret);

/* Of a result: bytea in hexadecimal digits, without the prefix; NULL for NULL. */
const uint8_t *regroup_bytes(const PGresult *res, int row, int column, struct arena *a);

#endif
