/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a crashed process, by build-id: what there is of each, and where it is now. */
#ifndef CORRAL_CLIENT_CTL_DEBUG_MODULES_H
#define CORRAL_CLIENT_CTL_DEBUG_MODULES_H

#include <jansson.h>

#include "client/ctl/debug/cache.h"
#include "common/base/arena.h"

#define MODULES_MAX 4096

enum module_origin { ORIGIN_NONE, ORIGIN_SERVER, ORIGIN_HOST };

struct module {
    const char *path, *build_id;
    const char *file;      /* the executable or library itself; NULL: nowhere */
    const char *debuginfo; /* a separate debug file; NULL: none, or not needed */
    enum module_origin origin;
    bool has_debug; /* the file has debug information itself */
    bool program;   /* that the process was started from */
};

struct modules {
    struct module *items;
    size_t n;
};

/* Those that an event names and that have a path and a build-id; the program first. Pure. */
struct modules modules_of(const json_t *event, struct arena *a);
/* Looks for the files: in the cache, on this host under the same path (when the build-id is the
 * same), at the server. An exit status: what is nowhere is no failure. */
int modules_find(struct modules *m, struct cache *cache, struct arena *a);
/* One line a module on stderr: what there is, and what to do about what there is not. */
void modules_tell(const struct modules *m, bool debuginfod);
/* "build_id", "path", "file", "debuginfo", "origin" of each. */
json_t *modules_json(const struct modules *m);

#endif
