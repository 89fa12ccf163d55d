/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/variables workerd/unwind workerd/analysis workerd/indexer workerd/image
 * workerd/index */
#include "workerd/variables/debug.h"

#include <zlib.h>

#include "tests/lib/unit.h"
#include "tests/unit/debug_file.h"

#define A MADE_CODE
#define B (MADE_CODE + 0x1000)

static const unsigned versions[] = {4, 5};

/* Two units with a function each: `first` has two variables, of which the second is behind a block
 * that has one itself. */
static void make_two_units(struct made *m)
{
    made_unit(m, "a.c", A, 0x100);
    made_function(m, "first", A, 0x100, EXPR(DW_OP_call_frame_cfa));
    made_variable(m, MADE_VARIABLE, "one", EXPR(DW_OP_fbreg, 0x70));
    made_block(m, A, 0x10);
    made_variable(m, MADE_VARIABLE, "within", EXPR(DW_OP_fbreg, 0x60));
    made_end(m);
    made_variable(m, MADE_VARIABLE, "two", EXPR(DW_OP_reg3));
    made_end(m);
    made_unit_end(m);
    made_unit(m, "b.c", B, 0x100);
    made_function(m, "second", B, 0x100, EXPR(DW_OP_call_frame_cfa));
    made_end(m);
    made_unit_end(m);
}

START_TEST(children_and_siblings_in_their_order)
{
    _made_ struct made m;
    struct entry unit, function, e;

    made_init(&m, versions[_i]);
    make_two_units(&m);
    ck_assert_ptr_nonnull(made_open(&m));
    ck_assert(debug_unit_of(m.debug, A + 5, &unit));
    ck_assert_uint_eq(entry_tag(&unit), DW_TAG_compile_unit);
    ck_assert_str_eq(entry_text(&unit, SLOT_NAME), "a.c");
    ck_assert(entry_child(&unit, &function));
    ck_assert_str_eq(entry_text(&function, SLOT_NAME), "first");
    ck_assert(entry_child(&function, &e));
    ck_assert_str_eq(entry_text(&e, SLOT_NAME), "one");
    ck_assert(!entry_child(&e, &unit));
    ck_assert(entry_sibling(&e));
    ck_assert_uint_eq(entry_tag(&e), DW_TAG_lexical_block);
    ck_assert(entry_sibling(&e));
    ck_assert_str_eq(entry_text(&e, SLOT_NAME), "two");
    ck_assert(!entry_sibling(&e));
    ck_assert_str_eq(entry_text(&e, SLOT_NAME), "two");
    ck_assert(!entry_sibling(&function));
}
END_TEST

START_TEST(attributes_as_what_they_are)
{
    _made_ struct made m;
    struct entry unit, function, e;
    uint64_t number = 7;
    int64_t with_sign = 7;
    struct span bytes;

    made_init(&m, versions[_i]);
    made_unit(&m, "a.c", A, 0x100);
    made_function(&m, "first", A, 0x80, EXPR(DW_OP_call_frame_cfa));
    made_named(&m, MADE_NUMBER, "minus");
    made_put(m.to, 0x7f, 1); /* -1 */
    made_named(&m, MADE_EXTERN, "extern");
    made_end(&m);
    made_unit_end(&m);
    ck_assert_ptr_nonnull(made_open(&m));
    ck_assert(debug_unit_of(m.debug, A, &unit));
    ck_assert(entry_child(&unit, &function));
    ck_assert(entry_address(&function, SLOT_LOW_PC, &number));
    ck_assert_uint_eq(number, A);
    ck_assert(entry_number(&function, SLOT_HIGH_PC, &number));
    ck_assert_uint_eq(number, 0x80);
    ck_assert(!entry_address(&function, SLOT_HIGH_PC, &number));
    ck_assert(entry_bytes(&function, SLOT_FRAME_BASE, &bytes));
    ck_assert_uint_eq(bytes.size, 1);
    ck_assert_uint_eq(bytes.data[0], DW_OP_call_frame_cfa);
    ck_assert_ptr_null(entry_text(&function, SLOT_FRAME_BASE));
    ck_assert(!entry_flag(&function, SLOT_EXTERNAL));
    ck_assert(entry_child(&function, &e));
    ck_assert(entry_signed(&e, SLOT_CONST_VALUE, &with_sign));
    ck_assert_int_eq(with_sign, -1);
    ck_assert(!entry_number(&e, SLOT_CONST_VALUE, &number));
    ck_assert(entry_sibling(&e));
    ck_assert(entry_flag(&e, SLOT_EXTERNAL) && entry_flag(&e, SLOT_DECLARATION));
    ck_assert(!entry_bytes(&e, SLOT_NAME, &bytes));
}
END_TEST

