/* SPDX-License-Identifier: Apache-2.0 */
/* What can be searched for: one table, of which the parser, the SQL, the manual page and the help
 * are made. */
#ifndef CORRAL_SEARCH_FIELDS_H
#define CORRAL_SEARCH_FIELDS_H

#include "common/base/str.h"

/* How a field's values are written and compared. Letters of either case are the same. */
enum search_kind {
    VALUE_PHRASE,   /* anywhere in a text */
    VALUE_NAME,     /* the whole name */
    VALUE_PATH,     /* the whole path, or its last parts */
    VALUE_FUNCTION, /* the whole name, or its last parts, with or without parameters */
    VALUE_DIGITS,   /* hexadecimal digits, or the first of them */
    VALUE_ID,       /* of an event, or G-142 */
    VALUE_WORD,     /* one of a list */
    VALUE_SIGNAL,   /* a name or a number */
    VALUE_NUMBER,   /* after >, >=, <, <= or nothing */
    VALUE_TIME,     /* an age, a day or a moment, likewise */
};

enum search_field_id {
    SEARCH_TEXT, /* a word without a field */
    SEARCH_IS,
    SEARCH_SIGNAL,
    SEARCH_EXE,
    SEARCH_COMM,
    SEARCH_VERSION,
    SEARCH_FUNC,
    SEARCH_FILE,
    SEARCH_MODULE,
    SEARCH_BUILDID,
    SEARCH_CAUSE,
    SEARCH_PROBLEM,
    SEARCH_HOST,
    SEARCH_UNIT,
    SEARCH_IMAGE,
    SEARCH_KERNEL,
    SEARCH_ARCH,
    SEARCH_DISTRO,
    SEARCH_PKG,
    SEARCH_CPU,
    SEARCH_HAS,
    SEARCH_SYMBOLS,
    SEARCH_COUNT,
    SEARCH_HOSTS,
    SEARCH_FIRST,
    SEARCH_LAST,
    SEARCH_OWNER,
    SEARCH_LABEL,
    SEARCH_BUG,
    SEARCH_FP,
    SEARCH_ID,
    SEARCH_FIELDS
};

struct search_field {
    const char *name; /* "" for SEARCH_TEXT */
    enum search_kind kind;
    const char *const *words; /* of VALUE_WORD, NULL behind the last */
    const char *meaning;      /* a phrase for people: "the host that it crashed on" */
    const char *example;      /* a whole term */
};
extern const struct search_field search_fields[SEARCH_FIELDS];

/* SEARCH_FIELDS when there is none of that name. */
enum search_field_id search_field_find(struct str name);

/* The name, or the word of a field, that is written most alike; NULL when none is near. */
const char *search_nearest_field(struct str name);
const char *search_nearest_word(const struct search_field *f, struct str word);

#endif
