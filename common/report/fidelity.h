/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a crash is kept. Ordered: what is more is larger. */
#ifndef CORRAL_REPORT_FIDELITY_H
#define CORRAL_REPORT_FIDELITY_H

#include "common/base/str.h"

enum fidelity {
    FIDELITY_UNSAID, /* by a client that does not say, or a person with curl */
    FIDELITY_COUNT,  /* that it happened, added to others of its kind */
    FIDELITY_META,   /* metadata, no memory */
    FIDELITY_SLIM,   /* what a debugger needs for stacks */
    FIDELITY_FULL,   /* all that the kernel dumps */
};

/* "count", "meta", "slim", "full"; NULL for FIDELITY_UNSAID. */
const char *fidelity_name(enum fidelity f);
/* FIDELITY_UNSAID for any other text. "none" is what a server that wants no core says: meta. */
enum fidelity fidelity_parse(struct str text);

#endif
