/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/variables workerd/unwind workerd/analysis workerd/indexer workerd/image
 * workerd/index */
#include "workerd/variables/place.h"

#include "tests/lib/unit.h"
#include "tests/unit/debug_file.h"
#include "tests/unit/unwind_process.h"
#include "workerd/variables/scope.h"

#define A      MADE_CODE /* the function that is asked of; its caller is ... */
#define CALLER (A + 0x800)
#define BIAS   0x7f0000000000u
#define MEMORY 0x1000u /* 256 bytes: 0, 1, 2 … */
#define CFA    (MEMORY + 0x40)

/* A process, its debug information, and two frames of it. */
struct fixture {
    struct made made;
    struct process process;
    struct registers registers, callers;
    struct frame_view frame, caller;
    struct entry function;
    struct entry variable;
    struct place place;
};

static void fixture_fini(struct fixture *f)
{
    made_fini(&f->made);
    process_fini(&f->process);
}
#define _fixture_ _cleanup_(fixture_fini)

static void fixture_init(struct fixture *f, unsigned version)
{
    struct piece *p;

    memset(f, 0, sizeof *f);
    made_init(&f->made, version);
    process_init(&f->process, EM_X86_64, true);
    p = process_piece(&f->process, MEMORY, 0x100, false);
    for (unsigned i = 0; i < 0x100; i++)
        p->bytes[i] = (uint8_t)i;
    registers_set(&f->registers, 3, 0x8877665544332211);
    registers_set(&f->registers, 6, MEMORY);
    registers_set(&f->callers, 3, 0x33);
    registers_set(&f->callers, 6, MEMORY + 0x80);
    f->caller = (struct frame_view){.image = &f->process.image,
                                    .registers = &f->callers,
                                    .address = BIAS + CALLER + 0x1f,
                                    .pc = BIAS + CALLER + 0x20,
                                    .bias = BIAS,
                                    .has_cfa = true,
                                    .cfa = MEMORY + 0x90};
    f->frame = (struct frame_view){.image = &f->process.image,
                                   .registers = &f->registers,
                                   .address = BIAS + A + 0x10,
                                   .pc = BIAS + A + 0x10,
                                   .bias = BIAS,
                                   .has_cfa = true,
                                   .cfa = CFA,
                                   .caller = &f->caller};
}

static void open_made(struct fixture *f)
{
    made_unit_end(&f->made);
    f->caller.debug = f->frame.debug = made_open(&f->made);
    ck_assert_ptr_nonnull(f->frame.debug);
}

/* The place of the n-th variable of the function at A. */
static struct place *find(struct fixture *f, unsigned n)
{
    struct scopes s;

    ck_assert(scopes_at(f->frame.debug, A + 0x10, &f->made.arena, &s));
    ck_assert_uint_lt(n, s.list[0].n);
    f->function = s.list[s.n - 1].function;
    f->variable = s.list[0].variables[n].entry;
    place_of_variable(&f->frame, &f->function, &f->variable, &f->made.arena, &f->place);
    return &f->place;
}

/* The first `size` bytes as a number. */
static uint64_t number_at(const struct place *p, size_t size)
{
    const char *why = NULL;
    uint64_t value = 0;

    ck_assert_msg(place_read(p, 0, &value, size, &why), "%s", why);
    return value;
}

static const char *why_not(const struct place *p, size_t size)
{
    const char *why = NULL;
    uint8_t bytes[64];

    ck_assert(!place_read(p, 0, bytes, size, &why));
    return why;
}

/* --- Expressions --- */

struct row {
    struct made_bytes expression;
    unsigned version;    /* 0: 5 */
    const char *problem; /* of the place, or of reading it; NULL: none */
    uint64_t value;      /* of 4 bytes */
};

/* Offsets of types in the unit: see put_types. */
#define INT   35
#define U8    42
#define S8    48
#define FLOAT 54
#define U32   63

