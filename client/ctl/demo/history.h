/* SPDX-License-Identifier: Apache-2.0 */
/* The past that a new server is shown: thirty days of a small fleet, made of a table of phases and
 * a seed, so that the same seed is the same past. Pure. */
#ifndef CORRAL_CLIENT_CTL_DEMO_HISTORY_H
#define CORRAL_CLIENT_CTL_DEMO_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

#define HISTORY_DAYS 30

enum { DEMO_HOSTS = 6, DEMO_VERSIONS = 3 };

extern const char *const demo_hosts[DEMO_HOSTS];
extern const char *const demo_versions[DEMO_VERSIONS]; /* the oldest first */

enum demo_program {
    DEMO_SESSION_CACHE,
    DEMO_IMAGE_THUMBS,
    DEMO_JSON_WALK,
    DEMO_JOB_QUEUE,
    DEMO_LEDGER,
    DEMO_RATE_METER,
    DEMO_CHAT_RELAY,
    DEMO_LOCK_ORDER,
    DEMO_PROGRAMS,
};

extern const char *const demo_programs[DEMO_PROGRAMS];

/* Crashes of one program, on one host, in one version. Times are usec since the epoch. */
struct demo_crashes {
    enum demo_program program;
    int host, version;
    int64_t first_at, last_at;
    int64_t count;
};

struct history {
    struct demo_crashes *rows; /* by phase, then by day; in the arena */
    size_t n;
    int64_t crashes; /* of all rows */
};

void history_make(uint64_t seed, int64_t now, struct arena *a, struct history *ret);
/* When the program crashed first, and in which version. */
struct demo_crashes history_begin(enum demo_program program, int64_t now);
/* Whether a host of that name is one of the six. */
bool history_has_host(const char *name);

#endif
