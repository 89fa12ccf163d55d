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
    char *sender;  /* NULL or "": corral-sender beside the running program */
    char *core;    /* "auto", "full", "slim" or "none" */
    char *modules; /* "executable", "unwind" or "none" */
    char *log_level;
    uint64_t core_max, auto_full_max, module_max; /* bytes */
    uint64_t slim_max, slim_stack, slim_other_stack, slim_pointers;
    bool debuginfo;         /* separate debug files of the host are offered */
    bool honour_core_limit; /* RLIMIT_CORE of the process */
    char *budget_full, *budget_slim, *budget_meta; /* budget.h */
    uint64_t spool_max, keep_free;                 /* bytes */
    uint64_t spool_share;                          /* of spool_max, for one executable: percent */
    int64_t spool_age;                             /* usec */
    uint64_t bandwidth;                            /* bytes a second; 0: not limited */
    char *proxy, *client_cert, *client_key;        /* NULL or "": none */
    char *environment;                             /* names of variables whose values are kept */
    char *redact;       /* further names of options and variables whose values are secrets */
    uint64_t log_lines; /* of the unit */
    char
        *chain; /* core_pattern of another handler, which is given the core too; NULL or "": none */
    int64_t hold_max;             /* usec that a dying process may wait for us */
    int64_t timeout;              /* usec without progress that end a transfer */
    int64_t retry_min, retry_max; /* usec */
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