static const struct row rows[] = {
    /* Memory. */
    {EXPR(DW_OP_fbreg, 0x08), 0, NULL, 0x4b4a4948},
    {EXPR(DW_OP_breg6, 0x03), 0, NULL, 0x06050403},
    {EXPR(DW_OP_bregx, 6, 0x03), 0, NULL, 0x06050403},
    {EXPR(DW_OP_call_frame_cfa, DW_OP_lit1, DW_OP_plus), 0, NULL, 0x44434241},
    {EXPR(DW_OP_breg6, 0, DW_OP_lit2, DW_OP_plus, DW_OP_deref), 0, PLACE_NOT_IN_CORE, 0},
    {EXPR(DW_OP_addr, 1, 0, 0, 0, 0, 0, 0, 0), 0, PLACE_NOT_IN_CORE, 0},
    {EXPR(DW_OP_addrx, 1), 0, NULL, 0x13121110},
    {EXPR(DW_OP_addrx, 200), 0, PLACE_UNREADABLE, 0},
    {EXPR(DW_OP_breg2, 0), 0, PLACE_OPTIMIZED_OUT, 0},
    /* Registers. */
    {EXPR(DW_OP_reg3), 0, NULL, 0x44332211},
    {EXPR(DW_OP_regx, 3), 0, NULL, 0x44332211},
    {EXPR(DW_OP_reg2), 0, PLACE_OPTIMIZED_OUT, 0},
    {EXPR(DW_OP_reg17), 0, PLACE_OPTIMIZED_OUT, 0},
    {EXPR(DW_OP_regx, 33), 0, PLACE_UNREADABLE, 0},
    {EXPR(DW_OP_regx, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), 0, PLACE_UNREADABLE, 0},
    /* Values. */
    {EXPR(DW_OP_lit5, DW_OP_stack_value), 0, NULL, 5},
    {EXPR(DW_OP_breg3, 1, DW_OP_stack_value), 0, NULL, 0x44332212},
    {EXPR(DW_OP_constx, 0, DW_OP_stack_value), 0, NULL, 0x11223344},
    {EXPR(DW_OP_implicit_value, 4, 1, 2, 3, 4), 0, NULL, 0x04030201},
    {EXPR(DW_OP_implicit_value, 2, 1, 2), 0, PLACE_UNREADABLE, 0},
    {EXPR(DW_OP_implicit_value, 9, 1, 2), 0, PLACE_UNREADABLE, 0},
    {EXPR(DW_OP_implicit_pointer, 1, 0, 0, 0, 0), 0, PLACE_OPTIMIZED_OUT, 0},
    {EXPR(DW_OP_GNU_implicit_pointer, 1, 0, 0, 0, 0), 0, PLACE_OPTIMIZED_OUT, 0},
    {EXPR(DW_OP_lit5, DW_OP_stack_value, DW_OP_GNU_uninit), 0, NULL, 5},
    {NO_EXPR, 0, PLACE_OPTIMIZED_OUT, 0},
    {EXPR(DW_OP_stack_value), 0, PLACE_UNREADABLE, 0},
    {EXPR(DW_OP_nop), 0, PLACE_UNREADABLE, 0},
    {EXPR(DW_OP_const8u, 0, 0, 0, 0, 0, 0, 0, 0, DW_OP_form_tls_address), 0, PLACE_UNREADABLE, 0},
    {EXPR(DW_OP_lit0, DW_OP_GNU_push_tls_address), 0, PLACE_UNREADABLE, 0},
    {EXPR(DW_OP_push_object_address), 0, PLACE_UNREADABLE, 0},
    /* Pieces. */
    {EXPR(DW_OP_reg3, DW_OP_piece, 2, DW_OP_lit7, DW_OP_stack_value, DW_OP_piece, 2), 0, NULL,
     0x00072211},
    {EXPR(DW_OP_breg6, 0x10, DW_OP_piece, 1, DW_OP_reg3, DW_OP_piece, 3), 0, NULL, 0x33221110},
    {EXPR(DW_OP_reg3, DW_OP_bit_piece, 4, 4, DW_OP_reg3, DW_OP_bit_piece, 28, 8), 0, NULL,
     0x54433221},
    {EXPR(DW_OP_breg6, 0x10, DW_OP_bit_piece, 12, 4, DW_OP_implicit_value, 4, 0xcd, 0xab, 0, 0,
          DW_OP_bit_piece, 20, 0),
     0, NULL, 0x0abcd111 & 0xffffffff},
    {EXPR(DW_OP_piece, 2, DW_OP_reg3, DW_OP_piece, 2), 0, PLACE_OPTIMIZED_OUT, 0},
    {EXPR(DW_OP_reg3, DW_OP_piece, 2), 0, PLACE_OPTIMIZED_OUT, 0},
    {EXPR(DW_OP_reg3, DW_OP_piece, 0), 0, PLACE_UNREADABLE, 0},
    /* Types. */
    {EXPR(DW_OP_breg3, 0, DW_OP_convert, U8, DW_OP_convert, 0, DW_OP_stack_value), 0, NULL, 0x11},
    {EXPR(DW_OP_const1u, 0xff, DW_OP_convert, S8, DW_OP_stack_value), 0, NULL, UINT32_MAX},
    {EXPR(DW_OP_const1u, 0xff, DW_OP_convert, U8, DW_OP_stack_value), 0, NULL, 0xff},
    {EXPR(DW_OP_const1u, 0xff, DW_OP_reinterpret, S8, DW_OP_convert, INT, DW_OP_stack_value), 0,
     NULL, UINT32_MAX},
    {EXPR(DW_OP_const_type, INT, 4, 0xfe, 0xff, 0xff, 0xff, DW_OP_stack_value), 0, NULL,
     UINT32_MAX - 1},
    {EXPR(DW_OP_regval_type, 3, U8, DW_OP_stack_value), 0, NULL, 0x11},
    {EXPR(DW_OP_regval_type, 2, U8, DW_OP_stack_value), 0, PLACE_OPTIMIZED_OUT, 0},
    {EXPR(DW_OP_breg6, 0x20, DW_OP_deref_type, 1, U8, DW_OP_stack_value), 0, NULL, 0x20},
    {EXPR(DW_OP_lit0, DW_OP_deref_type, 1, U8, DW_OP_stack_value), 0, PLACE_NOT_IN_CORE, 0},
    {EXPR(DW_OP_lit1, DW_OP_convert, FLOAT, DW_OP_stack_value), 0, PLACE_UNREADABLE, 0},
    {EXPR(DW_OP_lit1, DW_OP_convert, 1, DW_OP_stack_value), 0, PLACE_UNREADABLE, 0},
    {EXPR(DW_OP_lit1, DW_OP_GNU_convert, U8, DW_OP_stack_value), 0, NULL, 1},
    /* -7 / 2, -7 % 2, 0xf9 / 2, -7 >> 1 of 32 bits without a sign, 0xf9 >> 1 with one, -1 < 1. */
    {EXPR(DW_OP_const1s, 0xf9, DW_OP_convert, INT, DW_OP_lit2, DW_OP_div, DW_OP_stack_value), 0,
     NULL, (uint32_t)-3},
    {EXPR(DW_OP_const1s, 0xf9, DW_OP_convert, INT, DW_OP_lit2, DW_OP_mod, DW_OP_stack_value), 0,
     NULL, (uint32_t)-1},
    {EXPR(DW_OP_const1s, 0xf9, DW_OP_convert, U8, DW_OP_lit2, DW_OP_div, DW_OP_stack_value), 0,
     NULL, 0x7c},
    {EXPR(DW_OP_const1s, 0xf9, DW_OP_convert, U32, DW_OP_lit1, DW_OP_shr, DW_OP_stack_value), 0,
     NULL, 0x7ffffffc},
    {EXPR(DW_OP_const1u, 0xf9, DW_OP_convert, U8, DW_OP_lit1, DW_OP_shra, DW_OP_stack_value), 0,
     NULL, 0xfc},
    {EXPR(DW_OP_lit0, DW_OP_not, DW_OP_convert, INT, DW_OP_lit1, DW_OP_convert, INT, DW_OP_lt,
          DW_OP_stack_value),
     0, NULL, 1},
    {EXPR(DW_OP_lit0, DW_OP_not, DW_OP_convert, U32, DW_OP_lit1, DW_OP_convert, U32, DW_OP_lt,
          DW_OP_stack_value),
     0, NULL, 0},
    {EXPR(DW_OP_lit1, DW_OP_convert, INT, DW_OP_lit0, DW_OP_div, DW_OP_stack_value), 0,
     PLACE_UNREADABLE, 0},
};

