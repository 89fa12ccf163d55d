/* SPDX-License-Identifier: Apache-2.0 */
/* What ingestd says about an upload, read with suspicion: the bytes may come from anything that
 * answers on that address. Pure. */
#ifndef CORRAL_CLIENT_TRANSPORT_ANSWER_H
#define CORRAL_CLIENT_TRANSPORT_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/report/fidelity.h"

#define ANSWER_MODULES_MAX 4096
#define ANSWER_DETAIL_MAX  1024

enum answer_outcome {
    ANSWER_MALFORMED = 1, /* not what ingestd writes: some other server, or a proxy */
};

/* {"crash_id":…,"want":{"modules":[build-id…],"core":…}}; build-ids that are none are left out. */
struct answer {
    const char *crash_id;
    const char **modules;
    size_t n_modules;
    enum fidelity core; /* of the next crash of this kind; FIDELITY_UNSAID */
};

int answer_parse(struct str json, struct arena *a, struct answer *ret);

/* The words of a problem (RFC 9457) for people: its detail, else its title, else NULL. Control
 * characters are blanked, so that a terminal can show it. */
const char *answer_problem(struct str json, struct arena *a);

/* The value of the header Upload-Offset: bytes that the server has; -1 when it is none. */
int64_t answer_offset(struct str value);

#endif
