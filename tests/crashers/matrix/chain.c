/* SPDX-License-Identifier: Apache-2.0 */
/* Twelve functions that are all expanded in one, by way of a header that is included in their
 * middle, and a call from half way down: a frame below that has inlined functions above it. */
#include "../frame.h"

static int *volatile nowhere;

#define INLINE static inline __attribute__((always_inline))

FRAME static int deepest(int value)
{
    return *nowhere + value;
}

INLINE int twelfth(int value)
{
    return deepest(value) * 3;
}
INLINE int eleventh(int value)
{
    return twelfth(value + 1) ^ value;
}
INLINE int tenth(int value)
{
    return eleventh(value - 2) + value;
}
INLINE int ninth(int value)
{
    if (value > 100)
        return value;
    return tenth(value * 2) + 1;
}
#include "chain.inc"
INLINE int third(int value)
{
    return fourth(value + 3) - 1;
}
INLINE int second(int value)
{
    return third(value) + third(value + 1);
}
INLINE int first(int value)
{
    return second(value) | 1;
}

FRAME static int outermost(int value)
{
    int sum = 0;

    for (int i = 0; i < value; i++)
        sum += first(i);
    return sum;
}

int main(int argc, char **argv)
{
    (void)argv;
    return outermost(argc + 1);
}