static void put_types(struct made *m)
{
    made_base_type(m, "int", 4, DW_ATE_signed);
    made_base_type(m, "u8", 1, DW_ATE_unsigned_char);
    made_base_type(m, "s8", 1, DW_ATE_signed_char);
    made_base_type(m, "float", 4, DW_ATE_float);
    made_base_type(m, "u32", 4, DW_ATE_unsigned);
}

/* One function with one variable. */
static void open_with(struct fixture *f, unsigned version, struct made_bytes expression,
                      struct made_bytes frame_base)
{
    struct made *m = &f->made;

    fixture_init(f, version);
    made_put(&m->addr, 0, 8);
    made_put(&m->addr, 0x11223344, 8);
    made_put(&m->addr, MEMORY + 0x10 - BIAS, 8);
    made_unit(m, "a.c", A, 0x1000);
    put_types(m);
    made_function(m, "f", A, 0x100, frame_base);
    made_variable(m, MADE_VARIABLE, "x", expression);
    made_end(m);
    open_made(f);
}

START_TEST(expressions)
{
    _fixture_ struct fixture f;
    const struct row *r = &rows[_i];
    struct place *p;

    open_with(&f, 5, r->expression, EXPR(DW_OP_call_frame_cfa));
    p = find(&f, 0);
    if (r->problem)
        ck_assert_str_eq(why_not(p, 4), r->problem);
    else
        ck_assert_uint_eq(number_at(p, 4), r->value);
}
END_TEST

