/* SPDX-License-Identifier: Apache-2.0 */
/* Keys get their groups, all at once: what assign.h says of a census is written, new groups are
 * made, and what a key was before is forgotten. From then on events are to follow (settle.h). */
#ifndef CORRAL_WORKERD_REGROUP_OWNERS_H
#define CORRAL_WORKERD_REGROUP_OWNERS_H

#include "common/store/db.h"

struct owners_result {
    int64_t groups_made, keys_moved;
};

/* first_new: as in assign_input. In the caller's transaction, which is about nothing else and sees
 * only what is committed. */
int owners_write(struct db *d, int64_t first_new, struct owners_result *ret);

#endif
