/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed slices of text: never NUL-terminated by contract, never owned. And strict numbers: the
 * whole text must be the number, no blanks, no sign unless asked for, no overflow (strtol accepts
 * all of these). */
#ifndef CORRAL_BASE_STR_H
#define CORRAL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

struct str str_from(const char *s); /* NULL gives the empty slice */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_trim(struct str s); /* blanks, tabs, CR, LF at both ends */
/* Cuts *rest at the first separator: the part before it goes to *ret_part. False when *rest is
 * exhausted (p == NULL). */
bool str_split(struct str *rest, char separator, struct str *ret_part);
/* The offset of the first occurrence, or -1. */
ptrdiff_t str_find(struct str haystack, struct str needle);

/* -EINVAL when the text is not a number, -ERANGE when it does not fit below max. */
int str_to_u64(struct str s, uint64_t max, uint64_t *ret);
/* As above, hexadecimal without prefix. */
int str_hex_to_u64(struct str s, uint64_t max, uint64_t *ret);
int str_to_i64(struct str s, int64_t *ret);

bool cstr_starts(const char *s, const char *prefix);
bool cstr_ends(const char *s, const char *suffix);
/* True for NULL and "". */
bool cstr_empty(const char *s);

/* Length of the valid UTF-8 prefix of the bytes (RFC 3629: no surrogates, no overlongs). */
size_t utf8_valid_prefix(const char *p, size_t n);
/* Replaces in place every byte that is not part of valid UTF-8 by '?', so that JSON and PostgreSQL
 * accept the text. */
void utf8_repair(char *p, size_t n);

#endif
