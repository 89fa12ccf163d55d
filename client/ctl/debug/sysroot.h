/* SPDX-License-Identifier: Apache-2.0 */
/* What a debugger is shown in place of the machine that crashed: a folder of links into the cache.
 *
 *   root/usr/lib/libfoo.so.1.2    by the path that the process had mapped
 *   names/libfoo.so.1             by the names that it may be asked for (solib-search-path)
 *   debug/.build-id/ab/cd….debug  debug information by build-id (debug-file-directory)
 *
 * Paths come from the crash and are hostile: each is walked a component at a time below the folder,
 * through no link, and one that has "..", or would pass through a file, is left out. */
#ifndef CORRAL_CLIENT_CTL_DEBUG_SYSROOT_H
#define CORRAL_CLIENT_CTL_DEBUG_SYSROOT_H

#include <limits.h>
#include <stdbool.h>

#define SYSROOT_DEPTH_MAX 64

struct sysroot {
    char path[PATH_MAX];
    int fd;
};

/* A new folder below `parent`. -errno. */
int sysroot_new(const char *parent, struct sysroot *ret);
/* Removes it. */
void sysroot_free(struct sysroot *s);

/* file: absolute, ours. False when the path can't be shown, as when something else is there. */
bool sysroot_add(struct sysroot *s, const char *path, const char *file);
/* A plain file name. */
bool sysroot_add_name(struct sysroot *s, const char *name, const char *file);
int sysroot_add_debug(struct sysroot *s, const char *build_id, const char *file);

/* " (deleted)" behind a path is the kernel's, proc(5). Pure; the length of the path without it. */
int sysroot_path_length(const char *path);

#endif
