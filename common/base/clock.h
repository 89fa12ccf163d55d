/* SPDX-License-Identifier: Apache-2.0 */
/* Time: microseconds since the epoch (UTC) for what is stored and shown, monotonic microseconds for
 * what is measured. */
#ifndef CORRAL_BASE_CLOCK_H
#define CORRAL_BASE_CLOCK_H

#include <stdint.h>

#include "common/base/str.h"

#define USEC_PER_SEC  ((int64_t)1000000)
#define USEC_PER_MSEC ((int64_t)1000)

/* "2026-11-21T07:49:00.123456Z" and its NUL. */
#define CLOCK_TEXT_SIZE 32

int64_t clock_now(void);  /* CLOCK_REALTIME */
int64_t clock_mono(void); /* CLOCK_MONOTONIC */
void clock_sleep(int64_t usec);

/* RFC 3339 in UTC with microseconds. Times outside the years 0001 to 9999 are clamped. */
void clock_format(int64_t usec, char ret_text[static CLOCK_TEXT_SIZE]);
/* RFC 3339 with any offset; -EINVAL. */
int clock_parse(struct str s, int64_t *ret_usec);

#endif
