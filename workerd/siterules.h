/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that this process groups by: a site's and the shipped ones. Read once, before the pool
 * forks, so that all workers agree until the daemon is started again. */
#ifndef CORRAL_WORKERD_SITERULES_H
#define CORRAL_WORKERD_SITERULES_H

#include "workerd/grouping/rules.h"

/* A folder that is missing is empty. -EINVAL after having printed FILE:LINE:COLUMN: what is wrong
 * on standard error; the rules are then as before. */
int siterules_load(const char *folder);
/* The shipped ones where none were loaded. */
const struct rules *siterules_get(void);

/* Algorithm and rules by which stacks are grouped, as stacks.grouped has it:
 * "2/0123456789abcdef". */
#define GROUPED_SIZE 24
void grouped_name(const struct rules *rules, char ret[static GROUPED_SIZE]);
/* That of siterules_get(). */
const char *siterules_grouped(void);

#endif
