/* SPDX-License-Identifier: Apache-2.0 */
/* Names of signals and of si_code values, as signal(7) and sigaction(2) spell them. The table is
 * Linux on x86-64 and aarch64, whatever machine reads it. */
#ifndef CORRAL_REPORT_SIGNALS_H
#define CORRAL_REPORT_SIGNALS_H

#include <stdint.h>

/* "SIGSEGV"; NULL for a number without a name. Real-time signals are NULL. */
const char *signal_name(int64_t number);
/* Accepts SIGSEGV, segv, 11; -EINVAL. */
int signal_parse(const char *text, int64_t *ret);
/* "SEGV_MAPERR", "SI_TKILL"; NULL when unknown. */
const char *signal_code_name(int64_t number, int64_t code);

#endif
