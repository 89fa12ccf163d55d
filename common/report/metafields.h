/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the metadata's fields: which key is which member of struct crash_meta, of which type
 * and how long. Parsing, formatting and the plain fields of curl users all walk it; nobody outside
 * common/report does. Lists of objects (threads, modules) and the tags are not in it. */
#ifndef CORRAL_REPORT_METAFIELDS_H
#define CORRAL_REPORT_METAFIELDS_H

#include "common/report/meta.h"

enum meta_type {
    META_TEXT,   /* const char * */
    META_TEXTS,  /* struct meta_texts */
    META_NUMBER, /* int64_t within min and max */
    META_TIME,   /* int64_t usec; RFC 3339 in JSON */
    META_SIGNAL, /* int64_t; a number in JSON, number or name as a plain field */
    META_BOOL,
    META_ENCODING, /* enum core_encoding */
    META_FIDELITY, /* enum fidelity */
};

struct meta_field {
    const char *name; /* JSON key and plain field */
    enum meta_type type;
    size_t offset;
    /* META_NUMBER: bounds. META_TEXT: max is the length. META_TEXTS: max is the length of each, min
     * how many there may be. */
    int64_t min, max;
    bool plain; /* may be sent as a plain field */
};

extern const struct meta_field meta_fields[];
extern const size_t meta_n_fields;

/* By enum core_encoding. */
extern const char *const meta_encodings[];
extern const size_t meta_n_encodings;

static inline void *meta_member(struct crash_meta *m, const struct meta_field *f)
{
    return (char *)m + f->offset;
}

#endif
