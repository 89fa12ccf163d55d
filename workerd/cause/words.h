/* SPDX-License-Identifier: Apache-2.0 */
/* Within workerd/cause: a finding as text. A template is text with names in braces, each of which
 * stands for something of the finding: "{Access} at {address}". */
#ifndef CORRAL_WORKERD_CAUSE_WORDS_H
#define CORRAL_WORKERD_CAUSE_WORDS_H

#include "common/base/buf.h"
#include "common/report/limits.h"
#include "workerd/cause/rules.h"

#define WORDS_MAX (8u * 1024) /* bytes of a sentence */

/* A name that is not known is a bug. */
void words_sentence(const char *template, const struct finding *f, struct buf *b);
/* The facts of that set that there are, in the order of the set. Texts are in the arena. */
size_t words_evidence(unsigned set, const struct finding *f, struct arena *a,
                      struct evidence ret[static ANALYSIS_EVIDENCE_MAX]);

#endif
