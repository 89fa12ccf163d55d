/* SPDX-License-Identifier: Apache-2.0 */
/* What compilers do to arguments and local variables: they keep them in registers that calls preserve, or forget
 * them but for what the caller passed; they take structures apart, pass parts of them, replace variables by constants
 * and by expressions of other ones, and pointers to variables by nothing. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../frame.h"

#define NOINLINE __attribute__((noinline))
#define INLINE   static inline __attribute__((always_inline))

static int *volatile nowhere;
static volatile int one = 1;
static volatile double half = 0.5;

struct pair {
    long first, second;
};

struct small {
    short a, b;
    char c;
};

struct mixed {
    double real;
    int whole;
};

struct three {
    const char *name;
    long values[2];
};

FRAME static void see(const void *p)
{
    __asm__ volatile("" : : "r"(p) : "memory");
}

/* --- Registers at the crash itself, of which some hold floating-point numbers ------------------------ */

NOINLINE static double crash(int whole, double real, float single, const char *text, bool yes, struct mixed m)
{
    double sum = real * single + m.real;
    long product = whole * 3l;

    *nowhere = yes;
    return sum + (double)product + text[0] + m.whole;
}

/* --- Kept in registers that the callee preserves ------------------------------------------------------ */

NOINLINE static long kept(long a, unsigned b, const char *c, short d, unsigned char e, bool f)
{
    long sum = a + b;
    double result = crash((int)a, half, (float)half, c, f, (struct mixed){half, 3});

    return (long)result + sum + a * b + (long)strlen(c) + d + e + f;
}

/* --- Known from what the caller passed and nothing else ------------------------------------------------ */

NOINLINE static long entry_last(long x, const char *name, int unused)
{
    return kept(x + 1, 7, "text", -2, 'e', x > 0) + one;
}

NOINLINE static long entry_middle(long x, const char *name, int unused)
{
    return entry_last(x * 2, name, unused + 1) + one;
}

NOINLINE static long entry_first(long x, const char *name)
{
    return entry_middle(x + 5, name + 1, 17) + one;
}

/* --- Taken apart ----------------------------------------------------------------------------------------- */

NOINLINE static long pieces(struct pair p, struct small s, struct three t)
{
    struct pair swapped = {p.second, p.first + one};
    struct small part = {.a = s.b, .c = s.a};
    struct pair half_known = {swapped.first * 3, one};
    long result = entry_first(p.first + s.c, t.name);

    return result + swapped.first * swapped.second + part.a + p.second + half_known.first + t.values[1] + part.c;
}

/* Of the structure only one member is ever used: others need not be passed. */
NOINLINE static long part_of(const struct pair *p, int constant)
{
    long scaled = p->second * constant;
    long result = pieces((struct pair){scaled, 2}, (struct small){1, 2, 'c'}, (struct three){"three", {4, 5}});

    return result + scaled;
}

/* --- Constants, and what can be computed from others --------------------------------------------------- */

NOINLINE static long constants(long x)
{
    const int number = 42;
    const char letter = 'x';
    const bool truth = true;
    const double real = 2.5;
    const float single = 0.75f;
    const char *const text = "constant";
    const struct pair pair = {1, 2};
    int negative = -5;
    unsigned char byte = 250;
    void *null = NULL;
    long (*function)(long) = constants;
    long doubled = x * 2, shifted = x << 3, masked = x & 0xff, inverted = ~x, compared = x > 3, sum = x + number;
    unsigned narrow = (unsigned)x * 3u;
    long long difference = x - negative;
    struct pair local = {x, doubled};
    long result = part_of(&local, number + byte - 250);

    return result + x + (letter == 'x') + truth + (real > single) + pair.first + (null != NULL) + (function == NULL) +
           text[0];
}

/* --- Pointers to what has no address ------------------------------------------------------------------- */

INLINE long through(const struct pair *p, long *out, const int *number)
{
    long before = *out;
    long result = constants(p->first + *number);

    *out = result;
    return before + p->second;
}

NOINLINE static long implicit(long a, long b)
{
    struct pair p = {a + one, b};
    long out = a;
    int number = 6;
    long got = through(&p, &out, &number);

    return got + out;
}

/* --- Loops and blocks -------------------------------------------------------------------------------------- */

INLINE long step(long n, const char *why)
{
    long squared = n * n;

    return implicit(squared, n) + why[0];
}

NOINLINE static long loop(const long *list, size_t n)
{
    long sum = 0;

    for (size_t i = 0; i < n; i++) {
        long item = list[i];

        if (item > 2) {
            long rest = (long)(n - i);
            sum += step(item, "why") + rest;
        }
        sum += item;
    }
    return sum;
}

int main(int argc, char **argv)
{
    long list[] = {1, 2, 3, 4};
    char *copy = strdup(argv[0]);
    long result;

    see(list);
    result = loop(list, sizeof list / sizeof *list);
    free(copy);
    return (int)result + argc;
}
