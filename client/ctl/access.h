/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers corralctl speaks to and as whom. Options go before the environment (CORRAL_URL,
 * CORRAL_INGEST_URL, CORRAL_TOKEN), which goes before client.conf, which goes before the defaults.
 */
#ifndef CORRAL_CLIENT_CTL_ACCESS_H
#define CORRAL_CLIENT_CTL_ACCESS_H

#include "client/spool/settings.h"
#include "client/transport/connection.h"

struct access {
    const char *dash_url, *ingest_url;
    const char *token;      /* NULL: token_file */
    const char *token_file; /* NULL: no token at all */
    const char *conf_path;
    bool conf_given;
    struct settings settings;
};

/* Takes the options that stand before the verb: --server URL, --ingest URL, --token-file FILE, -c
 * FILE. Returns the index of the first argument that is none, or -1 after having said what is
 * wrong. */
int access_options(int argc, char **argv, struct access *ret);
/* Reads client.conf (only a file that was named must be there) and the environment. -1 after having
 * said what is wrong. */
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
