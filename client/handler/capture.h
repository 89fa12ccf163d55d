/* SPDX-License-Identifier: Apache-2.0 */
/* One crash, from the kernel's call to a whole entry in the spool. The order of the steps is the
 * point of this program:
 *
 *     begin      take the pipe and start the watchdog, before anything can hang
 *     observe    read /proc while the process is sure to be there: with core_pipe_limit 0 it may
 *                vanish with the last bytes of the pipe
 *     dump       drain the pipe, which lets the process go
 *     keep       everything that takes its time: libraries, fsync, the entry made whole
 *
 * Each step gives what it can: whatever fails, the crash is spooled with what is known and a line
 * says what is missing. */
#ifndef CORRAL_CLIENT_HANDLER_CAPTURE_H
#define CORRAL_CLIENT_HANDLER_CAPTURE_H

#include "client/handler/arguments.h"
#include "client/handler/hold.h"
#include "client/handler/modules.h"
#include "client/spool/entry.h"
#include "client/spool/settings.h"
#include "common/base/arena.h"
#include "common/report/meta.h"

struct capture {
    struct arena arena;
    struct arguments args;
    struct settings settings;
    struct hold hold;
    struct spool spool;
    struct draft draft;
    int core; /* core.zst of the draft; -1 when there is none */
    struct modules modules;
    struct crash_meta meta;
};

/* Each returns 0, or a negative errno after having logged why nothing can be kept. */
int capture_begin(struct capture *c, int argc, char **argv);
void capture_observe(struct capture *c);
int capture_dump(struct capture *c);
int capture_keep(struct capture *c);
/* Starts a sender for the entry where none is at work. */
void capture_hand_over(struct capture *c);
void capture_end(struct capture *c);

#endif
