/* SPDX-License-Identifier: Apache-2.0 */
/* A header's value with parameters (RFC 9110 section 5.6.6): `form-data; name="a\"b"; filename=c`.
 * Pure; the text is changed in place, because taking the escapes out of a quoted string makes it
 * shorter. Only \" and \\ are escapes: older browsers send Windows paths with single backslashes.
 */
#ifndef CORRAL_HTTP_PARAMS_H
#define CORRAL_HTTP_PARAMS_H

#include "common/base/str.h"

enum params_outcome {
    PARAMS_END = 1, /* there are no more */
    PARAMS_BAD,     /* not `; token=token` or `; token="text"` */
};

struct params {
    char *at; /* the rest */
    char *end;
};

/* Takes the text before the first semicolon, trimmed; the parameters follow. text has n bytes and
 * no NUL in them. */
struct str params_open(struct params *p, char *text, size_t n);
int params_next(struct params *p, struct str *ret_name, struct str *ret_value);

#endif
