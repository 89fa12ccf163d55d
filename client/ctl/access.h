/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers corralctl speaks to and as whom. Options go before a --context that was named, that
 * before the environment (CORRAL_URL, CORRAL_INGEST_URL, CORRAL_TOKEN), that before the context
 * that ctl.conf chooses (context.h), that before client.conf, and that before the defaults. */
#ifndef CORRAL_CLIENT_CTL_ACCESS_H
#define CORRAL_CLIENT_CTL_ACCESS_H

#include "client/ctl/context.h"
#include "client/ctl/output/output.h"
#include "client/spool/settings.h"
#include "client/transport/connection.h"

struct access {
    const char *dash_url, *ingest_url;
    const char *token;      /* NULL: token_file */
    const char *token_file; /* NULL: no token at all */
    const char *conf_path;
    bool conf_given;
    const char *context; /* NULL: as ctl.conf chooses */
    const char *colour;
    bool no_pager, help;
    struct output output;
    struct settings settings;
    struct ctl_conf ctl;
};

/* Takes the options that every verb has out of argv, wherever they stand before a `--`: what is
 * left is moved to the front, and *argc counts it. -1 after having said what is wrong. */
int access_options(int *argc, char **argv, struct access *ret);
/* Names and help of these options, for completion and --help: i from 0 on; false when there is no
 * such. value is NULL for a flag. */
bool access_option(size_t i, const char **ret_name, const char **ret_value, const char **ret_help);
/* Reads client.conf (only a file that was named must be there), ctl.conf and the environment. -1
 * after having said what is wrong. */
int access_complete(struct access *a);
/* The configuration that the registered handler runs with, unless one was named on the command
 * line; "" changes nothing. path must live as long as the access. -1 after having said what is
 * wrong. */
int access_follow(struct access *a, const char *path);
void access_fini(struct access *a);

struct connection *access_dash(const struct access *a);
struct connection *access_ingest(const struct access *a);

/* Says why a request did not succeed; the exit status that fits. url is the server's. */
int access_failure(const char *url, int outcome, const struct reply *reply);

#endif
