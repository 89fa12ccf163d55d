/* SPDX-License-Identifier: Apache-2.0 */
/* What sanitizers find, one of it for each argument. */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTION __attribute__((noinline)) static

static int table[4], shared;

FUNCTION void use_after_free(void)
{
    volatile char *p = malloc(17);

    free((void *)p);
    p[3] = 1;
}

FUNCTION void run_over(size_t n)
{
    volatile char *p = malloc(n);

    p[n] = 1;
}

FUNCTION void free_twice(void)
{
    void *volatile p = malloc(17);

    free(p);
    free(p);
}

FUNCTION int divide(int n)
{
    return 10 / n;
}

FUNCTION int add(int n)
{
    return INT_MAX + n;
}

FUNCTION int shift(int n)
{
    return 1 << n;
}

FUNCTION int index_table(int n)
{
    return table[n];
}

FUNCTION int follow(int *p)
{
    return *p;
}

static void *count(void *arg)
{
    shared++;
    return arg;
}

FUNCTION void race(void)
{
    pthread_t t;

    pthread_create(&t, NULL, count, NULL);
    shared++;
    pthread_join(t, NULL);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "use_after_free") == 0)
        use_after_free();
    if (strcmp(name, "run_over") == 0)
        run_over((size_t)argc + 20);
    if (strcmp(name, "free_twice") == 0)
        free_twice();
    if (strcmp(name, "divide") == 0)
        return divide(argc - 2);
    if (strcmp(name, "add") == 0)
        return add(argc);
    if (strcmp(name, "shift") == 0)
        return shift(argc + 40);
    if (strcmp(name, "index_table") == 0)
        return index_table(argc + 5);
    if (strcmp(name, "follow") == 0)
        return follow((int *)((char *)table + 1));
    if (strcmp(name, "race") == 0)
        race();
    return 0;
}
