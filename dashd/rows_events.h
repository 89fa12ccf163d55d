/* SPDX-License-Identifier: Apache-2.0 */
/* What every statement about events selects, and its reader. */
#ifndef CORRAL_DASHD_ROWS_EVENTS_H
#define CORRAL_DASHD_ROWS_EVENTS_H

#include "dashd/queries.h"
#include "dashd/rows.h"

#define EVENT_COLUMNS                                                                              \
    "e.crash_id, " USEC("e.received_at") ", " USEC(                                                \
        "e.crashed_at") ", e.group_id, h.hostname, "                                               \
                        "p.executable, p.version, e.pid, e.signal, e.flags, x.problem, "           \
                        "c.crashes, " USEC("c.first_at")
#define EVENT_TABLES                                                                               \
    "crash_events e JOIN hosts h ON h.id = e.host_id JOIN programs p ON p.id = e.program_id "      \
    "LEFT JOIN event_problems x ON x.crash_id = e.crash_id AND x.received_at = e.received_at "     \
    "LEFT JOIN event_counts c ON e.flags & 8 <> 0 "                                                \
    "AND c.crash_id = e.crash_id AND c.received_at = e.received_at "

#define EVENT_COLUMNS_N 13

/* A row_reader of EVENT_COLUMNS into a struct event_row. */
void rows_read_event(struct arena *a, const PGresult *res, int row, void *ret);

#endif