START_TEST(frame_bases)
{
    const struct made_bytes bases[] = {EXPR(DW_OP_reg6), EXPR(DW_OP_breg6, 0),
                                       EXPR(DW_OP_breg6, 8, DW_OP_lit8, DW_OP_minus)};
    const struct made_bytes bad[] = {EXPR(DW_OP_fbreg, 0), EXPR(DW_OP_reg17), NO_EXPR,
                                     EXPR(DW_OP_entry_value, 1, DW_OP_reg5)};

    for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
        _fixture_ struct fixture f;
        uint64_t address = 0;

        open_with(&f, 5, EXPR(DW_OP_fbreg, 4), bases[i]);
        ck_assert(place_address(find(&f, 0), &address));
        ck_assert_uint_eq(address, MEMORY + 4);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _fixture_ struct fixture f;

        open_with(&f, 5, EXPR(DW_OP_fbreg, 4), bad[i]);
        ck_assert_ptr_nonnull(find(&f, 0)->problem);
    }
}
END_TEST

START_TEST(constants)
{
    _fixture_ struct fixture f;
    struct made *m = &f.made;
    char text[4];
    const char *why;

    fixture_init(&f, 5);
    made_unit(m, "a.c", A, 0x1000);
    made_function(m, "f", A, 0x100, NO_EXPR);
    made_named(m, MADE_NUMBER, "minus");
    made_put(m->to, 0x7e, 1);
    made_named(m, MADE_TEXT, "text");
    made_text(m->to, "abc");
    made_named(m, MADE_BYTES, "bytes");
    made_put(m->to, 0x03020102, 4 - 1);
    made_named(m, MADE_NAMED_VARIABLE, "nothing");
    made_end(m);
    open_made(&f);
    ck_assert_uint_eq(number_at(find(&f, 0), 8), (uint64_t)-2);
    ck_assert(place_read(find(&f, 1), 0, text, 4, &why));
    ck_assert_str_eq(text, "abc");
    ck_assert_uint_eq(number_at(find(&f, 2), 2), 0x0201);
    ck_assert_str_eq(find(&f, 3)->problem, PLACE_OPTIMIZED_OUT);
}
END_TEST

START_TEST(a_part_of_a_place)
{
    _fixture_ struct fixture f;
    struct place *p;
    uint16_t two = 0;
    uint64_t address;
    const char *why = NULL;

    open_with(&f, 5,
              EXPR(DW_OP_breg6, 0x20, DW_OP_piece, 4, DW_OP_piece, 4, DW_OP_reg3, DW_OP_piece, 8),
              NO_EXPR);
    p = find(&f, 0);
    ck_assert(!place_address(p, &address));
    ck_assert(place_read(p, 1, &two, 2, &why));
    ck_assert_uint_eq(two, 0x2221);
    ck_assert(!place_read(p, 3, &two, 2, &why));
    ck_assert_str_eq(why, PLACE_OPTIMIZED_OUT);
    ck_assert(place_read(p, 14, &two, 2, &why));
    ck_assert_uint_eq(two, 0x8877);
    ck_assert(!place_read(p, 15, &two, 2, &why));
    ck_assert(!place_read(p, UINT64_MAX, &two, 2, &why));
    ck_assert_str_eq(why, PLACE_UNREADABLE);
    place_of_memory(&f.frame, MEMORY + 0xff, &f.made.arena, p);
    ck_assert(place_address(p, &address));
    ck_assert_uint_eq(address, MEMORY + 0xff);
    ck_assert_uint_eq(number_at(p, 1), 0xff);
    ck_assert_str_eq(why_not(p, 2), PLACE_NOT_IN_CORE);
}
END_TEST

/* --- Lists --- */

static void put_located(struct buf *b, unsigned size_bytes, uint8_t op)
{
    made_put(b, 1, size_bytes);
    made_put(b, op, 1);
}

/* Before DWARF 5. The frame is at A + 0x10. */
START_TEST(registers_for_floating_point_numbers)
{
    uint8_t vectors[256], bytes[16];
    _fixture_ struct fixture f;
    const char *why = NULL;

    open_with(&f, 5, EXPR(DW_OP_regx, 32), EXPR(DW_OP_call_frame_cfa));
    for (unsigned i = 0; i < sizeof vectors; i++)
        vectors[i] = (uint8_t)i;
    f.frame.vectors = vectors;
    ck_assert_uint_eq(number_at(find(&f, 0), 8), 0xf7f6f5f4f3f2f1f0);
    ck_assert(place_read(&f.place, 8, bytes, 8, &why));
    ck_assert_mem_eq(bytes, vectors + 248, 8);
    ck_assert(!place_read(&f.place, 9, bytes, 8, &why));
}
END_TEST

