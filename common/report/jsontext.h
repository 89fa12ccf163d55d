/* SPDX-License-Identifier: Apache-2.0 */
/* JSON written into a buf without building a tree first, and two questions about JSON that must be
 * asked before a tree is built. The writer keeps no state: whether a comma is due is told by the
 * last byte written. Texts may hold any bytes: what is not valid UTF-8 becomes '?', so that the
 * result is JSON for every reader, PostgreSQL included. Pure. */
#ifndef CORRAL_REPORT_JSONTEXT_H
#define CORRAL_REPORT_JSONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/str.h"

/* Each appends one member of an object, or with a NULL key one element of an array. */
void jsontext_object(struct buf *b, const char *key);
void jsontext_array(struct buf *b, const char *key);
void jsontext_string(struct buf *b, const char *key, const char *value); /* NULL: nothing */
void jsontext_slice(struct buf *b, const char *key, struct str value);
void jsontext_int(struct buf *b, const char *key, int64_t value);
void jsontext_bool(struct buf *b, const char *key, bool value);
/* As a text "0x1f": a JSON number loses what does not fit 53 bits. */
void jsontext_hex(struct buf *b, const char *key, uint64_t value);
void jsontext_end_object(struct buf *b);
void jsontext_end_array(struct buf *b);

/* True when no value of the text is nested deeper than depth_max and there are at most values_max
 * of them: what a tree of it costs is then bounded. Says nothing on whether it is valid JSON.
 * Linear, no memory. */
bool jsontext_bounded(struct str json, unsigned depth_max, size_t values_max);

#endif
