/* SPDX-License-Identifier: Apache-2.0 */
/* What one core may cost. Counts of frames alone do not bound it: a frame takes 25 ns where a rule
 * is at hand, and milliseconds where sixteen registers are computed from memory all over the core.
 * So all work is weighed, in nanoseconds of a processor of 2022 and rather more than less, and
 * comes out of one purse for the whole job. Of what is left in it no thread takes more than half:
 * the one that crashed comes first and has plenty, and a stack without end leaves the others
 * theirs. Names have a purse of their own, for a stack without them is worth little.
 *
 * A stack of 64 MiB in frames of 16 bytes costs 150 million, one hundred frames in each of 4096
 * threads 250 million when no rule is ever found again. */
#ifndef CORRAL_WORKERD_UNWIND_EFFORT_H
#define CORRAL_WORKERD_UNWIND_EFFORT_H

#define EFFORT_STACKS_MAX 450000000u /* of all threads */
#define EFFORT_AGAIN_MAX  20000000u  /* of a thread's innermost frames once more */
#define EFFORT_NAMES_MAX  150000000u

enum unwind_effort {
    EFFORT_FRAME = 30,     /* with its step */
    EFFORT_RULE = 500,     /* of an address that was not asked for lately */
    EFFORT_MODULE = 50000, /* whose index is asked for and opened */
    EFFORT_REGISTER = 8,   /* of a caller */
    EFFORT_STEP = 20,      /* of an expression */
    EFFORT_READ = 600,     /* a page of the core that is not at hand, or a piece */
    EFFORT_GUESS = 150,    /* a word that looks like a code address */
    EFFORT_WORD = 5,       /* of the stack, in a scan */
    EFFORT_NAME = 3000,    /* of an address: scopes, line and symbol are looked for */
    EFFORT_FUNCTION = 300, /* expanded inline there */
    EFFORT_JUMP = 300,     /* that is followed to find a tail call */
};

#endif
