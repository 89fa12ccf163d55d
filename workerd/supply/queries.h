/* SPDX-License-Identifier: Apache-2.0 */
/* The SQL of the supplier: what is missing and was not asked for lately, and what came of asking.
 * Outcomes of db.h. */
#ifndef CORRAL_WORKERD_SUPPLY_QUERIES_H
#define CORRAL_WORKERD_SUPPLY_QUERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/store/blob.h"
#include "common/store/db.h"

/* As query_heal_lead, of the supplier. */
int query_supply_lead(struct db *d, bool *ret);

struct want {
    int64_t module_id;
    const char *build_id;
    enum module_kind kind; /* the executable of a module of which there is nothing; debuginfo */
};
struct wants {
    struct want *rows;
    size_t n;
};
/* The first of them would heal most events. */
int query_supply_wants(struct db *d, int64_t now, size_t limit, struct arena *a, struct wants *ret);
/* Nobody asks for it before again_at. */
int query_supply_note(struct db *d, const struct want *w, int64_t now, int64_t again_at,
                      const char *outcome);

#endif
