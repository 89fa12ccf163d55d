/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as one line a frame, from the member `stack` of groups and events. */
#ifndef CORRAL_CLIENT_CTL_SERVER_STACKS_H
#define CORRAL_CLIENT_CTL_SERVER_STACKS_H

#include <jansson.h>

#include "client/ctl/output/output.h"

/* "function at file:line" or "module+0x1f", as the server has it: not made visible yet. */
void stacks_add_frame(struct buf *b, const json_t *frame);
/* The list, numbered. */
void stacks_print(const struct output *o, const json_t *stack);

#endif
