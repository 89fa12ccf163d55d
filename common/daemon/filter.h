/* SPDX-License-Identifier: Apache-2.0 */
/* A filter of system calls (seccomp(2)) written as classic BPF, row by row: a library that compiles
 * one takes milliseconds, this takes microseconds. Rows are tried in order, the first that fits
 * answers; a call of another architecture or of x32 kills, for its numbers mean something else. */
#ifndef CORRAL_DAEMON_FILTER_H
#define CORRAL_DAEMON_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

#define FILTER_MAX 512u /* instructions; two for a plain row, eight for a condition */

struct filter {
    struct sock_filter code[FILTER_MAX];
    uint16_t n;
};

/* All bits of mask in one argument (0 the first) are value. */
struct filter_condition {
    uint16_t call;
    uint8_t argument;
    uint64_t mask, value;
};

void filter_begin(struct filter *f);
void filter_allow(struct filter *f, uint16_t call);
void filter_allow_if(struct filter *f, const struct filter_condition *c);
/* The call fails with this errno. */
void filter_refuse(struct filter *f, uint16_t call, uint16_t error);
void filter_kill(struct filter *f, uint16_t call);
/* What becomes of calls without a row: SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ALLOW. */
void filter_end(struct filter *f, uint32_t otherwise);
/* In force for the calling thread from now on, beside those that are already; needs
 * PR_SET_NO_NEW_PRIVS. */
int filter_enter(struct filter *f);

#endif