START_TEST(lists_of_pairs)
{
    _fixture_ struct fixture f;
    struct made *m = &f.made;
    struct buf *b = &m->loc;
    uint32_t second, third;

    fixture_init(&f, 4);
    made_put(b, 0, 8);
    made_put(b, 0x10, 8);
    put_located(b, 2, DW_OP_reg2);
    made_put(b, 0x10, 8);
    made_put(b, 0x11, 8);
    put_located(b, 2, DW_OP_reg3);
    made_put(b, 0, 8);
    made_put(b, 0, 8);
    second = (uint32_t)b->len;
    made_put(b, UINT64_MAX, 8); /* from here on another base */
    made_put(b, A + 8, 8);
    made_put(b, 8, 8);
    made_put(b, 9, 8);
    put_located(b, 2, DW_OP_reg3);
    made_put(b, 0, 8);
    made_put(b, 0, 8);
    third = (uint32_t)b->len;
    made_put(b, 0x20, 8);
    made_put(b, 0x30, 8);
    put_located(b, 2, DW_OP_reg3);
    made_put(b, 0, 8);
    made_put(b, 0, 8);
    made_unit(m, "a.c", A, 0x1000);
    made_function(m, "f", A, 0x100, NO_EXPR);
    made_listed(m, "first", 0);
    made_listed(m, "second", second);
    made_listed(m, "third", third);
    made_listed(m, "outside", (uint32_t)b->len);
    made_listed(m, "cut", (uint32_t)b->len - 8);
    made_end(m);
    open_made(&f);
    ck_assert_uint_eq(number_at(find(&f, 0), 1), 0x11);
    ck_assert_uint_eq(number_at(find(&f, 1), 1), 0x11);
    ck_assert_str_eq(find(&f, 2)->problem, PLACE_OPTIMIZED_OUT);
    ck_assert_str_eq(find(&f, 3)->problem, PLACE_UNREADABLE);
    ck_assert_str_eq(find(&f, 4)->problem, PLACE_UNREADABLE);
}
END_TEST

/* In a caller: up to where the call returns to, a register says what it was before the call. */
START_TEST(a_location_that_ends_with_the_call)
{
    const struct {
        uint8_t end, reg;
        bool lost;
    } lists[] = {{0x11, 5, true}, {0x12, 5, false}, {0x11, 3, false}};

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        _fixture_ struct fixture f;
        struct made *m = &f.made;

        fixture_init(&f, 4);
        registers_set(&f.registers, 5, 0x8877665544332211);
        f.frame.pc = f.frame.address + 1;
        made_put(&m->loc, 0, 8);
        made_put(&m->loc, lists[i].end, 8);
        put_located(&m->loc, 2, (uint8_t)(DW_OP_reg0 + lists[i].reg));
        made_put(&m->loc, 0, 8);
        made_put(&m->loc, 0, 8);
        made_unit(m, "a.c", A, 0x1000);
        made_function(m, "f", A, 0x100, NO_EXPR);
        made_listed(m, "x", 0);
        made_end(m);
        open_made(&f);
        if (lists[i].lost)
            ck_assert_str_eq(why_not(find(&f, 0), 1), PLACE_OPTIMIZED_OUT);
        else
            ck_assert_uint_eq(number_at(find(&f, 0), 1), 0x11);
    }
}
END_TEST

