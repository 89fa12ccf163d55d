/* SPDX-License-Identifier: Apache-2.0 */
/* `corral-sender --stream`: one crash from the handler to the server, on a host without a spool. A
 * core that is short enough is kept in memory, and tried again for a while; a longer one goes to
 * the server as it comes, and what a broken connection loses is lost. */
#ifndef CORRAL_CLIENT_SENDER_STREAM_H
#define CORRAL_CLIENT_SENDER_STREAM_H

/* A mode of daemon.h; conf is a struct settings. 0: the server has it. 1: what came is no crash, or
 * it was lost, which the log says. */
int stream_run(int argc, char **argv, const void *conf);

#endif
