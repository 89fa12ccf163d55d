/* SPDX-License-Identifier: Apache-2.0 */
/* tmplc TEMPLATE.html OUTPUT.c: a program of the build, linked with nothing of ours. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dashd/templates/tmplc.h"

int main(int argc, char **argv)
{
    FILE *in, *out;
    int r;

    if (argc != 3)
        return 2;
    in = fopen(argv[1], "re");
    out = in ? fopen(argv[2], "we") : NULL;
    if (!out) {
        fprintf(stderr, "tmplc: %s: %s\n", in ? argv[2] : argv[1], strerror(errno));
        return 1;
    }
    r = tmplc_compile(argv[1], in, out);
    r = fclose(out) != 0 || r < 0;
    if (r)
        remove(argv[2]);
    return r;
}
