/* SPDX-License-Identifier: Apache-2.0 */
/* Tells that a crash came into the spool, within milliseconds: inotify(7) on its folder. */
#ifndef CORRAL_CLIENT_SENDER_WATCH_H
#define CORRAL_CLIENT_SENDER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct watch {
    int inotify;
};

#define WATCH_CLOSED ((struct watch){-1})

int watch_open(const char *spool, struct watch *ret);
/* A write to that file counts as a crash. */
int watch_also(struct watch *w, const char *path);
void watch_close(struct watch *w);
#define _cleanup_watch_ _cleanup_(watch_close)

/* One came since watch_forget. */
bool watch_came(const struct watch *w);
void watch_forget(const struct watch *w);
/* Until one comes, wake (a descriptor, or -1) is readable, or the time is over. crash: false when a
 * crash does not end it. */
void watch_wait(const struct watch *w, bool crash, int wake, int64_t usec);

#endif
