/* SPDX-License-Identifier: Apache-2.0 */
/* A crash report made of a core file alone, long after the process is gone: what the handler reads
 * from /proc is here what the notes of the core tell. Build-ids are read from the first page of
 * each module, which the kernel puts into the core. */
#ifndef CORRAL_CLIENT_CTL_POSTMORTEM_H
#define CORRAL_CLIENT_CTL_POSTMORTEM_H

#include "common/core/corefile.h"
#include "common/report/meta.h"

/* Fills what the core tells; texts live in the arena. Other fields are left alone. */
void postmortem_read(const struct corefile *core, struct arena *a, struct crash_meta *m);
/* The module of the program itself: the one mapped at the entry point. NULL when the core does not
 * tell. */
struct meta_module *postmortem_program(const struct corefile *core, struct crash_meta *m);

#endif
