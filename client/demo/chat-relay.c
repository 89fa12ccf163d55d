/* SPDX-License-Identifier: Apache-2.0 */
/* A handler is called that was freed, after its memory has become a message. */
#include <stdlib.h>
#include <string.h>

#include "frame.h"

struct handler {
    void (*deliver)(const char *text);
    char name[56];
};

FRAME static struct handler *new_handler(void)
{
    return calloc(1, sizeof(struct handler));
}

FRAME static char *read_message(size_t n)
{
    char *text = malloc(n);

    return memset(text, 'x', n);
}

FRAME static void deliver(struct handler *handler, const char *text)
{
    handler->deliver(text);
}

FRAME static void close_channel(struct handler *handler)
{
    free(handler);
}

int main(void)
{
    struct handler *handler = new_handler();
    char *message;

    close_channel(handler);
    message = read_message(sizeof(*handler));
    deliver(handler, message);
    return 0;
}
