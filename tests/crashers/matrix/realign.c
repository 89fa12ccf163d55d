/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a size that only the run knows, aligned beyond what a call guarantees: where the
 * caller's registers lie is written as an expression (DW_CFA_def_cfa_expression,
 * DW_CFA_expression). */
#include <alloca.h>
#include <string.h>

#include "../frame.h"

static int *volatile nowhere;

FRAME static int use(char *block, char *line, long *vector)
{
    return *nowhere + block[0] + line[1] + (int)vector[0];
}

FRAME static int variable(int n)
{
    char block[n * 16];
    char *line = alloca((unsigned)n * 3);
    _Alignas(64) long vector[8] = {n};

    memset(block, n, sizeof block);
    memset(line, n, (unsigned)n * 3);
    return use(block, line, vector) + 1;
}

FRAME static int aligned(int n)
{
    _Alignas(128) volatile char wide[256] = {0};
    int sum = 0;

    for (int i = 0; i < n; i++)
        sum += variable(n + i) + wide[i];
    return sum;
}

int main(int argc, char **argv)
{
    (void)argv;
    return aligned(argc + 2);
}
