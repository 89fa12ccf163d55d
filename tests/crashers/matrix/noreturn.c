/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that never return stand last in their functions: each return address is the first byte of
 * the function behind, and only the byte before it tells whose call it was. */
#include <stdlib.h>

#include "../frame.h"

static volatile int depth;

FRAME __attribute__((noreturn)) static void give_up(void)
{
    abort();
}

FRAME __attribute__((noreturn)) static void complain(int code)
{
    depth = code;
    give_up();
}

FRAME __attribute__((noreturn)) static void refuse(int code)
{
    depth = code + 1;
    complain(code);
}

FRAME static int check(int code)
{
    if (code > 0)
        refuse(code);
    return code;
}

int main(int argc, char **argv)
{
    (void)argv;
    return check(argc) + 1;
}
