/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of a capture (capture.h) hand to each other. Private to them. */
#ifndef CORRAL_CLIENT_HANDLER_STEPS_H
#define CORRAL_CLIENT_HANDLER_STEPS_H

#include <stdbool.h>

#include "client/process/arguments.h"
#include "client/handler/body.h"
#include "client/handler/chain.h"
#include "client/handler/deputy.h"
#include "client/handler/head.h"
#include "client/handler/hold.h"
#include "client/handler/memory.h"
#include "client/handler/missed.h"
#include "client/process/modules.h"
#include "client/process/process.h"
#include "client/handler/sink.h"
#include "client/slim/slim.h"
#include "client/spool/entry.h"
#include "client/spool/ledger.h"
#include "client/spool/settings.h"
#include "common/base/arena.h"
#include "common/core/corefile.h"
#include "common/report/meta.h"

struct capture {
    struct arena arena;
    const struct arguments *args;
    struct settings settings;
    struct hold hold;

    /* look */
    struct crash_meta meta;
    struct process process;
    struct memory memory;
    struct modules modules;
    struct missed missed;   /* the kernel log, which tells of crashes that never reached us */
    uint64_t core_limit;    /* RLIMIT_CORE as far as it is honoured; UINT64_MAX: none */
    bool known;             /* what /proc told is the crashed process' own */
    struct privacy privacy; /* what of it must not leave the host */

    /* where it goes: a folder, or a deputy that sends it away at once */
    struct spool spool; /* owner known, dir -1 without a folder */
    int ledger_dir;
    bool streamed;
    int spool_error; /* why there is neither */
    struct deputy sender;
    struct chain chain;
    struct ledger *ledger; /* NULL: none */

    /* head, decide */
    struct head head;
    struct corefile core;
    bool has_core; /* head is one of a core that we read */
    struct ledger_case crash;
    char kind[LEDGER_KEY_TEXT], like[UUID_TEXT_SIZE];
    enum fidelity fidelity;

    /* slim, keep */
    struct slim *slim;
    struct body body; /* of a full core */
    struct draft draft;
    struct entry entry;
    int core_fd, full_fd;
    struct sink full;
    bool published;
};

/* look.c: as root. */
void look_at_process(struct capture *c);
/* Folder or deputy for what is kept; chain; the sender that is to be woken. */
void look_for_place(struct capture *c);

/* decide.c: from the head on. */
void decide(struct capture *c);

/* publish.c: a new crash id and, where there is a spool, a draft for it; then, when core_fd and
 * full_fd of it are set, the entry. Where there is no spool the sender is given the metadata. */
#define STREAM_PATIENCE 10000 /* msec that the sender may take no byte */
int publish_begin(struct capture *c);
int publish(struct capture *c);

/* keep.c. Each lets go of the process as soon as it can. 0, or why nothing was kept. */
int keep_meta(struct capture *c);
int keep_slim(struct capture *c);
int keep_full(struct capture *c);

/* One line about this crash. */
void capture_warn(const struct capture *c, const char *what, const char *why);
void capture_fail(const struct capture *c, const char *what, int error);

#endif
