/* SPDX-License-Identifier: Apache-2.0 */
/* Steps to the caller where no call frame information covers the code: generated code, modules
 * whose files are missing, a call through a wild pointer. */
#ifndef CORRAL_WORKERD_UNWIND_FALLBACK_H
#define CORRAL_WORKERD_UNWIND_FALLBACK_H

#include <stdbool.h>

#include "workerd/unwind/walk.h"

#define SCAN_WORDS_MAX   1024u /* of the stack that one scan looks at */
#define SCANS_MAX        16u   /* in one thread */
#define SCAN_GUESSES_MAX 3u    /* frames in a row */

/* True where code can run. */
bool is_code(struct walk *w, uint64_t address);

/* Each of these is false, and the position as it was, when its way leads nowhere. */

/* A call has just gone to an address where no code is: what it pushed, or left in the link
 * register, is all there is to undo. */
bool step_out_of_nowhere(struct walk *w, struct position *p);
/* A saved frame pointer and, behind it, the return address: both ABIs have it so. */
bool step_by_frame_pointer(struct walk *w, struct position *p);
/* The next word of the stack that is a return address: into a function, from where a step by call
 * frame information leads on, or that is the outermost one. */
bool step_by_scan(struct walk *w, struct position *p);

#endif
