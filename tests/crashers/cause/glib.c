/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which GLib ends a program: the argument says which. What is used of it is declared
 * here, so that it takes the library alone to build this. */
#include <stddef.h>
#include <string.h>

void g_log(const char *domain, int level, const char *format, ...);
void g_assertion_message_expr(const char *domain, const char *file, int line, const char *function,
                              const char *expression) __attribute__((noreturn));
void g_assertion_message_cmpnum(const char *domain, const char *file, int line,
                                const char *function, const char *expression, long double a,
                                const char *compared, long double b, char type)
    __attribute__((noreturn));
void *g_malloc(size_t n);

#define LEVEL_ERROR 4

#define FUNCTION __attribute__((noinline)) static void

FUNCTION assertion(int n)
{
    if (n != 7)
        g_assertion_message_expr("shop", "ring.c", 30, "fill", "n == 7");
}

FUNCTION compared(int n)
{
    if (n != 7)
        g_assertion_message_cmpnum("shop", "ring.c", 31, "fill", "n == 7", n, "==", 7, 'i');
}

FUNCTION error(int n)
{
    g_log("shop", LEVEL_ERROR, "order %d has no address", n);
}

FUNCTION memory(size_t n)
{
    *(char *)g_malloc(n) = 1;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "assertion") == 0)
        assertion(argc);
    if (strcmp(name, "compared") == 0)
        compared(argc);
    if (strcmp(name, "error") == 0)
        error(argc);
    if (strcmp(name, "memory") == 0)
        memory(~(size_t)0 / 4);
    return 0;
}