/* .debug_addr: 0: A + 0x10, 1: A + 0x11, 2: A. Each entry must be found by itself. */
static const struct {
    struct made_bytes list;
    bool found;
} entries[] = {
    {EXPR(DW_LLE_offset_pair, 0x10, 0x11, 1, DW_OP_reg3, 0), true},
    {EXPR(DW_LLE_offset_pair, 0x11, 0x12, 1, DW_OP_reg3, 0), false},
    {EXPR(DW_LLE_startx_endx, 0, 1, 1, DW_OP_reg3, 0), true},
    {EXPR(DW_LLE_startx_endx, 2, 0, 1, DW_OP_reg3, 0), false},
    {EXPR(DW_LLE_startx_length, 0, 1, 1, DW_OP_reg3, 0), true},
    {EXPR(DW_LLE_startx_length, 1, 9, 1, DW_OP_reg3, 0), false},
    {EXPR(DW_LLE_base_addressx, 0, DW_LLE_offset_pair, 0, 1, 1, DW_OP_reg3, 0), true},
    {EXPR(DW_LLE_base_addressx, 0, DW_LLE_offset_pair, 1, 2, 1, DW_OP_reg3, 0), false},
    {EXPR(DW_LLE_base_address, 8, 0, 1, 0, 0, 0, 0, 0, DW_LLE_offset_pair, 8, 9, 1, DW_OP_reg3, 0),
     true},
    {EXPR(DW_LLE_start_end, 0, 0, 1, 0, 0, 0, 0, 0, 0x11, 0, 1, 0, 0, 0, 0, 0, 1, DW_OP_reg3, 0),
     true},
    {EXPR(DW_LLE_start_length, 0x10, 0, 1, 0, 0, 0, 0, 0, 1, 1, DW_OP_reg3, 0), true},
    {EXPR(DW_LLE_default_location, 1, DW_OP_reg3, 0), true},
    {EXPR(DW_LLE_default_location, 1, DW_OP_reg2, DW_LLE_offset_pair, 0x10, 0x11, 1, DW_OP_reg3, 0),
     true},
    {EXPR(DW_LLE_GNU_view_pair, 1, 0x80, 1, DW_LLE_offset_pair, 0x10, 0x11, 1, DW_OP_reg3, 0),
     true},
    {EXPR(DW_LLE_offset_pair, 0, 8, 2, DW_OP_reg2, DW_OP_nop, DW_LLE_offset_pair, 8, 0x20, 1,
          DW_OP_reg3, 0),
     true},
    {EXPR(0), false},
    {EXPR(0x77, DW_LLE_offset_pair, 0x10, 0x11, 1, DW_OP_reg3, 0), false},
    {EXPR(DW_LLE_offset_pair, 0x10, 0x11, 50, DW_OP_reg3, 0), false},
    {EXPR(DW_LLE_startx_endx, 0, 100, 1, DW_OP_reg3, 0), false},
};

START_TEST(lists_of_version_5)
{
    _fixture_ struct fixture f;
    struct made *m = &f.made;

    fixture_init(&f, 5);
    made_put(&m->addr, 0, 8);
    made_put(&m->addr, A + 0x10, 8);
    made_put(&m->addr, A + 0x11, 8);
    made_put(&m->addr, A, 8);
    made_put(&m->loclists, 0, 8);
    made_put(&m->loclists, 1, 4); /* one list by number */
    made_put(&m->loclists, 4, 4); /* right behind its number */
    buf_add(&m->loclists, entries[_i].list.p, entries[_i].list.n);
    made_unit(m, "a.c", A, 0x1000);
    made_function(m, "f", A, 0x100, NO_EXPR);
    made_listed(m, "by_offset", 16);
    made_named(m, MADE_INDEXED_LIST, "by_number");
    made_uleb(m->to, 0);
    made_named(m, MADE_INDEXED_LIST, "outside");
    made_uleb(m->to, UINT64_MAX);
    made_end(m);
    open_made(&f);
    for (unsigned i = 0; i < 2; i++) {
        if (entries[_i].found)
            ck_assert_uint_eq(number_at(find(&f, i), 1), 0x11);
        else
            ck_assert_ptr_nonnull(find(&f, i)->problem);
    }
    ck_assert_str_eq(find(&f, 2)->problem, PLACE_UNREADABLE);
}
END_TEST

/* --- Values at a function's entry --- */

#define ENTRY_OF_RDI EXPR(DW_OP_entry_value, 1, DW_OP_reg5, DW_OP_stack_value)

enum call {
    CALL_OF_IT,
    CALL_BY_NAME,     /* of a declaration, in another unit as it were */
    CALL_OF_ANOTHER,  /* and that one jumped to it */
    CALL_BY_POINTER,  /* to it */
    CALL_ASTRAY,      /* by a pointer to another function */
    CALL_ELSEWHERE,   /* returns to another address */
    CALL_OF_A_CIRCLE, /* it jumps to itself */
    CALL_OF_A_LARGER_CIRCLE,
    CALL_WITH_A_WAY_OUT, /* it jumps to what does not come back */
    CALL_WITHOUT_CALLER,
};

