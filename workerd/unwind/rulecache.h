/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a code address: its module, its rule. A recursion and threads that wait ask for
 * the same few addresses, so rules stay decoded; when the cache is full it begins anew. */
#ifndef CORRAL_WORKERD_UNWIND_RULECACHE_H
#define CORRAL_WORKERD_UNWIND_RULECACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workerd/unwind/trampoline.h"
#include "workerd/unwind/walk.h"

#define RULE_CACHE_MAX       64u  /* addresses */
#define RULE_CACHE_REGISTERS 512u /* of all their rules */
#define RULE_CACHE_BUCKETS   256u

struct unwind_rule {
    uint64_t pc;
    bool exact;
    const struct image_module *mapped;   /* NULL: in no module */
    const struct unwind_module *module;  /* NULL: likewise */
    const struct trampoline *trampoline; /* known without call frame information; NULL */
    bool covered;                        /* by call frame information; then: */
    bool signal;                         /* also of a trampoline */
    bool signed_return, cfa_is_expression;
    uint16_t return_column, cfa_register;
    int64_t cfa_offset;
    struct cfi_expression cfa_expression;
    size_t n;
    const struct cfi_register *registers; /* only those that take part in unwinding */
};

/* The rule at a position. Valid until the next call. */
const struct unwind_rule *rule_at(struct walk *w, uint64_t pc, bool exact);
/* The symbol that holds the rule's address; false when its module knows none. */
bool rule_symbol(const struct unwind_rule *r, uint64_t address, struct index_symbol *ret);

#endif
