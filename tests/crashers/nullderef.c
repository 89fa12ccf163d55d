/* SPDX-License-Identifier: Apache-2.0 */
/* The everyday crash: a field of a structure that is not there. Proves signal, fault address (16,
 * the field's offset, not 0), and a plain chain of four frames with lines. */
#include <stddef.h>

#include "frame.h"

struct record {
    char key[16];
    int length;
};

struct request {
    const struct record *first;
};

FRAME static int process_data(const struct record *record)
{
    return record->length * 2;
}

FRAME static int handle_request(const struct request *request)
{
    return process_data(request->first) + 1;
}

FRAME static int serve(int requests)
{
    struct request empty = {.first = NULL};
    int served = 0;
    for (int i = 0; i < requests; i++)
        served += handle_request(&empty);
    return served;
}

int main(void)
{
    return serve(3);
}
