/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of corralctl: a struct verb each, in a file named after what it is about, and a row in
 * the list of main.c. A verb says which options and how many words it takes; main has read them
 * before it runs. It prints results on stdout, complaints on stderr, and returns an exit status of
 * this list. */
#ifndef CORRAL_CLIENT_CTL_VERBS_H
#define CORRAL_CLIENT_CTL_VERBS_H

#include <stddef.h>

#include "client/ctl/access.h"

enum ctl_exit {
    CTL_OK = 0,
    CTL_ERROR = 1,
    CTL_USAGE = 2,
    CTL_NOT_FOUND = 3, /* or a query that nothing matches */
    CTL_DENIED = 4,
    CTL_CONFLICT = 5,
    CTL_UNREACHABLE = 6, /* or not ready: the same again later may work */
    CTL_TIMEOUT = 7,
    CTL_CHECK_FAILED = 8, /* it ran, and the answer is no */
};

#define VERB_OPTIONS_MAX 8

struct verb_option {
    const char *name;  /* "--sort"; NULL: no more */
    const char *value; /* what the help calls it; NULL: a flag */
    const char *help;
};

/* What stands behind a verb's words. All borrowed from argv. */
struct arguments {
    const char *option[VERB_OPTIONS_MAX]; /* by its place in the verb's table; NULL: not given */
    char **words;
    int n_words;
    char **rest; /* behind `--`, of a verb that takes such */
    int n_rest;
};

struct verb {
    const char *word, *second; /* "client", "status"; second NULL: one word */
    const char *arguments;     /* for the help; "" when there are none */
    const char *help;
    int (*run)(struct access *access, const struct arguments *arguments);
    int least, most; /* words; most -1: any number */
    bool takes_rest;
    struct verb_option options[VERB_OPTIONS_MAX];
};

/* Sorts argv into *ret; the words move to its front. CTL_USAGE after having said what is wrong. */
int arguments_read(const struct verb *verb, int argc, char **argv, struct arguments *ret);
/* "corralctl: …" on stderr, as printf; returns the status. */
int __attribute__((format(printf, 2, 3))) ctl_complain(int status, const char *format, ...);
/* An option's value as a number from 1 to max; given NULL it is the default. -1 after a complaint.
 */
long arguments_number(const char *name, const char *text, long standard, long max);

/* This host. */
extern const struct verb verb_submit, verb_import, verb_client_setup, verb_client_disable,
    verb_client_status, verb_client_test;
/* The server. */
extern const struct verb verb_status, verb_groups, verb_events, verb_tail, verb_show, verb_bt,
    verb_diff, verb_debug, verb_fetch, verb_resolve, verb_reopen, verb_mute, verb_unmute,
    verb_assign, verb_label, verb_unlabel, verb_comment, verb_link, verb_unlink_link, verb_merge,
    verb_split, verb_undo, verb_remove, verb_reprocess, verb_symbols_check, verb_symbols_upload,
    verb_symbols_missing, verb_doctor, verb_demo;
/* The server's administration. */
extern const struct verb verb_token_list, verb_token_add, verb_token_revoke, verb_user_list,
    verb_user_add, verb_user_role, verb_user_disable, verb_user_enable, verb_user_password,
    verb_audit;
/* corralctl itself. */
extern const struct verb verb_completion, verb_version;

extern const struct verb *const verbs[];
extern const size_t n_verbs;

#endif
