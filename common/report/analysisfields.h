/* SPDX-License-Identifier: Apache-2.0 */
/* Which member of an analysis' structs stands under which key, and how it is written: what
 * analysis.c formats and analysisparse.c parses by, so that they can't disagree. Private to them.
 */
#ifndef CORRAL_REPORT_ANALYSISFIELDS_H
#define CORRAL_REPORT_ANALYSISFIELDS_H

#include <stddef.h>

enum field_type {
    FIELD_TEXT,      /* const char *, keeps its start when cut */
    FIELD_NAME,      /* const char *, keeps its end when cut */
    FIELD_BUILD_ID,  /* const char *, lower-case hexadecimal */
    FIELD_INT,       /* int64_t */
    FIELD_COUNT,     /* uint64_t below 2^63, a number */
    FIELD_SIZE,      /* size_t, a number */
    FIELD_UNSIGNED,  /* unsigned, a number */
    FIELD_HEX,       /* uint64_t, a text "0x…" */
    FIELD_BOOL,      /* bool */
    FIELD_TRUST,     /* enum frame_trust; always written */
    FIELD_STATUS,    /* enum module_status; always written */
    FIELD_CERTAINTY, /* enum cause_certainty; always written */
};

struct field {
    const char *key;
    enum field_type type;
    size_t offset;
};

struct field_table {
    const struct field *list;
    size_t n;
};

extern const struct field_table frame_table, variable_table, thread_table, module_table,
    cause_table, evidence_table, analysis_table;

/* By the number of the enum. */
struct word_table {
    const char *const *list;
    size_t n;
};

extern const struct word_table trust_words, status_words, certainty_words;

#endif
