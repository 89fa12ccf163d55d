/* SPDX-License-Identifier: Apache-2.0 */
/* Which names of options, variables and members mean a secret, and which beginnings of a word are
 * those of a token. Tables and how they are looked up: clients overwrite the values in what they
 * send, workers do not show variables of such names. Pure. */
#ifndef CORRAL_REPORT_REDACT_NAMES_H
#define CORRAL_REPORT_REDACT_NAMES_H

#include <stdbool.h>

#include "common/base/str.h"

enum redact_name {
    REDACT_NAME_PLAIN,  /* its value says nothing secret */
    REDACT_NAME_WEAK,   /* a secret unless it looks like a path, a number or a choice */
    REDACT_NAME_SECRET, /* a secret unless it is a choice ("true") */
    REDACT_NAME_HEADER, /* … and it goes on to the end of the line: HTTP's Cookie */
};

/* name: without dashes in front; "dbPassword", "DB_PASSWORD" and "db-password" are alike. extra as
 * client/spool/redact.h's names. */
enum redact_name redact_name(struct str name, const char *extra);
/* True when the value after such a name is a secret. */
bool redact_value(enum redact_name name, struct str value);
/* Length of the token that begins here; 0: none. */
size_t redact_token(struct str text);

enum redact_option {
    REDACT_OPTION_NONE,
    REDACT_OPTION_JOINED, /* the rest of this argument */
    REDACT_OPTION_NEXT,   /* the next argument */
    REDACT_OPTION_PAIR,   /* the next argument behind its first colon or percent sign */
};

/* Short options of well-known programs: "-pSECRET" of mysql. program: argv[0]. */
enum redact_option redact_option(struct str program, struct str argument);

#endif
