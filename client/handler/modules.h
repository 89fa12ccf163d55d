/* SPDX-License-Identifier: Apache-2.0 */
/* The executable and the shared libraries that the process had mapped. While it is held only O_PATH
 * descriptors are taken, through /proc/PID/map_files: they name the very inode, also of a file that
 * was deleted, upgraded or lies in another mount namespace, and take no path lookup in a tree that
 * the process may have built. Reading the files (which may wait for a disk or a network) is done
 * when the process has been let go. */
#ifndef CORRAL_CLIENT_HANDLER_MODULES_H
#define CORRAL_CLIENT_HANDLER_MODULES_H

#include "client/handler/process.h"
#include "client/handler/procfs.h"
#include "client/spool/spool.h"

struct modules {
    struct meta_module *entries; /* in the arena */
    int *fds;                    /* O_PATH, -1 where the file could not be opened */
    size_t n;
    bool cut; /* there were more than META_MODULES_MAX */
};

/* A file counts as module when any of its adjacent mappings is executable: data files are nobody's
 * business. */
void modules_read(const struct process *p, struct arena *a, struct modules *ret);
/* Finds the build-ids, and puts on the shelf what neither it nor the server has; such modules are
 * offered. A file of more than module_max bytes is not copied, nor more than twice as much of all:
 * sparse files that a program maps by the thousand cost it nothing. The first failure to copy is
 * returned after all were tried. */
int modules_keep(struct modules *m, const struct spool *s, uint64_t module_max, struct arena *a);
void modules_close(struct modules *m);

#endif
