/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files as they lie in a process's memory, by their own headers: what the kernel dumps of a
 * file is its first page. All of it was written by the process and is hostile. Opens nothing. */
#ifndef CORRAL_WORKERD_IMAGE_LOADED_H
#define CORRAL_WORKERD_IMAGE_LOADED_H

#include "common/core/corefile.h"
#include "workerd/image/image.h"

#define LOADED_UNNAMED "[unnamed]" /* path of a module that nothing tells the name of */

/* The build-id in the headers at start, in the arena; NULL. */
const char *loaded_build_id(const struct corefile *core, uint64_t start, struct arena *a);

/* For a core that does not list its files (kernels before 3.7, or a list of over 4 MiB): every
 * segment that begins with an ELF header, and whose program headers describe mappings with code
 * that are there, is a module. The dynamic linker's list (linkmap.h) names them, and adds those
 * whose headers were not dumped. Not the vDSO. Fills at most max modules, sorted by start, and
 * returns how many. */
size_t loaded_modules(const struct corefile *core, struct arena *a, struct image_module *list,
                      size_t max);

#endif
