/* SPDX-License-Identifier: Apache-2.0 */
/* One value on its way to text: what all kinds of values share. Each kind has a file of its own,
 * and comes back here for what is in it. Private to workerd/variables. */
#ifndef CORRAL_WORKERD_VARIABLES_PRINTER_H
#define CORRAL_WORKERD_VARIABLES_PRINTER_H

#include "workerd/variables/print.h"
#include "workerd/variables/bounded.h"
#include "workerd/variables/types.h"

/* Of one value: DIEs that are looked at, and bytes that are read, 64 for each unit. */
#define PRINT_WORK_MAX    20000u
#define PRINT_NESTING_MAX 24u /* of anything in anything */
/* Of an array, and of a text in one: what lies behind is not looked at. gdb's max-value-size. */
#define PRINT_BYTES_MAX   65536u
#define PRINT_REPEATS_MIN 10u /* more than so many equal neighbours are written once */

struct printer {
    struct bounded out;
    struct arena *arena;
    const struct print_symbols *symbols; /* NULL: none */
    const struct frame_view *frame;
    uint64_t work; /* that is left */
    unsigned depth, nesting;
    size_t readings; /* that succeeded */
    const char *why; /* the first that did not; NULL */
};

/* Bytes of a place from an offset on. */
struct value {
    const struct place *place;
    uint64_t offset;
};

/* Bits as they were read, zero beyond width. */
struct number {
    unsigned __int128 bits;
    unsigned width; /* bits */
};

/* --- Reading and giving up: print.c --- */

/* False when it is spent: the text is then full. */
bool printer_work(struct printer *p, uint64_t units);
/* False with a reason. */
bool value_read(struct printer *p, const struct value *v, uint64_t from, void *to, size_t n,
                const char **ret_why);
/* Reads 1 to 16 bytes as a number; where it cannot be, the reason has been written. */
bool value_number_or_why(struct printer *p, const struct value *v, uint64_t bytes,
                         struct number *ret);
bool value_address_of(const struct value *v, uint64_t *ret);
bool value_at(const struct value *v, uint64_t offset, struct value *ret);
/* Memory that a value leads to. */
bool memory_read(struct printer *p, const struct value *of, uint64_t address, void *to, size_t n);
void add_why(struct printer *p, const char *why);
void add_no_type(struct printer *p);

/* Any value, of a type that may have typedefs and qualifiers before it. */
void add_value(struct printer *p, const struct entry *type, const struct value *v);
/* The same in something else; when nothing of it can be read, only why. */
void add_inner_value(struct printer *p, const struct entry *type, const struct value *v);
/* "0x…", and what the address is the place of. */
void add_address(struct printer *p, uint64_t address);

/* --- Kinds --- */

/* numbers.c; `type` as it was declared, `bare` behind it. */
void add_number(struct printer *p, const struct entry *type, const struct entry *bare,
                const struct number *n);
void add_base(struct printer *p, const struct entry *type, const struct entry *bare,
              const struct value *v);
__int128 number_signed(const struct number *n);
void add_decimal(struct bounded *t, const struct number *n, bool with_sign);
/* floats.c */
void add_float(struct printer *p, const struct entry *bare, const uint8_t *bytes, uint64_t size);
/* enums.c */
void add_enum(struct printer *p, const struct entry *bare, const struct number *n);
/* characters.c: a text in quotes from units of 1, 2 or 4 bytes, and one character. `cut`: there
 * are more of them. */
struct units {
    const uint8_t *bytes;
    size_t n; /* units */
    struct text_unit unit;
};
void add_quoted(struct bounded *t, const struct units *u, bool cut);
void add_character(struct bounded *t, const uint8_t *bytes, struct text_unit unit);
/* The text in memory up to NUL, or of `n` units when n >= 0. */
void add_text_at(struct printer *p, const struct value *of, uint64_t address, int64_t n,
                 struct text_unit unit);
/* structs.c */
void add_struct(struct printer *p, const struct entry *bare, const struct value *v);
/* The bytes or bits that a member has of what it is in. */
struct member {
    struct entry type;
    struct value value;
    uint64_t bit, bits; /* bits > 0: a bit-field, from that bit of the value on */
};
bool member_of(struct printer *p, const struct entry *member, const struct value *v,
               struct member *ret);
void add_member_value(struct printer *p, const struct member *m);
/* What was written from there on is the value of a member of that name (NULL: it has none): a
 * secret is taken back. */
void hide_secret(struct printer *p, const char *name, size_t begin);
bool struct_member(struct printer *p, const struct entry *bare, const char *name,
                   struct entry *ret);
/* stdstring.c: false when it is none, or its text is not there; nothing was written then. */
bool add_std_string(struct printer *p, const struct entry *bare, const struct value *v);
/* arrays.c */
/* How long an array is whose length is only known at run time. */
bool array_count_in(const struct frame_view *f, const struct dimension *d, struct arena *a,
                    uint64_t *ret);
void add_array(struct printer *p, const struct entry *bare, const struct value *v);
/* Elements of one size after each other, in brackets. */
struct elements {
    const struct entry *type;
    struct value first;
    uint64_t count, size;
};
void add_elements(struct printer *p, const struct elements *e);
/* memberpointers.c */
void add_member_pointer(struct printer *p, const struct entry *bare, const struct value *v);
/* rust.c */
void add_rust_struct(struct printer *p, const struct entry *bare, const struct value *v);
void add_rust_character(struct bounded *t, uint32_t c);
/* What stands behind the address of a pointer that is not null. */
void add_rust_target(struct printer *p, const struct entry *bare, const struct value *v,
                     uint64_t address);

#endif
