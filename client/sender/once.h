/* SPDX-License-Identifier: Apache-2.0 */
/* `corral-sender --once`: what the handler starts where no service runs, and what a person or a
 * timer may. */
#ifndef CORRAL_CLIENT_SENDER_ONCE_H
#define CORRAL_CLIENT_SENDER_ONCE_H

/* A mode of daemon.h; conf is a struct settings. 0: the spool is empty. 75 (EX_TEMPFAIL of
 * sysexits.h): something stays, for the server takes it not now or another sender is at work. 1:
 * the spool can't be used. */
int once_run(int argc, char **argv, const void *conf);

#endif
