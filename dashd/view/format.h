/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and times as people read them. Each writes into a caller's array, always terminated.
 * Pure: "now" is an argument. */
#ifndef CORRAL_DASHD_VIEW_FORMAT_H
#define CORRAL_DASHD_VIEW_FORMAT_H

#include <stdint.h>

#define FORMAT_SIZE 48

/* 1234567 → "1,234,567". */
void format_count(uint64_t n, char ret[static FORMAT_SIZE]);
/* 1536 → "1.5 KiB"; below 1024 "12 bytes". */
void format_bytes(uint64_t n, char ret[static FORMAT_SIZE]);
/* The distance of two times: "just now", "4 min ago", "3 h ago", "12 days ago", "in 5 min". */
void format_ago(int64_t at, int64_t now, char ret[static FORMAT_SIZE]);
/* "2026-11-21 05:12:03 UTC". */
void format_time(int64_t at, char ret[static FORMAT_SIZE]);
/* A change against a former value: "+12 % against", "more than ten times", "as many as", "none", to
 * be followed by the time of the former value: "the day before". */
void format_change(uint64_t now, uint64_t before, char ret[static FORMAT_SIZE]);
/* How long: "250 ms", "12 s", "4 min", "3 h 20 min", "12 days". */
void format_duration(int64_t usec, char ret[static FORMAT_SIZE]);

#endif
