/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about a process and its machine, from texts of /proc (proc(5)) and from the notes of its
 * core into its metadata. What a text does not say stays unknown. Pure; texts are copied to the
 * arena. */
#ifndef CORRAL_CLIENT_HANDLER_FACTS_H
#define CORRAL_CLIENT_HANDLER_FACTS_H

#include "common/base/arena.h"
#include "common/core/corefile.h"
#include "common/report/meta.h"

/* status: memory, seccomp, capabilities, parent. */
void facts_from_status(struct str text, struct arena *a, struct crash_meta *m);
/* True when status says that the real, effective, saved and file system ids of user and group are
 * each alike: the process ran with no rights but its caller's. */
bool facts_same_ids(struct str status);
/* True when the real user is this one. */
bool facts_is_user(struct str status, int64_t uid);
/* limits, without those that are unlimited. */
void facts_from_limits(struct str text, struct arena *a, struct crash_meta *m);
void facts_from_io(struct str text, struct crash_meta *m);
/* cpuinfo: model and microcode of the CPU that the crash happened on (m->cpu), or the first. */
void facts_from_cpuinfo(struct str text, struct arena *a, struct crash_meta *m);
/* si_code, and what belongs to it: the address of a fault, or who sent the signal. */
void facts_from_core(const struct corefile *core, struct arena *a, struct crash_meta *m);

#endif