static const struct {
    enum call call;
    struct made_bytes value; /* of the argument, in the caller */
    const char *problem;
    uint64_t expected;
} calls[] = {
    {CALL_OF_IT, EXPR(DW_OP_lit9), NULL, 9},
    {CALL_OF_IT, EXPR(DW_OP_breg3, 1), NULL, 0x34},
    {CALL_OF_IT, EXPR(DW_OP_fbreg, 0), NULL, MEMORY + 0x90},
    {CALL_OF_IT, EXPR(DW_OP_fbreg, 0, DW_OP_deref_size, 1), NULL, 0x90},
    {CALL_OF_IT, EXPR(DW_OP_breg2, 0), PLACE_OPTIMIZED_OUT, 0},
    {CALL_OF_IT, EXPR(DW_OP_lit0, DW_OP_deref), PLACE_NOT_IN_CORE, 0},
    {CALL_OF_IT, EXPR(DW_OP_entry_value, 1, DW_OP_reg5), PLACE_OPTIMIZED_OUT, 0},
    {CALL_BY_NAME, EXPR(DW_OP_lit9), NULL, 9},
    {CALL_OF_ANOTHER, EXPR(DW_OP_lit9), PLACE_OPTIMIZED_OUT, 0},
    {CALL_BY_POINTER, EXPR(DW_OP_lit9), NULL, 9},
    {CALL_ASTRAY, EXPR(DW_OP_lit9), PLACE_OPTIMIZED_OUT, 0},
    {CALL_ELSEWHERE, EXPR(DW_OP_lit9), PLACE_OPTIMIZED_OUT, 0},
    {CALL_OF_A_CIRCLE, EXPR(DW_OP_lit9), PLACE_OPTIMIZED_OUT, 0},
    {CALL_OF_A_LARGER_CIRCLE, EXPR(DW_OP_lit9), PLACE_OPTIMIZED_OUT, 0},
    {CALL_WITH_A_WAY_OUT, EXPR(DW_OP_lit9), NULL, 9},
    {CALL_WITHOUT_CALLER, EXPR(DW_OP_lit9), PLACE_OPTIMIZED_OUT, 0},
};

static uint32_t put_function(struct made *m, const char *name, uint64_t low, uint32_t jumps_to)
{
    uint32_t here = made_here(m);

    made_function(m, name, low, 0x100, EXPR(DW_OP_call_frame_cfa));
    made_variable(m, MADE_PARAMETER, "x", ENTRY_OF_RDI);
    if (jumps_to)
        made_jump(m, jumps_to);
    made_end(m);
    return here;
}

/* The function at A, and what it may jump to; returns what is called. */
static uint32_t put_functions(struct made *m, enum call call)
{
    uint32_t other, here = made_here(m), declared;

    declared = here;
    made_abstract(m, "f", true);
    made_end(m);
    here = made_here(m);
    if (call == CALL_OF_A_CIRCLE)
        return put_function(m, "f", A, here);
    other = put_function(m, "other", A + 0x200, 0);
    if (call == CALL_OF_A_LARGER_CIRCLE)
        return put_function(m, "f", A, put_function(m, "g", A + 0x400, declared));
    here = put_function(m, "f", A, call == CALL_WITH_A_WAY_OUT ? other : 0);
    return call == CALL_BY_NAME ? declared : call == CALL_OF_ANOTHER ? other : here;
}

static struct made_bytes pointer_to(uint64_t address, uint8_t bytes[10])
{
    bytes[0] = DW_OP_addr;
    memcpy(bytes + 1, &address, 8);
    return (struct made_bytes){bytes, 9};
}

static void put_caller(struct made *m, enum call call, uint32_t callee, struct made_bytes value)
{
    uint64_t after = CALLER + (call == CALL_ELSEWHERE ? 0x21 : 0x20);
    uint8_t bytes[10];

    made_function(m, "caller", CALLER, 0x100, EXPR(DW_OP_call_frame_cfa));
    made_block(m, CALLER, 0x80);
    if (call == CALL_BY_POINTER || call == CALL_ASTRAY) {
        made_uleb(m->to, MADE_POINTER_CALL);
        made_put(m->to, after, 8);
        made_expression(m, pointer_to(call == CALL_ASTRAY ? A + 0x200 : A, bytes));
    } else {
        made_call(m, after, callee);
    }
    made_argument(m, EXPR(DW_OP_reg4), EXPR(DW_OP_lit1));
    made_argument(m, EXPR(DW_OP_reg5), value);
    made_end(m);
    made_end(m);
    made_end(m);
}

START_TEST(arguments_as_the_caller_has_them)
{
    _fixture_ struct fixture f;
    struct place *p;

    fixture_init(&f, 5);
    made_unit(&f.made, "a.c", A, 0x1000);
    put_caller(&f.made, calls[_i].call, put_functions(&f.made, calls[_i].call), calls[_i].value);
    open_made(&f);
    if (calls[_i].call == CALL_WITHOUT_CALLER)
        f.frame.caller = NULL;
    p = find(&f, 0);
    if (calls[_i].problem)
        ck_assert_str_eq(p->problem, calls[_i].problem);
    else
        ck_assert_uint_eq(number_at(p, 8), calls[_i].expected);
}
END_TEST

