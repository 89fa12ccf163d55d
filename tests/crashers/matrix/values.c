/* SPDX-License-Identifier: Apache-2.0 */
/* What C has for arguments and local variables: every kind of type in one frame each, one below the
 * other, kept in memory. What compilers do to them is in places.c. */
#include <complex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>
#include <wchar.h>

#include "../frame.h"

static int *volatile nowhere;
static volatile int zero;

/* Whatever it is given has to be in memory, and to have its value. */
FRAME static void see(const void *p)
{
    __asm__ volatile("" : : "r"(p) : "memory");
}

enum color { RED, GREEN = 5, BLUE };
enum low { LOW = -3, LOWER = -300 };
enum mode { READ = 1, WRITE = 2, CREATE = 4, APPEND = 64 };
enum wide { SMALL = 1, LARGE = 0x100000000 };
enum holes { HOLE_ONE = 1, HOLE_THREE = 3, HOLE_EIGHT = 8 };

struct point {
    int x, y;
};

struct shape {
    const char *name;
    struct point corners[3];
    union {
        double radius;
        uint64_t raw;
    };
    struct {
        short a;
        char b;
    } inner;
    enum color color;
    bool filled;
};

struct bits {
    unsigned one : 1, three : 3, twelve : 12;
    signed negative : 5;
    enum color color : 4;
    bool flag : 1;
    uint64_t large : 40;
};

struct node {
    struct node *next;
    int (*visit)(struct node *, void *);
    void *data;
    int tail[];
};

struct nothing {
};

struct unknown;

typedef struct {
    unsigned char bytes[4];
    char text[6];
} packet;

typedef union {
    int number;
    float real;
    char text[8];
} either;

typedef int (*handler)(const char *, ...);
typedef unsigned long number_of_things;

/* --- Pointers ------------------------------------------------------------------------------------- */

static int visit(struct node *n, void *data)
{
    return n == data;
}

static int global_number = 7;
static const char *const words[] = {"zero", "one", NULL};

FRAME static int crash(int code, const char *why)
{
    int before = code * 3;

    see(&before);
    return *nowhere + before + (int)strlen(why);
}

FRAME static int pointers(int argc, char *const *argv, const struct unknown *opaque)
{
    int on_stack = 11;
    int *to_stack = &on_stack, **to_pointer = &to_stack;
    struct node *node = calloc(1, sizeof *node + 3 * sizeof(int));
    const char *text = "a constant", *empty = "", *null = NULL, *odd = "tab\tquote\"back\\\001\377end\n";
    char *heap = strdup("on the heap");
    const char *lost = (const char *)0x1234;
    const unsigned char *unsigned_text = (const unsigned char *)"unsigned";
    const signed char *signed_text = (const signed char *)"signed";
    int (*visitor)(struct node *, void *) = visit;
    handler handlers[2] = {NULL, (handler)(void (*)(void))crash};
    int *to_global = &global_number;
    const char *const *table = words;
    void *anything = node;
    int (*to_array)[3] = (int (*)[3])&node->tail;
    const wchar_t *wide = L"wide \u00e9";
    const char16_t *utf16 = u"sixteen";
    const char32_t *utf32 = U"thirty-two";
    const volatile int *restrict qualified = &on_stack;
    struct point *at = (struct point *)&node->tail[0];
    char long_text[300];
    const char *long_one = long_text;

    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    node->visit = visit;
    node->tail[1] = 4;
    void *all[] = {&to_pointer,  &node,     &text,     &empty,     &null,      &odd,       &heap,
                   &lost,        &visitor,  &handlers, &to_global, &table,     &anything,  &to_array,
                   &wide,        &utf16,    &utf32,    &qualified, &at,        &long_one,  &long_text,
                   &unsigned_text, &signed_text};
    see(all);
    see(&opaque);
    return crash(argc, argv[0]) + on_stack;
}

/* --- Arrays --------------------------------------------------------------------------------------- */

