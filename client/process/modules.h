/* SPDX-License-Identifier: Apache-2.0 */
/* The executable and the shared libraries that the process had mapped, in three steps. While it is
 * held and we are root, O_PATH descriptors are taken through /proc/PID/map_files: they name the
 * very inode, also of a file that was deleted, upgraded or lies in another mount namespace, and
 * take no path lookup in a tree that the process may have built. Build-ids come from the process'
 * own memory, whose first page of each module has them: no file is opened to learn that its module
 * is known. Files are read (which may wait for a disk or a network) when the process has been let
 * go, and only those that neither shelf nor server has. */
#ifndef CORRAL_CLIENT_HANDLER_MODULES_H
#define CORRAL_CLIENT_HANDLER_MODULES_H

#include "client/process/process.h"
#include "client/process/procfs.h"
#include "client/slim/slim.h"
#include "client/spool/settings.h"
#include "client/spool/shelf.h"

struct modules {
    struct meta_module *entries; /* in the arena */
    int *fds;                    /* O_PATH, -1 where the file could not be opened */
    size_t n;
    bool cut; /* there were more than META_MODULES_MAX */
};

/* A file counts as module when any of its adjacent mappings is executable: data files are nobody's
 * business. Of more than META_MODULES_MAX those are kept, and come first, in which threads were or
 * will return to (landmarks.h). */
void modules_read(const struct process *p, struct arena *a, struct modules *ret);
/* Build-ids from memory, of the process or of a slim core. What is not found is left to
 * modules_keep. */
void modules_identify(struct modules *m, const struct slim_source *source, struct arena *a);
/* Puts on the shelf what neither it nor the server has, as a whole or as unwind sidecar; what is or
 * will be there is offered. With settings.modules = none nothing is. A file of more than module_max
 * bytes is not copied, nor more than twice as much of all: sparse files that a program maps by the
 * thousand cost it nothing. The first failure to copy is returned after all were tried. */
int modules_keep(struct modules *m, const struct spool *s, const struct settings *settings,
                 struct arena *a);
void modules_close(struct modules *m);

/* The build-id of the ELF file whose first bytes lie at address: read in at most
 * MODULES_IDENTIFY_MAX bytes, of which nothing is believed. ELF_NO_BUILD_ID, also of what is no ELF
 * file. Pure over the source. */
#define MODULES_IDENTIFY_MAX (64u * 1024)
int modules_build_id(const struct slim_source *source, uint64_t address,
                     char ret[static ELF_BUILD_ID_TEXT]);

#endif
