/* SPDX-License-Identifier: Apache-2.0 */
/* One crash from the spool to the server: its report and core, then the modules that the answer
 * asks for. Each step leaves its result in the spool before the next one begins (entry.h), so that
 * it goes on where a kill, a reboot or a dead network ended it. */
#ifndef CORRAL_CLIENT_SENDER_SHIPMENT_H
#define CORRAL_CLIENT_SENDER_SHIPMENT_H

#include "client/spool/entry.h"
#include "client/spool/settings.h"
#include "client/transport/upload.h"

/* What all shipments need; borrowed. */
struct shipper {
    const struct settings *settings;
    const struct spool *spool;
    struct connection *connection;
};

/* Sends what is left to send of that entry. *ret tells how it went; UPLOAD_DONE and UPLOAD_REFUSED:
 * the entry has left the spool. Its texts live in the arena. Negative: the entry could not be read
 * or changed. */
int shipment_send(const struct shipper *s, const char *id, struct arena *a, struct upload *ret);

#endif