/* GCC's own, for arguments that were removed. */
START_TEST(arguments_by_their_dies)
{
    _fixture_ struct fixture f;
    struct made *m = &f.made;
    uint32_t argument, function;

    fixture_init(&f, 4);
    made_unit(m, "a.c", A, 0x1000);
    made_abstract(m, "f", false);
    argument = made_here(m);
    made_named(m, MADE_NAMED_PARAMETER, "x");
    made_end(m);
    function = made_here(m);
    made_function(m, "f", A, 0x100, NO_EXPR);
    made_copy(m, MADE_COPIED_PARAMETER, argument,
              EXPR(DW_OP_GNU_parameter_ref, (uint8_t)argument, 0, 0, 0, DW_OP_stack_value));
    made_end(m);
    made_function(m, "caller", CALLER, 0x100, NO_EXPR);
    made_call(m, CALLER + 0x20, function);
    made_uleb(m->to, MADE_REFERRED_ARGUMENT);
    made_put(m->to, argument, 4);
    made_expression(m, EXPR(DW_OP_lit20));
    made_end(m);
    made_end(m);
    open_made(&f);
    ck_assert_uint_lt(argument, 256);
    ck_assert_uint_eq(number_at(find(&f, 0), 4), 20);
}
END_TEST

/* Each frame's argument is what its caller's was. */
START_TEST(recursion_that_passes_its_argument_on_is_bounded)
{
    _fixture_ struct fixture f;
    struct made *m = &f.made;
    struct frame_view frames[12];

    fixture_init(&f, 5);
    made_unit(m, "a.c", A, 0x1000);
    uint32_t here = made_here(m);

    made_function(m, "f", A, 0x100, NO_EXPR);
    made_variable(m, MADE_PARAMETER, "x", ENTRY_OF_RDI);
    made_call(m, A + 0x20, here);
    made_argument(m, EXPR(DW_OP_reg5), EXPR(DW_OP_entry_value, 1, DW_OP_reg5));
    made_end(m);
    made_call(m, A + 0x30, here);
    made_argument(m, EXPR(DW_OP_reg5), EXPR(DW_OP_lit11));
    made_end(m);
    made_end(m);
    open_made(&f);
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        frames[i] = f.caller;
        frames[i].pc = BIAS + A + 0x20;
        frames[i].address = frames[i].pc - 1;
        frames[i].caller = i + 1 < ARRAY_SIZE(frames) ? &frames[i + 1] : NULL;
    }
    f.frame.caller = &frames[0];
    frames[5].pc = BIAS + A + 0x30;
    ck_assert_uint_eq(number_at(find(&f, 0), 4), 11);
    frames[5].pc = BIAS + A + 0x20;
    frames[11].pc = BIAS + A + 0x30;
    ck_assert_str_eq(find(&f, 0)->problem, PLACE_OPTIMIZED_OUT);
}
END_TEST

/* Values that hang on several others, each of which does so, too. */
START_TEST(values_that_multiply_come_to_an_end)
{
    _fixture_ struct fixture f;
    struct made *m = &f.made;
    uint8_t bytes[200];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (const uint8_t[]){DW_OP_entry_value, 1, DW_OP_reg5, DW_OP_drop}[i % 4];
    bytes[sizeof bytes - 1] = DW_OP_stack_value;
    fixture_init(&f, 5);
    made_unit(m, "a.c", A, 0x1000);
    uint32_t here = made_here(m);

    made_function(m, "f", A, 0x100, NO_EXPR);
    made_variable(m, MADE_PARAMETER, "x", (struct made_bytes){bytes, sizeof bytes});
    made_call(m, A + 0x20, here);
    made_argument(m, EXPR(DW_OP_reg5), (struct made_bytes){bytes, sizeof bytes - 1});
    made_end(m);
    made_end(m);
    open_made(&f);
    f.caller.pc = BIAS + A + 0x20;
    f.caller.address = f.caller.pc - 1;
    f.caller.caller = &f.caller;
    ck_assert_ptr_nonnull(find(&f, 0)->problem);
}
END_TEST

UNIT_TABLES_MAIN("workerd/variables/place", {expressions, ARRAY_SIZE(rows)}, {frame_bases, 1},
                 {constants, 1}, {a_part_of_a_place, 1}, {registers_for_floating_point_numbers, 1},
                 {lists_of_pairs, 1}, {a_location_that_ends_with_the_call, 1},
                 {lists_of_version_5, ARRAY_SIZE(entries)},
                 {arguments_as_the_caller_has_them, ARRAY_SIZE(calls)},
                 {arguments_by_their_dies, 1},
                 {recursion_that_passes_its_argument_on_is_bounded, 1},
                 {values_that_multiply_come_to_an_end, 1})
