/* SPDX-License-Identifier: Apache-2.0 */
/* System calls by number, for a filter that refused one (SIGSYS). Pure. */
#ifndef CORRAL_WORKERD_CAUSE_CALLS_H
#define CORRAL_WORKERD_CAUSE_CALLS_H

#include <stdint.h>

/* "openat"; NULL: unknown. machine: AUDIT_ARCH_… of siginfo's si_arch. */
const char *call_name(uint32_t machine, int number);
/* "x86_64"; NULL: unknown. */
const char *call_machine_name(uint32_t machine);

#endif
