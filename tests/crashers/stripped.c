/* SPDX-License-Identifier: Apache-2.0 */
/* A program as it is installed: no symbols in it. Its debug information lies beside it as
 * stripped.debug, tied to it by the build-id alone (no .gnu_debuglink), as a symbol server would
 * have it. Proves that a crash without names still has a title and a group, by module and offset,
 * and that a debug file that comes later brings names and lines. */
#include <stddef.h>

#include "frame.h"

struct block {
    struct block *next;
    int value;
};

FRAME static int parse_block(const struct block *block)
{
    return block->next->value + block->value;
}

FRAME static int load_image(int value)
{
    struct block only = {.next = NULL, .value = value};
    return parse_block(&only) + 1;
}

int main(void)
{
    return load_image(5);
}
