/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule of the grouping is about, for whoever reads its name beside a frame: told from the
 * shipped rules (etc/grouping.rules), which are embedded. A stack may have been grouped by others.
 * Pure. */
#ifndef CORRAL_DASHD_GROUPING_RULENOTES_H
#define CORRAL_DASHD_GROUPING_RULENOTES_H

#include "common/base/arena.h"
#include "common/base/str.h"

/* A sentence; verdict as stored: a name may stand for rules that decide differently. */
const char *rule_note(const char *rule, const char *verdict, struct arena *a);

/* The heading under which a rule of that name and one of these actions stands in a text of rules;
 * the empty slice when there is none. */
struct str rule_heading(struct str text, const char *rule, const char *const *actions);

#endif
