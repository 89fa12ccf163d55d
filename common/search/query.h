/* SPDX-License-Identifier: Apache-2.0 */
/* The query language of pages, API and command line: text to terms, all of which must hold, and
 * back. What it means stands in corral-query(7). Pure.
 *
 *     is:open signal:[SIGSEGV,SIGBUS] !host:test-* count:>100 "out of memory"
 *
 * Whoever makes a link makes terms and has them written by search_format: what that writes is read
 * back as the same terms. */
#ifndef CORRAL_SEARCH_QUERY_H
#define CORRAL_SEARCH_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/str.h"
#include "common/search/fields.h"

#define SEARCH_QUERY_MAX     2000 /* bytes of a query */
#define SEARCH_TERMS_MAX     24
#define SEARCH_VALUES_MAX    24 /* of all terms together */
#define SEARCH_WILDCARDS_MAX 6  /* of one value: each makes PostgreSQL try more */
#define SEARCH_DIGITS_MAX    64
#define SEARCH_DIGITS_MIN    4
#define SEARCH_MESSAGE_MAX   192

enum search_comparison { SEARCH_EQUAL, SEARCH_MORE, SEARCH_AT_LEAST, SEARCH_LESS, SEARCH_AT_MOST };

struct search_value {
    /* Without quotes. * is any text; \* and \\ are the characters themselves, nothing else is
     * escaped. Digits and words are in lower case. */
    const char *text;
    int64_t number; /* of VALUE_SIGNAL and VALUE_NUMBER */
};

struct search_term {
    enum search_field_id field;
    bool negated;
    enum search_comparison comparison;
    const struct search_value *values; /* at least one; any of them */
    size_t n_values;
    size_t at, length; /* bytes of the text that it was read from */
};

struct search_query {
    struct search_term terms[SEARCH_TERMS_MAX];
    size_t n_terms;
};

/* Where and why a text is no query. */
struct search_mistake {
    size_t at, length;                /* bytes; length may be 0 at the end */
    char message[SEARCH_MESSAGE_MAX]; /* a sentence without its full stop */
    const char *nearest;              /* what could be meant: a field or a word; NULL */
};

enum search_outcome {
    SEARCH_MISTAKE = 1, /* *ret_mistake says which; *ret is untouched */
};

/* All memory from the arena. An empty text is a query of no terms, which holds for everything. */
int search_parse(struct str text, struct arena *a, struct search_query *ret,
                 struct search_mistake *ret_mistake);

/* owner:me becomes whoever that is; name NULL: a program, which owns nothing. */
void search_name_me(struct search_query *q, const char *name, struct arena *a);

/* One term, as it is read back; with a blank in front unless b is empty. */
void search_format_term(const struct search_term *t, struct buf *b);
void search_format(const struct search_query *q, struct buf *b);

/* The query of one term for a value as it is, such as a host's name: its stars are no wildcards.
 * For links. */
const char *search_link(enum search_field_id field, const char *value, struct arena *a);
/* The value as a pattern that only it matches. */
const char *search_literal(const char *value, struct arena *a);

/* Two lines: the text on one line, and under it a caret for each byte (character) of the mistake.
 */
void search_point(struct str text, const struct search_mistake *m, struct buf *b);

#endif
