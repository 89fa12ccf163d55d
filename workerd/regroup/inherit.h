/* SPDX-License-Identifier: Apache-2.0 */
/* A decision that tells crashes of one key apart holds for the keys that their stacks get by
 * another algorithm or other rules. Found before any of them is grouped anew, so that the order in
 * which they are does not matter. Outcomes of db.h. */
#ifndef CORRAL_WORKERD_REGROUP_INHERIT_H
#define CORRAL_WORKERD_REGROUP_INHERIT_H

#include "workerd/regroup/restack.h"

/* way with its splits read anew, and those that are inherited added. With write, they are stored,
 * in the caller's transaction. */
int inherit_splits(struct db *d, struct blob_store *store, bool write, struct arena *a,
                   struct regroup_way *way);

#endif
