/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile JSON into a jansson tree: nesting and number of values are bounded before the tree is
 * built (a value costs jansson about a hundred bytes), a key given twice is refused, and the text
 * must end where the object ends. */
#ifndef CORRAL_REPORT_JSONTREE_H
#define CORRAL_REPORT_JSONTREE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

DEFINE_CLEANUP(cleanup_json, json_t, json_decref)
#define _cleanup_json_ _cleanup_(cleanup_json)

struct jsontree_error {
    int line;
    char text[JSON_ERROR_TEXT_LENGTH];
};

/* The object that the text is, to be released by json_decref; NULL with ret_error (may be NULL)
 * filled. It may nest JSON_DEPTH_MAX deep. */
json_t *jsontree_object(struct str json, size_t values_max, struct jsontree_error *ret_error);
/* The same for a text with such an object of somebody else's inside. */
json_t *jsontree_envelope(struct str json, size_t values_max, struct jsontree_error *ret_error);
/* A text value "0x1f" as a number; -EINVAL for anything else. */
int jsontree_address(const json_t *value, uint64_t *ret);

#endif
