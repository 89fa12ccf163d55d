/* SPDX-License-Identifier: Apache-2.0 */
/* SQL about where a group's crashes happen, beside the other crashes of its program; queries.h has
 * the conventions. */
#ifndef CORRAL_DASHD_QUERIES_ATTRIBUTES_H
#define CORRAL_DASHD_QUERIES_ATTRIBUTES_H

#include "dashd/attributes.h"
#include "dashd/queries.h"

struct attribute_list {
    struct attribute *rows; /* stands_out is not told */
    size_t n;
};
/* Values that the group has, the most frequent ones first. Compared with the ATTRIBUTE_OTHERS
 * groups of the same program that crashed last. */
int query_group_attributes(struct db *d, struct arena *a, int64_t id, struct attribute_list *ret);

struct attribute_version_list {
    struct attribute_version *rows; /* the oldest first; those that have no order are left out */
    size_t n;
};
int query_group_versions(struct db *d, struct arena *a, int64_t id,
                         struct attribute_version_list *ret);

#endif
