/* SPDX-License-Identifier: Apache-2.0 */
/* What seldom happens is moved away from its function: parse.cold lies elsewhere, has a symbol of
 * its own, and is still parse(). Functions that nobody calls leave DWARF without code when sections
 * are collected. */
#include <stdio.h>
#include <stdlib.h>

#include "../frame.h"

static int *volatile nowhere;

int unused_one(int value)
{
    return value * 3;
}
int unused_two(int value)
{
    return unused_one(value) + 1;
}

__attribute__((cold, noinline)) static int report(int value)
{
    fprintf(stderr, "value %d\n", value);
    return *nowhere;
}

__attribute__((noinline, noclone)) static int parse(const char *text)
{
    int sum = 0;

    for (; *text; text++) {
        if (__builtin_expect(*text == '!', 0)) {
            sum += report(sum) * 2;
            fprintf(stderr, "went on with %d\n", sum);
        }
        sum += *text;
    }
    return sum;
}

__attribute__((noinline, noclone)) static int load(const char *text)
{
    return parse(text) + 1;
}

int main(int argc, char **argv)
{
    return load(argc > 1 ? argv[1] : "abc!def");
}
