/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/rows_events.h"

#include "dashd/rows.h"

void rows_read_event(struct arena *a, const PGresult *res, int row, void *ret)
{
    *(struct event_row *)ret = (struct event_row){
        .crash_id = text_at(a, res, row, 0),
        .received_at = db_int(res, row, 1),
        .crashed_at = db_int(res, row, 2),
        .group_id = db_int(res, row, 3),
        .host = text_at(a, res, row, 4),
        .executable = text_at(a, res, row, 5),
        .version = text_at(a, res, row, 6),
        .pid = db_int(res, row, 7),
        .signal = db_int(res, row, 8),
        .flags = db_int(res, row, 9),
        .problem = text_at(a, res, row, 10),
        .crashes = count_at(res, row, 11),
        .first_at = db_int(res, row, 12),
    };
    if (((struct event_row *)ret)->crashes == 0)
        ((struct event_row *)ret)->crashes = 1;
}
