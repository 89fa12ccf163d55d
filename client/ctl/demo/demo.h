/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of the demonstration hand to each other. */
#ifndef CORRAL_CLIENT_CTL_DEMO_DEMO_H
#define CORRAL_CLIENT_CTL_DEMO_DEMO_H

#include <limits.h>

#include <jansson.h>

#include "client/ctl/demo/history.h"
#include "client/ctl/verbs.h"
#include "common/base/id.h"

#define DEMO_LABEL "demo"

struct demo {
    const struct access *access;
    struct connection *dash, *ingest;
    struct arena arena;
    int64_t now;
    struct history history;
    char folder[PATH_MAX];                     /* of the programs */
    int cores[DEMO_PROGRAMS];                  /* -1: the program is not installed */
    char seeds[DEMO_PROGRAMS][UUID_TEXT_SIZE]; /* crash ids of the first crashes */
    const char *groups[DEMO_PROGRAMS];         /* "G-1" */
    int64_t crashes;                           /* that were sent */
    bool progress;                             /* on a terminal */
};

/* "label n of all" in one line that is written over; the last one ends it. */
void demo_progress(const struct demo *d, const char *label, size_t n, size_t all);

/* --- Filling; exit statuses --- */

/* Runs each program until it crashes. */
int demo_take_cores(struct demo *d);
/* The first crash of each program, and the groups that they found. */
int demo_send_seeds(struct demo *d);
int demo_send_history(struct demo *d);
/* What people say of the groups, and the crash that comes after it. */
int demo_decide(struct demo *d);

/* --- Finding it again --- */

/* Groups of the server, sorted by whether they are the demonstration's: all crashes are of its
 * programs and on its hosts. ours and others are arrays of "G-1". */
int demo_find(struct demo *d, json_t *ours, json_t *others);

#endif
