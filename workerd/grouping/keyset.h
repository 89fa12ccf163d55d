/* SPDX-License-Identifier: Apache-2.0 */
/* All keys of a crash: which frames count for each, and when it has one (fingerprint.h tells what
 * they are for). Pure. */
#ifndef CORRAL_WORKERD_GROUPING_KEYSET_H
#define CORRAL_WORKERD_GROUPING_KEYSET_H

#include "workerd/grouping/fingerprint.h"
#include "workerd/grouping/selection.h"

/* g: its kind, class, detail and whether it was handled are known; keys, verdicts and culprit come
 * here. s: as selection_make left it. */
void keyset_make(const struct rules *rules, struct selection *s, struct grouping *g);

#endif
