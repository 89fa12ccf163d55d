/* SPDX-License-Identifier: Apache-2.0 */
/* corral-workerd is several programs, in lib/corral: the engine, to which the name corral-workerd
 * leads and which becomes the others; the daemon; and the reference. Each links what it needs: the
 * daemon forty libraries, the engine none, so that it starts in a millisecond and has no secrets.
 */
#ifndef CORRAL_WORKERD_FRONT_PROGRAMS_H
#define CORRAL_WORKERD_FRONT_PROGRAMS_H

#include <stddef.h>

#define PROGRAM_DAEMON    "corral-workerd-daemon"
#define PROGRAM_ENGINE    "corral-engine"
#define PROGRAM_REFERENCE "corral-reference"
#define PROGRAM_FETCHER   "corral-fetcher"

/* Which engine's program --analyse with these arguments asks for. */
const char *program_of_analysis(int argc, char **argv);
/* The path of one of them, from wherever the calling program (one of them itself) lies; 0, -errno.
 */
int program_path(const char *name, char *ret, size_t size);
/* Becomes it; returns only on failure, -errno. */
int program_exec(const char *name, char **argv);

#endif
