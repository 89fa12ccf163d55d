/* SPDX-License-Identifier: Apache-2.0 */
/* The sender as a service: one thread that waits for crashes (inotify(7) tells within milliseconds)
 * and for the end of a back-off, and runs rounds. It holds the spool's lock for all its life, so
 * that handlers start no sender of their own. */
#ifndef CORRAL_CLIENT_SENDER_SERVICE_H
#define CORRAL_CLIENT_SENDER_SERVICE_H

#include "client/spool/settings.h"

/* Starts the thread. settings are borrowed until the stop. */
int service_start(const struct settings *settings);
/* A transfer that is under way has SERVICE_DRAIN_MAX to end, then it is given up: it will be sent
 * again. */
void service_stop(void);

#endif
