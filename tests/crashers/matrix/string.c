/* SPDX-License-Identifier: Apache-2.0 */
/* Dies in the C library's hand-written assembler, in the variant that this processor has, reached
 * through qsort(): frames of two files alternate. */
#include <stdlib.h>
#include <string.h>

#include "../frame.h"

struct entry {
    const char *name;
};

FRAME static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return strcmp(x->name, y->name);
}

FRAME static int sort(struct entry *entries, size_t n)
{
    qsort(entries, n, sizeof *entries, compare);
    return entries[0].name[0];
}

int main(void)
{
    struct entry entries[4] = {{"d"}, {"b"}, {NULL}, {"a"}};

    return sort(entries, 4);
}