START_TEST(a_type_in_its_own_unit_is_found_by_its_signature)
{
    _made_ struct made m;
    struct entry unit, function, e, type;

    made_init(&m, versions[_i]);
    made_type_unit(&m, 0x1111222233334444, "wrong");
    made_unit_end(&m);
    made_type_unit(&m, UINT64_MAX - 1, "right");
    made_unit_end(&m);
    made_unit(&m, "a.c", A, 0x100);
    made_function(&m, "first", A, 0x100, NO_EXPR);
    made_named(&m, MADE_OF_SIGNATURE, "x");
    made_put(m.to, UINT64_MAX - 1, 8);
    made_named(&m, MADE_OF_SIGNATURE, "y");
    made_put(m.to, 3, 8);
    made_end(&m);
    made_unit_end(&m);
    ck_assert_ptr_nonnull(made_open(&m));
    ck_assert(debug_unit_of(m.debug, A, &unit));
    ck_assert(entry_child(&unit, &function) && entry_child(&function, &e));
    ck_assert(entry_follow(&e, SLOT_TYPE, &type));
    ck_assert_uint_eq(entry_tag(&type), DW_TAG_base_type);
    ck_assert_str_eq(entry_text(&type, SLOT_NAME), "right");
    ck_assert(entry_sibling(&e));
    ck_assert(!entry_follow(&e, SLOT_TYPE, &type));
    ck_assert_str_eq(entry_text(&type, SLOT_NAME), "right");
}
END_TEST

START_TEST(references_lead_to_dies_of_the_unit)
{
    _made_ struct made m;
    struct entry unit, function, e;
    uint32_t type;

    made_init(&m, versions[_i]);
    made_unit(&m, "a.c", A, 0x100);
    type = made_here(&m);
    made_base_type(&m, "int", 4, DW_ATE_signed);
    made_function(&m, "first", A, 0x100, NO_EXPR);
    made_named(&m, MADE_OF_TYPE, "x");
    made_put(m.to, type, 4);
    made_named(&m, MADE_OF_TYPE, "outside");
    made_put(m.to, 0x10000, 4);
    made_end(&m);
    made_unit_end(&m);
    ck_assert_ptr_nonnull(made_open(&m));
    ck_assert(debug_unit_of(m.debug, A, &unit));
    ck_assert(entry_child(&unit, &e) && entry_sibling(&e));
    function = e;
    ck_assert(entry_child(&function, &e));
    ck_assert(entry_follow(&e, SLOT_TYPE, &e)); /* into itself */
    ck_assert_str_eq(entry_text(&e, SLOT_NAME), "int");
    ck_assert(entry_child(&function, &e) && entry_sibling(&e));
    ck_assert(!entry_follow(&e, SLOT_TYPE, &e));
    ck_assert_str_eq(entry_text(&e, SLOT_NAME), "outside");
}
END_TEST

/* --- Units by address --- */

