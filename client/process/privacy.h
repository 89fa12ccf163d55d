/* SPDX-License-Identifier: Apache-2.0 */
/* What of a process' command line and environment may leave the host. The bytes are read where they
 * lie in its memory, so that the same secrets are left out of the metadata and overwritten in the
 * core, which holds them too: as memory of the stack, and in NT_PRPSINFO. Of the environment the
 * values of allowed variables are kept, of all others the names; from all of it redact() takes out
 * what looks like a secret. What could not be read is taken for secret. Copies that the program
 * made elsewhere in its memory are found as far as copies.h tells. */
#ifndef CORRAL_CLIENT_HANDLER_PRIVACY_H
#define CORRAL_CLIENT_HANDLER_PRIVACY_H

#include <stdbool.h>

#include "client/process/copies.h"
#include "client/process/procfs.h"
#include "client/slim/slim.h"
#include "client/spool/settings.h"
#include "common/base/arena.h"
#include "common/core/corefile.h"
#include "common/report/meta.h"

#define PRIVACY_ARGUMENTS_MAX   META_CMDLINE_MAX
#define PRIVACY_ENVIRONMENT_MAX (128u * 1024)
#define PRIVACY_RANGES_MAX      4096

/* A run of the process' memory, as far as it could be read. */
struct privacy_area {
    uint64_t start, n;
    struct str text; /* its beginning, in the arena */
};

struct privacy_areas {
    struct privacy_area arguments, environment;
};

struct privacy {
    const struct slim_range *ranges; /* to be overwritten in every core; in the arena */
    size_t n_ranges;
    const struct copies *copies; /* what else holds them; NULL: not known */
    const char *arguments;       /* for NT_PRPSINFO: the command line's first 79 bytes, redacted */
};

/* Copies the bytes: stat tells where they are. */
void privacy_read(const struct slim_source *memory, const struct procfs_stat *stat, struct arena *a,
                  struct privacy_areas *ret);
/* Fills command_line and environment. Needs no right, and never fails. */
void privacy_apply(const struct privacy_areas *areas, const struct settings *s, struct arena *a,
                   struct crash_meta *m, struct privacy *ret);

/* For a process of which /proc told nothing: all that lies on its stack above AT_RANDOM is taken
 * for secret, which is where the kernel puts arguments and environment. */
void privacy_from_core(const struct corefile *core, const struct settings *s, struct arena *a,
                       struct privacy *ret);
/* Writes the redacted arguments into NT_PRPSINFO of a core's first n bytes, in place. */
void privacy_rewrite_head(const struct corefile *core, void *head, size_t n, const char *arguments);

/* True when the list (names separated by blanks, * at the end of one for any rest) has the name. */
bool privacy_allows(const char *list, struct str name);

#endif
