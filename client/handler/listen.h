/* SPDX-License-Identifier: Apache-2.0 */
/* corral-handler as a service of the coredump socket (coredump_socket.h). This process only
 * accepts: each crash has a child of its own, which may hang, crash or be killed without another
 * crash being the worse for it. Whatever could wait for a disk or for the crashed process is done
 * in children. At most LISTEN_CHILDREN of them are at work; a crash beyond is refused within
 * microseconds, so that the process goes at once, and is counted. */
#ifndef CORRAL_CLIENT_HANDLER_LISTEN_H
#define CORRAL_CLIENT_HANDLER_LISTEN_H

#define LISTEN_CHILDREN 16

/* argv behind the program's name and --listen: [-c FILE] [SOCKET]. The socket is the one that
 * systemd hands over (sd_listen_fds(3)), else it is bound here. The exit status of the program. */
int listen_run(int argc, char **argv);

#endif
