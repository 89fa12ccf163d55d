/* SPDX-License-Identifier: Apache-2.0 */
/* Where rules come from: a site's files, and after them the shipped ones, which are part of the
 * program. */
#ifndef CORRAL_WORKERD_GROUPING_RULESET_H
#define CORRAL_WORKERD_GROUPING_RULESET_H

#include "common/base/arena.h"
#include "workerd/grouping/rulefile.h"

#define RULESET_SUFFIX ".rules"

/* etc/grouping.rules as it was when this program was built (workerd/rules.mk). */
extern const char grouping_rules_text[];

/* Files and folders, in the order in which they are read; of a folder, those whose names end in
 * RULESET_SUFFIX, sorted by name. A folder that is missing is empty. The rules and what ret_error
 * names live in the arena. -EINVAL with *ret_error filled, also when a file cannot be read. */
int ruleset_read(const char *const *paths, size_t n, struct arena *a, struct rules *ret,
                 struct rules_error *ret_error);

/* On standard error: FILE:LINE:COLUMN: what is wrong. */
void rules_error_print(const struct rules_error *e);

/* The shipped rules alone, which are made at the first call and live as long as the process; for
 * one thread at a time. */
const struct rules *ruleset_shipped(void);

#endif
