/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile JSON read from its first byte to its last, value by value, without a tree: whoever knows
 * what stands where reads it into its own structs, and a value costs a few instructions a byte.
 * What jsontree.h refuses is refused here: nesting beyond JSON_DEPTH_MAX, too many values, a key
 * given twice, bytes that are no UTF-8, a NUL in a text, numbers that do not fit, anything behind
 * the end. Also of values that are skipped.
 *
 *     jsonreader_object(r);
 *     while (jsonreader_member(r, &key))
 *         if (str_eq(key, STR("pid"))) jsonreader_integer(r, &pid); else jsonreader_skip(r);
 *     return jsonreader_end(r);
 *
 * The first mistake ends the reading: from then on there are no members, elements or values, and
 * jsonreader_end says so. A value of another kind than was asked for is a mistake. Pure. */
#ifndef CORRAL_REPORT_JSONREADER_H
#define CORRAL_REPORT_JSONREADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/report/limits.h"

struct jsonreader {
    const char *p, *end;
    struct arena *arena; /* holds the texts that had escapes; the others are in the JSON itself */
    size_t values, values_max;
    bool failed;
    unsigned depth;
    struct jsonreader_level {
        bool begun;
        size_t first_key;         /* of an object, in keys */
        uint64_t seen;            /* a bit for each of its keys; two may have the same */
    } levels[JSON_DEPTH_MAX + 1]; /* the first is around everything */
    struct str *keys;             /* of the objects that are open */
    size_t n_keys, room;
};

void jsonreader_init(struct jsonreader *r, struct str json, size_t values_max, struct arena *a);
void jsonreader_fini(struct jsonreader *r);
#define _cleanup_jsonreader_ _cleanup_(jsonreader_fini)

/* The next value is an object, and its members are asked for now; the key's bytes live as long as
 * the JSON and the arena do. */
void jsonreader_object(struct jsonreader *r);
bool jsonreader_member(struct jsonreader *r, struct str *ret_key);
void jsonreader_array(struct jsonreader *r);
bool jsonreader_element(struct jsonreader *r);

/* False with nothing in ret after a mistake. */
bool jsonreader_text(struct jsonreader *r, size_t max, struct str *ret);
bool jsonreader_integer(struct jsonreader *r, int64_t *ret);
bool jsonreader_bool(struct jsonreader *r, bool *ret);
/* A text "0x1f" as a number. */
bool jsonreader_address(struct jsonreader *r, uint64_t *ret);
/* Whatever it is. */
void jsonreader_skip(struct jsonreader *r);

/* What was read makes no sense to the caller. */
void jsonreader_refuse(struct jsonreader *r);
/* 0 when the text ends here; -EBADMSG. */
int jsonreader_end(struct jsonreader *r);

#endif
