/* SPDX-License-Identifier: Apache-2.0 */
/* Where no sender runs as a service, the handler starts one for what it has just spooled. */
#ifndef CORRAL_CLIENT_HANDLER_LAUNCH_H
#define CORRAL_CLIENT_HANDLER_LAUNCH_H

#include "client/spool/spool.h"

/* Starts `program --once -c CONF` as the spool's owner, detached from us, unless a sender holds the
 * spool's lock. program NULL or "": the corral-sender in the folder of our own program. */
int launch_sender(const struct spool *s, const char *program, const char *conf_path);

#endif
