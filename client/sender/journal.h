/* SPDX-License-Identifier: Apache-2.0 */
/* What a unit wrote to the journal before one of its processes crashed. Entries are chosen by
 * fields that journald vouches for (unit, pid, boot; systemd.journal-fields(7)), never by a name
 * that a program gives itself. The handler does not do this: it would have to wait for a disk, and
 * need a right to read all logs. The lines are for a report: secrets are taken out (redact.h),
 * control characters are gone, each line and all of them together are bounded. */
#ifndef CORRAL_CLIENT_SENDER_JOURNAL_H
#define CORRAL_CLIENT_SENDER_JOURNAL_H

#include "client/spool/settings.h"
#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/report/meta.h"

#define JOURNAL_BYTES_MAX (64u * 1024) /* of all lines of one crash */

/* The last settings->log_lines lines up to the crash, the oldest first: of the service that it
 * belonged to, else of the process itself. file: a journal file instead of the host's (tests);
 * NULL. None, when there is no journal or we may not read it. */
struct meta_texts journal_lines(const char *file, const struct crash_meta *m,
                                const struct settings *s, struct arena *a);
/* Adds them as "log" to the metadata's JSON, of which nothing else changes; unless it has some. */
void journal_add(const struct crash_meta *m, const struct settings *s, struct arena *a,
                 struct buf *json);

/* --- Pure --- */

/* Messages, each ended by a newline: redacted, cut and cleaned. */
struct meta_texts journal_clean(char *text, size_t n, const char *names, struct arena *a);

#endif
