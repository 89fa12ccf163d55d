/* SPDX-License-Identifier: Apache-2.0 */
/* The kind of a crash, told from the core's first bytes before any memory is copied: the
 * executable's build-id, signal and si_code, and where the program counter and its caller were
 * (module and offset, so that address space layout randomisation makes no difference). Two crashes
 * of one kind are very likely one bug; it steers budgets, and never groups. */
#ifndef CORRAL_CLIENT_HANDLER_KEY_H
#define CORRAL_CLIENT_HANDLER_KEY_H

#include "client/slim/slim.h"
#include "client/spool/ledger.h"
#include "common/base/arena.h"
#include "common/report/meta.h"

/* Fills kind, executable, module, build_id, offset, signal and code of *ret; texts live in the
 * arena or are borrowed from m and core. What can't be read is left unknown: there is always a
 * kind. m: executable, comm and unit are known. */
void key_read(const struct corefile *core, const struct slim_source *source,
              const struct crash_meta *m, struct arena *a, struct ledger_case *ret);
/* Of the container, else of the control group; unknown (all zero) for neither. */
void key_container(const struct crash_meta *m, struct ledger_key *ret);
/* The kind of a crash that nobody looked at: what it is of, and the signal. */
void key_unseen(const char *path, const char *comm, int64_t signal, struct ledger_key *ret);
/* Hexadecimal, for metadata. */
void key_text(const struct ledger_key *k, char ret[static LEDGER_KEY_TEXT]);

#endif
