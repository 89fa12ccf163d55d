/* SPDX-License-Identifier: Apache-2.0 */
/* The life that all daemons share: options (-c, -t, --version, --help), configuration file,
 * signals, readiness (sd_notify(3)), drain on SIGTERM or SIGINT. A program fills struct daemon and
 * returns daemon_main() from main. */
#ifndef CORRAL_DAEMON_DAEMON_H
#define CORRAL_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/conf.h"
#include "common/base/version.h"

/* A mode that runs once and exits: corral-workerd --migrate. */
struct daemon_mode {
    const char *option;   /* "--migrate" */
    const char *argument; /* name of its argument for --help, or NULL */
    const char *help;
    /* argv holds what follows the option, unparsed, except -c FILE which is taken out. conf is
     * loaded (defaults when the default file is missing) only when needs_conf. Returns the exit
     * status. */
    int (*run)(int argc, char **argv, const void *conf);
    bool needs_conf;
};

struct daemon {
    const char *name;         /* "corral-ingestd" */
    const char *summary;      /* one sentence for --help */
    const char *default_conf; /* "/etc/corral/ingestd.conf" */
    const struct conf_key *keys;
    size_t n_keys;
    void *conf; /* filled before check and start */
    const struct daemon_mode *modes;
    size_t n_modes;

    /* What a table can't say about the configuration: returns NULL or what is wrong. May be NULL.
     */
    const char *(*check)(const void *conf);
    /* Starts serving and returns: 0, or a negative errno after having logged why. Signals are
     * blocked in all threads that it makes. */
    int (*start)(void);
    /* Stops accepting, finishes what is in flight, releases. */
    void (*stop)(void);
};

/* Exit statuses: 0 stopped or help shown, 1 could not run, 2 wrong usage, 78 wrong configuration
 * (EX_CONFIG of sysexits.h). */
int daemon_main(const struct daemon *d, int argc, char **argv);

/* STATUS= line for systemctl status; does nothing without $NOTIFY_SOCKET. */
void daemon_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