FRAME static int arrays(int n)
{
    int plain[5] = {1, 2, 3, 4, 5}, none[3] = {0}, many[300], same[40];
    int grid[2][3] = {{1, 2, 3}, {4, 5, 6}}, cube[2][2][2] = {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}};
    int mixed[30] = {1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 9};
    char text[8] = "seven", full[4] = {'f', 'u', 'l', 'l'}, blank[16] = "", gap[12] = "a\0b";
    char runs[64] = "abcccccccccccccccccccccd", tail[40] = "xxxxxxxxxxxxxxxxxxxxxxxxxx";
    char letters[2][6] = {"ab", "cdefg"};
    unsigned char bytes[6] = {0, 1, 127, 128, 255, 'z'};
    signed char negative[3] = {-1, 0, 'a'};
    const char *names[3] = {"first", NULL, "third"};
    struct point points[3] = {{1, 2}, {3, 4}, {3, 4}}, equal[15] = {{0}};
    double reals[4] = {0.5, -1, 1e100, 0};
    bool flags[3] = {true, false, true};
    enum color colors[3] = {RED, BLUE, 3};
    wchar_t wide[5] = L"w\u00e9";
    char16_t utf16[6] = u"u16";
    int variable[n], table[n][2];
    char text_of[n * 3];
    int nothing[0];

    for (int i = 0; i < 300; i++)
        many[i] = i;
    for (int i = 0; i < 40; i++)
        same[i] = 6;
    for (int i = 0; i < n; i++) {
        variable[i] = i * i;
        table[i][0] = i;
        table[i][1] = -i;
    }
    memset(text_of, 'v', sizeof text_of);
    void *all[] = {plain, none,     many,  same,   grid,   cube,  mixed,  text,  full,  blank,    gap,   runs,
                   tail,  letters,  bytes, negative, names, points, equal, reals, flags, colors, wide, utf16,
                   variable, table, text_of, nothing};
    see(all);
    return pointers(n, (char *const[]){"argv0", NULL}, (const struct unknown *)plain) + plain[0];
}

/* --- Structures ------------------------------------------------------------------------------------- */

