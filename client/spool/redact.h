/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in command lines, environments and log lines, overwritten in place with as many '*': what
 * stands around them stays where it was, so that the same bytes can be overwritten in a core.
 * Found are values after names that mean a secret (tables in redact_names.c), tokens that their
 * maker gave a known beginning, the password of a URL, HTTP's Authorization and cookies, and
 * private keys in PEM. It is a net with holes: what looks like nothing in particular and stands
 * behind an innocent name is not found. Pure, linear, and doing it twice changes nothing more. */
#ifndef CORRAL_CLIENT_SPOOL_REDACT_H
#define CORRAL_CLIENT_SPOOL_REDACT_H

#include <stddef.h>

enum redact_form {
    REDACT_LINE,      /* prose or a log line: a value ends with its word or its quotes */
    REDACT_ARGUMENTS, /* argv or environ, each text ended by a NUL: a value ends with its text */
};

/* names: further names whose values are secrets, separated by blanks; NULL for none. */
void redact(char *text, size_t n, enum redact_form form, const char *names);

#endif
