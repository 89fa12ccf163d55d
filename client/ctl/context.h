/* SPDX-License-Identifier: Apache-2.0 */
/* ~/.config/corral/ctl.conf: the servers that a person speaks to, by name.
 *
 *     context = home            # when --context does not say
 *     cache_max = 20G
 *
 *     [home]
 *     server = https://crash.example
 *     token_file = ~/.config/corral/token
 *
 * It names files with tokens and never holds one. */
#ifndef CORRAL_CLIENT_CTL_CONTEXT_H
#define CORRAL_CLIENT_CTL_CONTEXT_H

#include <stdint.h>

#include "common/base/conf.h"

#define CONTEXT_NAME_MAX 64

struct context {
    char *server, *ingest, *token_file, *ca_file; /* NULL: not said */
};

struct ctl_conf {
    char *context;      /* NULL: none is chosen */
    uint64_t cache_max; /* bytes */
    struct context chosen;
};

enum context_outcome {
    CONTEXT_UNKNOWN = 1, /* there is no section of that name */
};

/* Reads the text and takes the section `name`, or when that is NULL the one that the text chooses.
 * What is in other sections is checked as well. -EINVAL with *ret_error filled. The caller frees
 * with context_fini also after a failure. Pure. */
int context_parse(struct str text, const char *name, struct ctl_conf *ret,
                  struct conf_error *ret_error);
/* "~/x" as a file in the home folder, in place. */
void context_expand(struct context *c, const char *home);
void context_fini(struct ctl_conf *c);

#endif
