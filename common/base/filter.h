/* SPDX-License-Identifier: Apache-2.0 */
/* A filter of system calls (seccomp(2)) as classic BPF, which is written here from a table: a
 * library that compiles one takes milliseconds, this takes microseconds. What a call's arguments
 * allow is asked first, then the call's row answers, then the filter's end. A call of another
 * architecture or of x32 kills, for its numbers mean something else. */
#ifndef CORRAL_BASE_FILTER_H
#define CORRAL_BASE_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

#define FILTER_CALLS          512u /* numbers below it may have a row */
#define FILTER_CONDITIONS_MAX 16u
#define FILTER_ANSWERS_MAX    16u  /* different ones */
#define FILTER_MAX            512u /* instructions */

/* All bits of mask in one argument (0 the first) are value. */
struct filter_condition {
    uint16_t call;
    uint8_t argument;
    uint64_t mask, value;
};

struct filter {
    uint8_t rows[FILTER_CALLS]; /* which answer, counted from 1; 0: the call has none */
    struct filter_condition conditions[FILTER_CONDITIONS_MAX];
    struct filter_answer {
        uint32_t what;
        unsigned place; /* in code; FILTER_MAX: not written yet */
    } answers[FILTER_ANSWERS_MAX];
    unsigned n_conditions, n_answers;
    unsigned begin; /* in code, which is filled from its end */
    struct sock_filter code[FILTER_MAX];
};

void filter_begin(struct filter *f);
/* The first row that a call is given counts. */
void filter_allow(struct filter *f, uint16_t call);
/* The call fails with this errno. */
void filter_refuse(struct filter *f, uint16_t call, uint16_t error);
void filter_kill(struct filter *f, uint16_t call);
/* Beside the call's row, and its other conditions: one that fits is enough. */
void filter_allow_if(struct filter *f, const struct filter_condition *c);
/* Writes the program. What becomes of calls without a row: SECCOMP_RET_KILL_PROCESS,
 * SECCOMP_RET_ALLOW. */
void filter_end(struct filter *f, uint32_t otherwise);
/* In force from now on, beside those that are already; needs PR_SET_NO_NEW_PRIVS. Of the calling
 * thread, or with SECCOMP_FILTER_FLAG_TSYNC of all (-EBUSY: one could not be brought along). */
int filter_enter(struct filter *f, unsigned flags);

#endif
