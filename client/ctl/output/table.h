/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: an array of JSON objects, of which some members are columns. As text on a terminal a table
 * with a head, cut to its width; elsewhere a line a row with tabs between the values, whole and
 * without a head. CSV (RFC 4180) has a head and whole values. JSON has all members. */
#ifndef CORRAL_CLIENT_CTL_OUTPUT_TABLE_H
#define CORRAL_CLIENT_CTL_OUTPUT_TABLE_H

#include <stddef.h>

#include <jansson.h>

#include "client/ctl/output/output.h"

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NAME,   /* of a function or a file: its end is what matters */
    COLUMN_NUMBER, /* to the right */
    COLUMN_TIME,   /* RFC 3339; on a terminal without fractions and zone, which is UTC */
    COLUMN_STATUS, /* of a group, coloured */
};

struct column {
    const char *title; /* "LAST SEEN" */
    const char *key;   /* of the member, which is also its name in CSV */
    enum column_kind kind;
};

#define COLUMNS_MAX 12

/* Widths for a table of that many columns in all, from what each would like to have: the widest of
 * those that may be cut give way first, none below TABLE_LEAST. total 0: no limit. Pure. */
#define TABLE_LEAST 12
void table_fit(const struct column *columns, size_t n, size_t total, size_t *widths);

/* The rows in the format that was asked for. */
void table_print(const struct output *o, const struct column *columns, size_t n,
                 const json_t *rows);

#endif
