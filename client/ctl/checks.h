/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be right before the kernel may be told to give its crashes to us. Each check says on
 * stderr what is wrong, where, and what to do about it. */
#ifndef CORRAL_CLIENT_CTL_CHECKS_H
#define CORRAL_CLIENT_CTL_CHECKS_H

#include <limits.h>
#include <stdbool.h>

#include "client/ctl/access.h"

/* The handler that was installed with this program, by its absolute path; false after having said
 * that there is none. */
bool checks_find_handler(char ret[static PATH_MAX]);
/* Executable, and nobody but root can change it: the kernel runs it as root. */
bool checks_handler(const char *path);
/* The spool is there and belongs to who sends, who can read the token. */
bool checks_sender(const struct access *access);

/* Does the kernel offer crashes by socket, and does somebody listen there? Changes nothing. */
bool checks_kernel_has_sockets(void);
bool checks_socket_answers(const char *path);

#endif
