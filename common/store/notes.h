/* SPDX-License-Identifier: Apache-2.0 */
/* Empty files that say something by being there: their names are their content, and their times
 * when it was said. Durable, for their folder is fsynced. Who calls has checked the names. root and
 * folder as for openat(2). */
#ifndef CORRAL_STORE_NOTES_H
#define CORRAL_STORE_NOTES_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/base/str.h"

#define NOTE_PATH_SIZE 256

/* One that is there already gets the present time, whoever owns it. */
int note_add(int root, const char *folder, const char *name);
/* Removing one that is not there is fine. */
int note_remove(int root, const char *folder, const char *name);
bool note_has(int root, const char *folder, const char *name);
/* Calls each that is older than min_age_usec and has a valid name, until fn returns non-zero, which
 * is then returned. fn may remove it. */
int note_each(int root, const char *folder, bool (*valid)(struct str name), int64_t min_age_usec,
              int (*fn)(const char *name, void *arg), void *arg);

/* For who looks through other folders. */
int note_open_folder(int root, const char *folder, DIR **ret);
/* How long ago it was changed; negative under a clock that was set back. */
int64_t note_age(const struct stat *st);

#endif
