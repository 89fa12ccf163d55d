/* SPDX-License-Identifier: Apache-2.0 */
/* Before main() and after it: -DEARLY crashes in a constructor, which the dynamic linker or the
 * start code calls; without it, in a function for atexit(). */
#include <stdlib.h>

#include "../frame.h"

static int *volatile nowhere;

FRAME static int touch(int value)
{
    return *nowhere + value;
}

#ifdef EARLY
__attribute__((constructor)) static void prepare(void)
{
    touch(1);
}
#endif

static void clean_up(void)
{
    touch(2);
}

int main(void)
{
    atexit(clean_up);
    exit(0);
}
