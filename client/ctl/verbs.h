/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of corralctl: one row in the table of main.c and one function here, in a file named
 * after what it is about. A verb gets what follows its words, prints results on stdout and
 * complaints on stderr, and returns an exit status of this list. */
#ifndef CORRAL_CLIENT_CTL_VERBS_H
#define CORRAL_CLIENT_CTL_VERBS_H

#include "client/ctl/access.h"

enum ctl_exit {
    CTL_OK = 0,
    CTL_ERROR = 1,
    CTL_USAGE = 2,
    CTL_NOT_FOUND = 3,
    CTL_DENIED = 4,
    CTL_UNREACHABLE = 6,
    CTL_CHECK_FAILED = 8, /* it ran, and the answer is no */
};

struct verb {
    const char *word, *second; /* "client", "status"; second NULL: one word */
    const char *arguments;     /* for the help; "" when there are none */
    const char *help;
    int (*run)(struct access *access, int argc, char **argv);
};

int verb_submit(struct access *access, int argc, char **argv);
int verb_status(struct access *access, int argc, char **argv);
int verb_client_status(struct access *access, int argc, char **argv);
int verb_client_setup(struct access *access, int argc, char **argv);
int verb_client_disable(struct access *access, int argc, char **argv);
int verb_client_test(struct access *access, int argc, char **argv);

#endif
