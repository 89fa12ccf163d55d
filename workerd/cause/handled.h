/* SPDX-License-Identifier: Apache-2.0 */
/* Many programs catch SIGSEGV, write a message and then abort, or raise the signal once more. What
 * crashed then is the handler; what went wrong lies in the frame that the kernel made for it on the
 * stack: the registers of the interrupted code and what the processor reported (struct rt_sigframe,
 * arch/x86/include/asm/sigframe.h). x86-64 alone. */
#ifndef CORRAL_WORKERD_CAUSE_HANDLED_H
#define CORRAL_WORKERD_CAUSE_HANDLED_H

#include "workerd/cause/facts.h"

/* f: of the crash. Makes *ret the facts of the fault that came first, to be completed; false when
 * there was none, or the stack does not have it any more. */
bool handled_gather(const struct facts *f, struct facts *ret);
/* A handler that raises its own signal again gets it when it has returned: at the instruction that
 * faulted, which tells what it did. As handled_gather. */
bool handled_again(const struct facts *f, struct facts *ret);
/* Whether the completed facts agree with each other. */
bool handled_fits(const struct facts *f);

#endif
