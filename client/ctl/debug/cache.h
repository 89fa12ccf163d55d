/* SPDX-License-Identifier: Apache-2.0 */
/* What was fetched from servers, kept for the next time below ~/.cache/corral ($XDG_CACHE_HOME):
 *
 *   BUILD-ID/executable, BUILD-ID/debuginfo   whose own build-id is that of the folder
 *   core-ID/FIDELITY                          a core, unpacked
 *
 * A file gets its name when it is whole and checked, so whatever has a name is right. The folder is
 * its owner's alone, for cores hold memory of programs. It may have cache_max bytes: what was not
 * used for the longest time goes first. */
#ifndef CORRAL_CLIENT_CTL_DEBUG_CACHE_H
#define CORRAL_CLIENT_CTL_DEBUG_CACHE_H

#include <limits.h>

#include "client/ctl/verbs.h"

struct cache {
    const struct access *access;
    struct connection *c;
    char path[PATH_MAX];
    int fd;
    int64_t since; /* what was used from this time on (seconds) stays */
};

/* An exit status, after having said what is wrong. */
int cache_open(const struct access *a, struct connection *c, struct cache *ret);
/* Makes room and closes. */
void cache_close(struct cache *cache);

/* kind: "executable" or "debuginfo". CTL_OK: ret_path is the file; CTL_NOT_FOUND, silently: the
 * server has none; else after a complaint. build_id must be hex_valid. */
int cache_module(struct cache *cache, const char *build_id, const char *kind,
                 char ret_path[static PATH_MAX]);
/* The core of an event, unpacked, holes kept; fidelity: a word of fidelity.h, or NULL. */
int cache_core(struct cache *cache, const char *event, const char *fidelity,
               char ret_path[static PATH_MAX]);

#endif
