/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to the server besides crashes, each once for each build-id: executables and libraries,
 * or unwind sidecars of them, as the handler put them on the shelf and the server asks for them;
 * and the host's separate debug files below /usr/lib/debug. Those are large and nothing waits for
 * them: a crash only leaves a note on the shelf, where the file is, and they are sent when all
 * crashes are. */
#ifndef CORRAL_CLIENT_SENDER_MODULES_H
#define CORRAL_CLIENT_SENDER_MODULES_H

#include <stdbool.h>

#include "client/sender/shipment.h"
#include "common/report/meta.h"

#define MODULES_DEBUG_FOLDER "/usr/lib/debug"

/* The modules of one crash; borrows all. */
struct module_list {
    const struct shipper *shipper;
    const struct crash_meta *meta;
    struct arena *arena;
};

enum modules_outcome {
    MODULES_LATER = 1, /* something more urgent came; the rest waits */
};

/* The build-ids that the server asks for, one a line: sends each that there is. A module that is
 * refused for good is done with as well: it must not be in the way of the crash. u->verdict is
 * UPLOAD_DONE, or why the rest has to wait. MODULES_LATER. */
int modules_send(const struct module_list *l, struct str wanted, struct upload *u);
/* What is on the shelf and was not asked for is at the server, unless the answer was full. */
void modules_mark_known(const struct module_list *l, const struct answer *answer);
/* Notes which debug files of these modules the host has and the server was not asked about. */
void modules_note_debuginfo(const struct module_list *l);

/* Sends the debug files that were noted, until the server takes no more or stop (may be NULL) says
 * so. What does not go through stays noted. */
void modules_send_debuginfo(const struct shipper *s, bool (*stop)(void *arg), void *arg);

/* Where the host may have the debug file of a module, for a path that the crashed process mapped
 * and the name in .gnu_debuglink (NULL or ""; see client/sidecar/debuglink.h); relative to the
 * folder of debug files. i counts from 0; false behind the last. Pure. */
bool modules_debug_path(const char *path, const char *build_id, const char *link, unsigned i,
                        char *ret, size_t size);

#endif