/* One set of .debug_aranges. */
static void put_aranges(struct made *m, uint64_t unit, uint64_t low, uint64_t size)
{
    made_put(&m->aranges, 4 * 11, 4);
    made_put(&m->aranges, 2, 2);
    made_put(&m->aranges, unit, 4);
    made_put(&m->aranges, 8, 2);
    made_put(&m->aranges, 0, 4);
    made_put(&m->aranges, low, 8);
    made_put(&m->aranges, size, 8);
    made_put(&m->aranges, 0, 8);
    made_put(&m->aranges, 0, 8);
}

START_TEST(units_by_themselves_where_nothing_lists_them)
{
    _made_ struct made m;
    struct entry unit = {0};

    made_init(&m, versions[_i]);
    make_two_units(&m);
    ck_assert_ptr_nonnull(made_open(&m));
    ck_assert(!debug_unit_of(m.debug, A - 1, &unit));
    ck_assert(debug_unit_of(m.debug, B + 0xff, &unit));
    ck_assert_str_eq(entry_text(&unit, SLOT_NAME), "b.c");
    ck_assert(!debug_unit_of(m.debug, B + 0x100, &unit));
    ck_assert(debug_unit_of(m.debug, A, &unit));
    ck_assert_str_eq(entry_text(&unit, SLOT_NAME), "a.c");
}
END_TEST

/* gcc lists units, clang does not; a program may have both. */
START_TEST(units_by_the_list_and_others_besides)
{
    _made_ struct made m;
    struct entry unit;

    made_init(&m, versions[_i]);
    put_aranges(&m, 0, B + 0x2000, 0x10);
    put_aranges(&m, 3, A + 0x40, 0x10); /* of no unit */
    make_two_units(&m);
    ck_assert_ptr_nonnull(made_open(&m));
    ck_assert(debug_unit_of(m.debug, B + 0x2008, &unit));
    ck_assert_str_eq(entry_text(&unit, SLOT_NAME), "a.c");
    ck_assert(debug_unit_of(m.debug, B, &unit));
    ck_assert_str_eq(entry_text(&unit, SLOT_NAME), "b.c");
    ck_assert(!debug_unit_of(m.debug, A, &unit)); /* which its unit's list does not have */
}
END_TEST

/* --- Files --- */

START_TEST(without_debug_information_there_is_nothing_to_open)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct memory_budget budget = {1 << 20};
    static const uint8_t junk[64] = "\x7f"
                                    "ELF";
    _made_ struct made m;

    made_init(&m, 5);
    ck_assert_ptr_null(made_open(&m));
    ck_assert_ptr_null(debug_open(&(struct debug_files){0}, &budget, &a));
    ck_assert_ptr_null(
        debug_open(&(struct debug_files){.module = {junk, sizeof junk}}, &budget, &a));
    debug_close(NULL);
}
END_TEST

START_TEST(the_debug_file_goes_before_the_module)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct memory_budget budget = {1 << 20};
    _made_ struct made one, other;
    struct debug_files files;
    struct entry unit;

    made_init(&one, 5);
    made_unit(&one, "module.c", A, 1);
    made_unit_end(&one);
    made_file(&one);
    made_init(&other, 5);
    made_unit(&other, "debug.c", A, 1);
    made_unit_end(&other);
    made_file(&other);
    files = (struct debug_files){.module = {(const uint8_t *)one.file.data, one.file.len},
                                 .debuginfo = {(const uint8_t *)other.file.data, other.file.len}};
    struct debug *d = debug_open(&files, &budget, &a);

    ck_assert(debug_unit_of(d, A, &unit));
    ck_assert_str_eq(entry_text(&unit, SLOT_NAME), "debug.c");
    debug_close(d);
    files.debuginfo.size = 20;
    d = debug_open(&files, &budget, &a);
    ck_assert(debug_unit_of(d, A, &unit));
    ck_assert_str_eq(entry_text(&unit, SLOT_NAME), "module.c");
    debug_close(d);
}
END_TEST

