/* SPDX-License-Identifier: Apache-2.0 */
/* A promise that the program made to itself, and broke. */
#undef NDEBUG
#include <assert.h>

#include "frame.h"

struct queue {
    int used, size;
};

FRAME static void queue_push(struct queue *queue)
{
    assert(queue->used < queue->size);
    queue->used++;
}

FRAME static void submit_jobs(struct queue *queue, int n)
{
    for (int i = 0; i < n; i++)
        queue_push(queue);
}

int main(void)
{
    struct queue queue = {.size = 16};

    submit_jobs(&queue, 17);
    return queue.used;
}
