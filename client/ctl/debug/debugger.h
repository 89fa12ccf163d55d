/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a debugger that looks at a crash of another machine. What it reads is a
 * stranger's, so it is told to run nothing that it finds: no file of its own configuration (-nx),
 * nothing that comes with modules or folders (auto-load), no question to the network (debuginfod)
 * unless somebody wants it. Pure. */
#ifndef CORRAL_CLIENT_CTL_DEBUG_DEBUGGER_H
#define CORRAL_CLIENT_CTL_DEBUG_DEBUGGER_H

#include <stdbool.h>

#include "common/base/arena.h"

#define DEBUGGER_ARGUMENTS_MAX 256

struct debugger_job {
    bool lldb, debuginfod;
    const char *program;    /* of the debugger; NULL: "gdb" or "lldb" */
    const char *session;    /* a sysroot's folder */
    const char *executable; /* NULL: none is there */
    const char *core;
    const char *words; /* further arguments with blanks between them; NULL */
    char *const *rest; /* and singly */
    int n_rest;
};

/* An argv, ended by NULL, in the arena; NULL: more arguments than the maximum. */
char **debugger_command(const struct debugger_job *job, struct arena *a);

#endif
