/* SPDX-License-Identifier: Apache-2.0 */
/* Names made of random or hexadecimal digits: crash ids (UUIDv7, RFC 9562), build-ids, tokens. Text
 * is always lower case. */
#ifndef CORRAL_BASE_ID_H
#define CORRAL_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"

#define UUID_TEXT_SIZE 37 /* with the NUL */

/* Fills p from the kernel (getrandom(2)); dies when there is no randomness: nothing sensible could
 * follow. */
void random_bytes(void *p, size_t n);

/* A new UUIDv7 from the real-time clock. */
void uuid_new(char ret_text[static UUID_TEXT_SIZE]);
/* True for the canonical lower-case text of a version 7 UUID, and nothing else. */
bool uuid_valid(struct str s);
/* The milliseconds since the epoch in a valid UUIDv7: its maker's clock, untrusted. */
int64_t uuid_time_msec(const char *uuid);

/* 2 × n digits and a NUL. */
void hex_encode(const void *p, size_t n, char *ret_text);
/* s must hold exactly 2 × n digits of either case; -EINVAL. */
int hex_decode(struct str s, void *ret, size_t n);
/* True for at least one and at most max lower-case hexadecimal digits, an even number of them. */
bool hex_valid(struct str s, size_t max);

#endif
