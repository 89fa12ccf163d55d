/* SPDX-License-Identifier: Apache-2.0 */
/* What the handler gives up before it parses anything that the crashed process wrote: root, its
 * capabilities, new privileges, most of its memory and all system calls but those of a program that
 * reads its pipe and writes its spool. One way only. */
#ifndef CORRAL_CLIENT_HANDLER_RIGHTS_H
#define CORRAL_CLIENT_HANDLER_RIGHTS_H

#include <sys/types.h>

/* The very first: nobody may trace us, what we make is for nobody else, and our own crash starts no
 * further handler. */
void rights_harden(void);

/* Becomes uid and gid. The one capability that stays is that to read any file
 * (CAP_DAC_READ_SEARCH): executables are opened when the process has been let go. Who is not root
 * keeps what it is and is confined all the same. A failure leaves nothing to go on with. */
int rights_drop(uid_t uid, gid_t gid);
/* … and that one as well, of the calling thread: glibc knows nothing of capabilities. */
void rights_drop_last(void);

#endif
