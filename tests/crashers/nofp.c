/* SPDX-License-Identifier: Apache-2.0 */
/* As a distribution ships programs: -O3, no frame pointers, small functions gone into their
 * callers. Proves unwinding by tables alone, and inlined frames: checksum() and parse_header() have
 * no frame of their own, a debugger shows both above receive(). Nor has main(): it ends in a jump. */
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

struct message {
    const uint8_t *bytes;
    size_t size;
};

static inline __attribute__((always_inline)) unsigned checksum(const uint8_t *bytes, size_t size)
{
    unsigned sum = 1;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + bytes[i];
    return sum;
}

static inline __attribute__((always_inline)) unsigned parse_header(const struct message *message)
{
    unsigned sum = checksum(message->bytes, message->size);
    return sum % 251;
}

FRAME static unsigned receive(const struct message *message)
{
    return parse_header(message) == 0 ? 1 : 2;
}

FRAME static unsigned poll_socket(size_t size)
{
    struct message message = {.bytes = NULL, .size = size};
    return receive(&message) + 1;
}

int main(void)
{
    return (int)poll_socket(24);
}
