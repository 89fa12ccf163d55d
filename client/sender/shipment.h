/* SPDX-License-Identifier: Apache-2.0 */
/* One crash from the spool to the server: its report and core, then the modules that the answer
 * asks for, then the full core where there is one (full.h). Each step leaves its result in the
 * spool before the next one begins (entry.h), so that it goes on where a kill, a reboot or a dead
 * network ended it; and each is one call, so that other crashes come between. */
#ifndef CORRAL_CLIENT_SENDER_SHIPMENT_H
#define CORRAL_CLIENT_SENDER_SHIPMENT_H

#include "client/sender/complaint.h"
#include "client/spool/entry.h"
#include "client/spool/ledger.h"
#include "client/spool/settings.h"
#include "client/transport/upload.h"

/* What all shipments need; borrowed. */
struct shipper {
    const struct settings *settings;
    const struct spool *spool;
    struct connection *connection;
    struct ledger *ledger;        /* NULL: there is none */
    struct complaint *complaints; /* one for each upload_verdict */
    bool (*urgent)(void *arg);    /* a new crash waits: modules have time. NULL: never */
    void *arg;
};

static inline bool shipper_is_urgent(const struct shipper *s)
{
    return s->urgent && s->urgent(s->arg);
}

enum shipment_outcome {
    SHIPMENT_LEFT = 1, /* this step is done, others are left */
    SHIPMENT_NOTHING,  /* there is nothing to do for this step */
};

/* Each tells in *ret how it went, with texts in the arena; only UPLOAD_DONE and UPLOAD_REFUSED end
 * the step. 0: the entry has left the spool, unless the verdict says otherwise. Negative: it could
 * not be read or changed; -ENOENT: somebody took it away. */

/* Report and core, of a crash that the server has not acknowledged. */
int shipment_post(const struct shipper *s, const char *id, struct arena *a, struct upload *ret);
/* Modules, of one that it has. */
int shipment_modules(const struct shipper *s, const char *id, struct arena *a, struct upload *ret);

#endif
