/* SPDX-License-Identifier: Apache-2.0 */
/* Integers of 1 to 16 bytes, characters, truth values. */
#include <string.h>

#include "workerd/variables/printer.h"

#define DECIMAL_MAX 41u /* digits of a number of 128 bits, its sign, NUL */

__int128 number_signed(const struct number *n)
{
    unsigned unused = 128 - n->width;

    return n->width == 0 ? 0 : (__int128)(n->bits << unused) >> unused;
}

void add_decimal(struct bounded *t, const struct number *n, bool with_sign)
{
    char digits[DECIMAL_MAX], *p = digits + sizeof digits - 1;
    __int128 value = number_signed(n);
    bool negative = with_sign && value < 0;
    unsigned __int128 left = negative ? -(unsigned __int128)value : n->bits;

    *p = '\0';
    do {
        *--p = (char)('0' + (int)(left % 10));
        left /= 10;
    } while (left > 0);
    if (negative)
        *--p = '-';
    bounded_add(t, p);
}

static void add_bool(struct bounded *t, const struct number *n)
{
    if (n->bits <= 1)
        bounded_add(t, n->bits == 1 ? "true" : "false");
    else
        add_decimal(t, n, false);
}

static bool is_rust_character(const struct entry *bare)
{
    uint64_t encoding;

    return type_is_rust(bare) && entry_number(bare, SLOT_ENCODING, &encoding) &&
           encoding == DW_ATE_UTF;
}

/* A number that may be a character is shown as both. */
static void add_integer(struct printer *p, const struct entry *type, const struct entry *bare,
                        const struct number *n, bool with_sign)
{
    struct text_unit unit = type_is_rust(bare) ? (struct text_unit){0, ""} : type_text_unit(type);
    __int128 whole = with_sign ? number_signed(n) : (__int128)n->bits;
    uint8_t bytes[sizeof whole];

    add_decimal(&p->out, n, with_sign);
    memcpy(bytes, &whole, sizeof bytes);
    if (is_rust_character(bare)) {
        bounded_add(&p->out, " '");
        add_rust_character(&p->out, (uint32_t)n->bits);
        bounded_add(&p->out, "'");
    } else if (unit.width > 0) {
        bounded_add(&p->out, " ");
        add_character(&p->out, bytes, unit);
    }
}

void add_number(struct printer *p, const struct entry *type, const struct entry *bare,
                const struct number *n)
{
    switch (type_number_kind(bare)) {
    case NUMBER_SIGNED:
        add_integer(p, type, bare, n, true);
        break;
    case NUMBER_UNSIGNED:
        add_integer(p, type, bare, n, false);
        break;
    case NUMBER_BOOL:
        add_bool(&p->out, n);
        break;
    default:
        add_why(p, "a number of an unknown kind");
        break;
    }
}

static void add_floats(struct printer *p, const struct entry *bare, const struct value *v,
                       uint64_t size, bool complex)
{
    uint8_t bytes[2 * sizeof(unsigned __int128)];
    const char *why = PLACE_UNREADABLE;

    if (size == 0 || size > sizeof bytes || !value_read(p, v, 0, bytes, (size_t)size, &why)) {
        add_why(p, why);
        return;
    }
    if (!complex) {
        add_float(p, bare, bytes, size);
        return;
    }
    add_float(p, bare, bytes, size / 2);
    bounded_add(&p->out, " + ");
    add_float(p, bare, bytes + size / 2, size / 2);
    bounded_add(&p->out, "i");
}

/* Rust's `()` is a number of no bytes. */
void add_base(struct printer *p, const struct entry *type, const struct entry *bare,
              const struct value *v)
{
    enum number_kind kind = type_number_kind(bare);
    const char *name = entry_text(bare, SLOT_NAME);
    struct number n;
    uint64_t size;

    if (!type_size(bare, &size) || size == 0) {
        p->readings++;
        bounded_add(&p->out, type_is_rust(bare) && name ? name : "void");
    } else if (kind == NUMBER_FLOAT || kind == NUMBER_COMPLEX) {
        add_floats(p, bare, v, size, kind == NUMBER_COMPLEX);
    } else if (value_number_or_why(p, v, size, &n)) {
        add_number(p, type, bare, &n);
    }
}
