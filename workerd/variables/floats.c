/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with a point, with as many digits as tell any two of them apart, as gdb writes them. The
 * format is told by the size: IEEE's of 2, 4 and 8 bytes, x87's of 10 in 12 or 16, and IEEE's of 16
 * bytes where the machine has it. */
#include <elf.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workerd/image/image.h"
#include "workerd/variables/printer.h"

#define FLOAT_TEXT_MAX 64u

struct float_format {
    unsigned exponent, mantissa; /* bits */
    bool integer_bit;            /* the mantissa's first bit is there */
    unsigned digits;
};

static const struct float_format half = {5, 10, false, 5};
static const struct float_format single = {8, 23, false, 9};
static const struct float_format twice = {11, 52, false, 17};
static const struct float_format extended = {15, 64, true, 21};
static const struct float_format quad = {15, 112, false, 36};

static const struct float_format *format_of(uint64_t size, bool is_quad)
{
    switch (size) {
    case 2:
        return &half;
    case 4:
        return &single;
    case 8:
        return &twice;
    case 10:
    case 12:
        return &extended;
    case 16:
        return is_quad ? &quad : &extended;
    default:
        return NULL;
    }
}

static unsigned __int128 low_bits(unsigned __int128 n, unsigned bits)
{
    return bits >= 128 ? n : n & (((unsigned __int128)1 << bits) - 1);
}

static void add_nan(struct bounded *t, unsigned __int128 mantissa)
{
    uint64_t high = (uint64_t)(mantissa >> 64), low = (uint64_t)mantissa;

    if (high != 0)
        bounded_printf(t, "nan(0x%" PRIx64 "%016" PRIx64 ")", high, low);
    else
        bounded_printf(t, "nan(0x%" PRIx64 ")", low);
}

/* What this machine's long double holds exactly is written by printf. Of a quad the bits beyond
 * that are lost. */
static void add_finite(struct bounded *t, const struct float_format *f, unsigned __int128 mantissa,
                       int exponent)
{
    char text[FLOAT_TEXT_MAX];
    unsigned digits = f->digits;

    while (mantissa >> 64 != 0) {
        mantissa >>= 1;
        exponent++;
    }
    if (digits > LDBL_DIG + 3)
        digits = LDBL_DIG + 3;
    long double value = ldexpl((long double)(uint64_t)mantissa, exponent);

    snprintf(text, sizeof text, "%.*Lg", (int)digits, value);
    bounded_add(t, text);
}

static void add_formatted(struct bounded *t, const struct float_format *f, unsigned __int128 bits)
{
    unsigned __int128 mantissa = low_bits(bits, f->mantissa);
    unsigned exponent = (unsigned)low_bits(bits >> f->mantissa, f->exponent);
    unsigned most = (1u << f->exponent) - 1;
    int bias = (int)(most / 2), shift = (int)f->mantissa - f->integer_bit;

    if (bits >> (f->mantissa + f->exponent) & 1)
        bounded_add(t, "-");
    if (exponent == most) {
        if (low_bits(mantissa, (unsigned)shift) == 0)
            bounded_add(t, "inf");
        else
            add_nan(t, mantissa);
        return;
    }
    if (!f->integer_bit && exponent > 0)
        mantissa |= (unsigned __int128)1 << f->mantissa;
    add_finite(t, f, mantissa, (int)(exponent > 0 ? exponent : 1) - bias - shift);
}

/* Of two formats of 16 bytes, the one that the machine, or the name, stands for. */
static bool is_quad(const struct printer *p, const struct entry *bare)
{
    const char *name = entry_text(bare, SLOT_NAME);

    return p->frame->image->layout->machine == EM_AARCH64 || name_starts(name, "__float128") ||
           name_starts(name, "_Float128");
}

void add_float(struct printer *p, const struct entry *bare, const uint8_t *bytes, uint64_t size)
{
    const struct float_format *f = format_of(size, is_quad(p, bare));
    unsigned __int128 bits = 0;

    if (!f) {
        add_why(p, "a number of an unknown kind");
        return;
    }
    memcpy(&bits, bytes, size);
    add_formatted(&p->out, f, bits);
}
