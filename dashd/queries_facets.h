/* SPDX-License-Identifier: Apache-2.0 */
/* What the groups of a list have in common: the values of a field with the number of groups that
 * have each, of which links are made that narrow the list. The conventions are those of queries.h.
 */
#ifndef CORRAL_DASHD_QUERIES_FACETS_H
#define CORRAL_DASHD_QUERIES_FACETS_H

#include "common/search/fields.h"
#include "dashd/queries.h"

#define FACETS        8
#define FACET_VALUES  10   /* of each, those of most groups */
#define FACETS_GROUPS 1000 /* of a longer list, those that crashed last are counted */

/* Bits of a set are indices of this table. */
struct facet {
    const char *name; /* as in addresses: that of its field, or "status" */
    const char *label;
    enum search_field_id field;
};
extern const struct facet facets[FACETS];

/* "version,host": NULL and *ret filled (0 for NULL and ""), or what is wrong. */
const char *facets_parse(const char *names, unsigned *ret);

struct facet_value {
    unsigned facet;
    const char *value; /* as the query language has it, without quotes */
    uint64_t groups;
};
struct facet_list {
    struct facet_value *rows; /* by facet, most groups first */
    size_t n;
};
bool facet_has_values(const struct facet_list *l, unsigned facet);
int query_facets(struct db *d, struct arena *a, const struct listing *l, unsigned set, int64_t now,
                 struct facet_list *ret);

#endif
