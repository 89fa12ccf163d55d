/* SPDX-License-Identifier: Apache-2.0 */
/* A full core behind its crash: sent in parts, each of which begins where the server says that the
 * last one ended, also while the handler still writes the file. Between two parts others come to
 * their turn: a part takes about a second, whatever the network. */
#ifndef CORRAL_CLIENT_SENDER_FULL_H
#define CORRAL_CLIENT_SENDER_FULL_H

#include <stdbool.h>

#include "client/sender/shipment.h"

enum full_outcome {
    FULL_NONE = 1, /* the entry has none, or its turn has not come */
    FULL_GROWS,    /* all that there is has been sent; the handler writes more */
    FULL_STOPPED,  /* stop said so; more could be sent now */
};

struct full_visit {
    struct upload upload; /* UPLOAD_DONE unless something went wrong */
    uint64_t bytes;       /* of the core, at the server now */
    const char *lost;     /* why it was given up, in the arena; NULL */
};

/* Sends what there is, until stop (may be NULL) says so. 0: it is at the server or given up, and
 * the entry has left the spool; or the verdict is neither UPLOAD_DONE nor UPLOAD_REFUSED. Negative
 * as shipment_post. */
int full_send(const struct shipper *s, const char *id, bool (*stop)(void *arg), void *arg,
              struct arena *a, struct full_visit *ret);

#endif
