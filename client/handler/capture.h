/* SPDX-License-Identifier: Apache-2.0 */
/* One crash, from the first byte of its core to a whole entry in the spool, or to a count in the
 * ledger. The order of the steps is the point of this program:
 *
 *     begin      take the pipe and start the watchdog, before anything can hang      as root
 *     look       read /proc while the process is sure to be there                    as root
 *     drop       become the spool's owner, without rights and behind seccomp (rights.h)
 *     head       ELF header, program headers and notes, from the pipe
 *     decide     how much of it is kept: its kind, the budgets, the server's wish
 *     slim       copy what stacks need out of the memory of the held process
 *     verify     what was read is the crashed process' own
 *     release    the process goes
 *     keep       blank, compress, fsync, make the entry whole; copies of modules
 *
 * A crash that is kept in full is kept slim first: the entry is on disk before the bulk of the
 * memory is read, and the process goes at its last byte. Each step gives what it can: whatever
 * fails, the crash is spooled with what is known, or at least counted, and a line says what is
 * missing. */
#ifndef CORRAL_CLIENT_HANDLER_CAPTURE_H
#define CORRAL_CLIENT_HANDLER_CAPTURE_H

#include "client/process/arguments.h"

/* Takes one crash; called once in the life of a process, for it gives up root and never gets it
 * back. Who serves many (the coredump socket) forks first, and the child holds no other crash's
 * descriptor.
 *
 * args: what is known of the crash; pid at least. Descriptor args->pidfd, where there is one, is
 * the process' pidfd. Texts and args outlive the call.
 * core_fd: where the kernel writes the core: the read end of a pipe, or a connected socket. It is
 * taken, and the process is let go by its last close: no other process may hold a copy.
 *
 * 0: spooled or counted. -errno: neither, after a line in the log that says why. */
int capture_crash(const struct arguments *args, int core_fd);

/* For a crash that is not to be taken at all (a socket's connection that must be refused): counts
 * it, as root, without looking at the process. why: a static text. */
int capture_refused(const struct arguments *args, const char *why);

#endif
