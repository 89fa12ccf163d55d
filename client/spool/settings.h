/* SPDX-License-Identifier: Apache-2.0 */
/* client.conf, the one configuration file that handler, sender and corralctl share. */
#ifndef CORRAL_CLIENT_SPOOL_SETTINGS_H
#define CORRAL_CLIENT_SPOOL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/conf.h"

#define SETTINGS_FILE "/etc/corral/client.conf"

struct settings {
    char *server;     /* URL of ingestd, with or without a slash at its end */
    char *token_file; /* NULL or "": none */
    char *ca_file;    /* NULL or "": the system's authorities */
    char *spool;
    char *sender; /* NULL or "": corral-sender beside the running program */
    char *core;   /* "full" or "none" */
    char *log_level;
    uint64_t core_max, module_max; /* bytes */
    int64_t hold_max;              /* usec that a dying process may wait for us */
    int64_t timeout;               /* usec without progress that end a transfer */
    int64_t retry_min, retry_max;  /* usec */
};

extern const struct conf_key settings_keys[];
extern const size_t settings_n_keys;

/* What the table can't say: NULL when all is right, or what is wrong. Takes a struct settings. */
const char *settings_check(const void *settings);
/* The defaults, the file on top, then the check. The caller frees with settings_fini also after a
 * failure, when *ret holds what came before the mistake and ret_error says what it is. */
int settings_load(const char *path, struct settings *ret, struct conf_error *ret_error);
void settings_fini(struct settings *s);
bool settings_wants_core(const struct settings *s);

#endif
