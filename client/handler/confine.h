/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that are left when rights are dropped: those that read what is open, write the
 * spool and keep threads. No program is started, no socket opened, no memory made executable, no
 * other process looked at or signalled. Whoever tries is killed, and the kernel lets go of the
 * dying process with us; a call that is in no table is answered ENOSYS. */
#ifndef CORRAL_CLIENT_HANDLER_CONFINE_H
#define CORRAL_CLIENT_HANDLER_CONFINE_H

/* All threads, for good. Needs no_new_privs. -errno. */
int confine(void);

#endif
