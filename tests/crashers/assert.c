/* SPDX-License-Identifier: Apache-2.0 */
/* A promise that the program made to itself. Proves that the assertion's text is found, and that
 * the title names the function that asserted, not __assert_fail. The C library writes the text to
 * standard error as well. */
#undef NDEBUG
#include <assert.h>

#include "frame.h"

struct ring {
    int used;
    int size;
};

FRAME static void ring_push(struct ring *ring)
{
    assert(ring->used < ring->size);
    ring->used++;
}

FRAME static void queue_message(struct ring *ring, int copies)
{
    for (int i = 0; i < copies; i++)
        ring_push(ring);
}

int main(void)
{
    struct ring ring = {.used = 0, .size = 8};
    queue_message(&ring, 9);
    return ring.used;
}