/* Of a section that no question leads to, nothing is spent. */
START_TEST(sections_are_decompressed_when_they_are_needed)
{
    enum { TEXT = 5000 };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf file = BUF_INIT(MADE_SIZE);
    static uint8_t packed[sizeof(Elf64_Chdr) + 2 * TEXT];
    static char text[TEXT] = "late";
    uLongf size = sizeof packed - sizeof(Elf64_Chdr);
    struct memory_budget budget = {1 << 20};
    struct entry unit;
    _made_ struct made m;

    made_init(&m, 5);
    m.abbrev.len = 0;
    MADE_ABBREV(&m, MADE_UNIT, DW_TAG_compile_unit, false, DW_AT_name, DW_FORM_strp, DW_AT_low_pc,
                DW_FORM_addr, DW_AT_high_pc, DW_FORM_udata);
    made_put(&m.abbrev, 0, 1);
    made_header(&m, DW_UT_compile);
    made_uleb(m.to, MADE_UNIT);
    made_put(m.to, 0, 4);
    made_put(m.to, A, 8);
    made_uleb(m.to, 1);
    made_unit_end(&m);
    memcpy(packed, &(Elf64_Chdr){.ch_type = ELFCOMPRESS_ZLIB, .ch_size = TEXT}, sizeof(Elf64_Chdr));
    ck_assert_int_eq(compress(packed + sizeof(Elf64_Chdr), &size, (Bytef *)text, TEXT), Z_OK);
    const struct elf_file_section sections[] = {
        {".debug_info", SHT_PROGBITS, 0, 0, 0, m.info.data, m.info.len},
        {".debug_abbrev", SHT_PROGBITS, 0, 0, 0, m.abbrev.data, m.abbrev.len},
        {".debug_str", SHT_PROGBITS, 0, SHF_COMPRESSED, 0, packed, sizeof(Elf64_Chdr) + size},
    };

    elf_file_build(&(struct elf_file){.sections = sections, .n_sections = 3}, &file);
    struct debug_files files = {.module = {(const uint8_t *)file.data, file.len}};
    struct debug *d = debug_open(&files, &budget, &a);

    ck_assert(debug_unit_of(d, A, &unit));
    ck_assert_uint_eq(budget.left, 1 << 20);
    ck_assert_str_eq(entry_text(&unit, SLOT_NAME), "late");
    ck_assert_uint_eq(budget.left, (1 << 20) - TEXT);
    debug_close(d);
}
END_TEST

/* What is asked again and again of something large comes to an end. */
START_TEST(all_questions_have_one_bound)
{
    _made_ struct made m;
    struct entry unit, e;
    uint64_t asked = 0;

    made_init(&m, 5);
    made_unit(&m, "a.c", A, 0x100);
    for (unsigned i = 0; i < 20000; i++) {
        made_function(&m, "f", A + i, 1, NO_EXPR);
        made_end(&m);
    }
    made_unit_end(&m);
    ck_assert_ptr_nonnull(made_open(&m));
    ck_assert(debug_unit_of(m.debug, A, &unit));
    while (entry_child(&unit, &e) && asked < 100000000)
        while (entry_sibling(&e))
            asked++;
    ck_assert_uint_ge(asked, 1000000);
    ck_assert_uint_lt(asked, 50000000);
    ck_assert(!entry_at(m.debug, unit.info, unit.offset, &e));
}
END_TEST

UNIT_TABLES_MAIN("workerd/variables/debug", {children_and_siblings_in_their_order, 2},
                 {attributes_as_what_they_are, 2},
                 {a_type_in_its_own_unit_is_found_by_its_signature, 2},
                 {references_lead_to_dies_of_the_unit, 2},
                 {units_by_themselves_where_nothing_lists_them, 2},
                 {units_by_the_list_and_others_besides, 2},
                 {without_debug_information_there_is_nothing_to_open, 1},
                 {the_debug_file_goes_before_the_module, 1},
                 {sections_are_decompressed_when_they_are_needed, 1},
                 {all_questions_have_one_bound, 1})