FRAME static int structures(struct point by_value, struct shape large, either one_of, const packet *to)
{
    struct shape shape = {.name = "circle", .corners = {{1, 2}, {3, 4}}, .radius = 1.5, .inner = {-1, 'b'},
                          .color = GREEN, .filled = true};
    struct bits bits = {1, 5, 0xabc, -7, BLUE, true, 0x123456789a}, cleared = {0};
    struct nothing empty = {};
    struct {
        struct {
            struct {
                struct point deep;
            } third;
        } second;
        int after;
    } nested = {{{{8, 9}}}, 10};
    packet packet = {{1, 2, 0xff, 0}, "pack"};
    either text = {.text = "either"};
    union {
        struct point as_point;
        int64_t as_number;
    } overlay = {{1, -1}};
    struct point *none = NULL;
    const struct point constant = {-5, 5};
    struct { struct point p[2][2]; const char *s; } held = {{{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}, "held"};
    struct { char c; struct { char c; long l; } __attribute__((packed)) p; } packed = {'a', {'b', 3}};

    void *all[] = {&by_value, &large, &one_of, &shape, &bits, &cleared, &empty, &nested, &packet,
                   &text, &overlay, &none, (void *)&constant, &held, &packed, &to};
    see(all);
    return arrays(by_value.x + zero) + shape.inner.a;
}

/* --- Numbers ---------------------------------------------------------------------------------------- */

FRAME static int small(char c, signed char sc, unsigned char uc, short s, unsigned short us, bool b, float f,
                       double d, enum color color, long long wide)
{
    char letter = 'a', newline = '\n', escape = '\033', high = (char)200, quote = '\'', slash = '\\', nul = 0;
    int8_t i8 = -8;
    uint8_t u8 = 200;
    int16_t i16 = -1600;
    uint16_t u16 = 65535;
    wchar_t wc = L'w', odd_wc = L'\u00e9';
    char16_t c16 = u'z';
    char32_t c32 = U'\U0001f600';
    bool yes = true, no = false;
    enum color red = RED, blue = BLUE, none = 3;
    enum low low = LOW, lower = -300, between = -4;
    enum mode mode = READ | CREATE, all_modes = READ | WRITE | CREATE | APPEND, no_mode = 0, odd_mode = WRITE | 8,
              unknown_mode = 128;
    enum wide large = LARGE;
    enum holes hole = HOLE_ONE | HOLE_EIGHT, three = HOLE_THREE, two = 2;
    void *all[] = {&letter, &newline, &escape, &high, &quote, &slash, &nul, &i8, &u8, &i16, &u16, &wc, &odd_wc,
                   &c16, &c32, &yes, &no, &red, &blue, &none, &low, &lower, &between, &mode, &all_modes, &no_mode,
                   &odd_mode, &unknown_mode, &large, &c, &sc, &uc, &s, &us, &b, &f, &d, &color, &wide,
                   &hole, &three, &two};

    see(all);
    return structures((struct point){3, 4}, (struct shape){.name = "argument", .inner.b = 'x'},
                      (either){.real = 0.25f}, &(packet){{9}, "to"}) + letter;
}

FRAME static int large(void)
{
    int i = -1, i_min = INT32_MIN;
    unsigned u = 4000000000u;
    long l = -5000000000, l_min = INT64_MIN;
    unsigned long ul = UINT64_MAX;
    long long ll = 1;
    unsigned long long ull = 1ull << 63;
    __int128 i128 = ((__int128)-1) << 70;
    unsigned __int128 u128 = ((unsigned __int128)1 << 127) + 5;
    size_t size = sizeof(int);
    intptr_t address = 0x7fff;
    number_of_things things = 12;
    atomic_int atomic = 13;
    volatile const int qualified = 14;
    float f = 1.1f, f_small = 1e-30f, f_whole = 3, f_zero = 0, f_minus = -0.0f, f_inf = __builtin_inff();
    double d = 3.14159265358979, d_large = 1e300, d_small = 5e-324, d_nan = __builtin_nan(""),
           d_minus_inf = -__builtin_inf(), d_third = 1.0 / 3, d_million = 1e6, d_long = 123456789012345680.0;
    double d_minus_nan = -__builtin_nan("0x123");
    long double ld = 2.5L, ld_third = 1.0L / 3, ld_large = 1e4000L, ld_inf = __builtin_infl(), ld_zero = 0;
    __float128 quad = 1.5;
    float complex cf = 1 + 2 * I;
    double complex cd = -0.5 - 1 * I;
    typedef int four __attribute__((vector_size(16)));
    four vector = {1, 2, 3, 4};
    void *all[] = {&i, &i_min, &u, &l, &l_min, &ul, &ll, &ull, &i128, &u128, &size, &address, &things, &atomic,
                   (void *)&qualified, &f, &f_small, &f_whole, &f_zero, &f_minus, &f_inf, &d, &d_large, &d_small,
                   &d_nan, &d_minus_inf, &d_third, &d_million, &d_long, &d_minus_nan, &ld, &ld_third, &ld_large,
                   &ld_inf, &ld_zero, &quad, &cf, &cd, &vector};

    see(all);
    return small('c', -2, 0xfe, -32768, 40000, true, 0.1f, -2.5, GREEN, -1ll) + i;
}

/* --- Scopes ----------------------------------------------------------------------------------------- */

FRAME static int scopes(int value, int other)
{
    static int counter = 41;
    static const char *const kept = "static";
    static struct point origin = {0, 1};
    extern char **environ;
    int sum = 0;

    counter++;
    for (int i = 0; i < 2; i++) {
        int value = i + 100, unused_here = 1;

        see(&value);
        see(&unused_here);
        {
            long sum = value * 2l;
            const char *value = "hides twice";
            static int counter = 99;

            see(&sum);
            see(&value);
            see(&counter);
            see(&origin);
            if (i == 1)
                return large() + (int)sum;
        }
        {
            int not_here = 7;

            see(&not_here);
        }
    }
    see(kept);
    return value + other + sum + environ[0][0];
}

int main(int argc, char **argv)
{
    int result = scopes(argc, argc + 1);

    (void)argv;
    see(&result);
    return result;
}
