/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of name and value as a query string and a form's body write them
 * (application/x-www-form-urlencoded), and as a Cookie header does. Pure. */
#ifndef CORRAL_HTTP_FORM_H
#define CORRAL_HTTP_FORM_H

#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#define FORM_FIELDS_MAX 512

enum form_outcome {
    FORM_BAD = 1,  /* a broken escape or a NUL; no JSON, or not such an object */
    FORM_TOO_MANY, /* over FORM_FIELDS_MAX */
};

struct form_field {
    const char *name;
    const char *value;
};

struct form {
    struct form_field *fields; /* in the arena */
    size_t n;
};

/* "a=1&b=x+y%21&c": a name without = has the value "". Empty pairs are passed over. */
int form_parse(struct arena *a, struct str text, struct form *ret);
/* The same of a JSON object: {"a": "1", "n": 2, "yes": true, "id": ["x", "y"]}. Texts, whole
 * numbers and booleans are fields, an array of texts is a field given as often; null is none. */
int form_parse_json(struct arena *a, struct str text, struct form *ret);
/* NULL when there is none; the first one when given twice. */
const char *form_get(const struct form *f, const char *name);

/* The value of a cookie in a Cookie header (RFC 6265 section 4.2.1), without its quotes; p is NULL
 * when there is none. */
struct str cookie_find(struct str header, struct str name);

#endif
