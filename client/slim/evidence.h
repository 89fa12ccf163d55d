/* SPDX-License-Identifier: Apache-2.0 */
/* What tells why the process died, and is in files alone: the kernel dumps no code and no
 * constants, and a server may have nothing of a program but its unwind tables. A few pages: the
 * instruction that faulted, the call that led to nowhere, the name of an exception's type. */
#ifndef CORRAL_CLIENT_SLIM_EVIDENCE_H
#define CORRAL_CLIENT_SLIM_EVIDENCE_H

#include "client/slim/interrupted.h"

/* The code at which the crashing thread stopped. */
void evidence_keep_code(struct choice *c);
/* … and that where its handlers interrupted it. */
void evidence_keep_interrupted(struct choice *c, const struct interrupted *in);
/* Where the program gave up: the C++ exception that the top of the stack points at, its type, the
 * types that it is derived from, and its text. Chooses and copies in turns. -ENOMEM. */
int evidence_keep_exception(struct choice *c, struct held *h);

#endif
