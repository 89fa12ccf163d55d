/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/analysis/stack.h"

#include <string.h>

void stack_begin(struct raw_stack *s)
{
    s->n = 0;
    s->visited = 0;
    s->left_out = 0;
    s->stopped = NULL;
}

void stack_add(struct raw_stack *s, const struct raw_frame *f)
{
    uint64_t i = s->visited++;

    if (i >= STACK_HEAD_MAX)
        i = STACK_HEAD_MAX + (i - STACK_HEAD_MAX) % STACK_TAIL_MAX;
    s->frames[i] = *f;
    if (s->n < STACK_FRAMES_MAX)
        s->n++;
}

void stack_end(struct raw_stack *s)
{
    struct raw_frame *tail = s->frames + STACK_HEAD_MAX, copy[STACK_TAIL_MAX];

    if (s->visited <= STACK_FRAMES_MAX)
        return;
    s->left_out = s->visited - STACK_FRAMES_MAX;
    memcpy(copy, tail, sizeof copy);
    for (size_t i = 0; i < STACK_TAIL_MAX; i++)
        tail[i] = copy[(s->visited - STACK_HEAD_MAX + i) % STACK_TAIL_MAX];
}
