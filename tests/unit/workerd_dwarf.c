/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
/* Debug information that is made here byte by byte: each version and size, each form of a name, an
 * address, a reference and a list of ranges, and what is broken on purpose. What comes of it is
 * looked up in the index. */
#include "workerd/indexer/dwarf.h"

#include <dwarf.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "tests/lib/unit.h"
#include "workerd/index/index.h"

#define BASE     0x10000u /* of the file's only segment */
#define HOST     0x10100u /* a function of 0x100 bytes ... */
#define GUEST    0x10140u /* ... and in it an inlined call of 0x10 */
#define LINE     77u
#define TEXT_MAX (1u << 20)

/* --- Sections that grow --- */

struct made {
    struct buf info, abbrev, str, line_str, str_offsets, addr, ranges, rnglists;
    unsigned version, offset, address; /* of the units that are made */
    size_t unit;                       /* where the open one begins */
};

static void made_init(struct made *m, unsigned version)
{
    struct buf *all[] = {&m->info,        &m->abbrev, &m->str,    &m->line_str,
                         &m->str_offsets, &m->addr,   &m->ranges, &m->rnglists};

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        buf_init(all[i], 4 * TEXT_MAX);
    m->version = version;
    m->offset = 4;
    m->address = 8;
    m->unit = 0;
}

static void made_fini(struct made *m)
{
    struct buf *all[] = {&m->info,        &m->abbrev, &m->str,    &m->line_str,
                         &m->str_offsets, &m->addr,   &m->ranges, &m->rnglists};

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        buf_fini(all[i]);
}

#define _made_ _cleanup_(made_fini)

static void put(struct buf *b, uint64_t v, unsigned size)
{
    buf_add(b, &v, size);
}

static void put_zeros(struct buf *b, unsigned n)
{
    for (; n > 0; n--)
        buf_addc(b, '\0');
}

static void put_uleb(struct buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_addc(b, (char)(v | 0x80));
    buf_addc(b, (char)v);
}

static void put_text(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s) + 1);
}

static uint64_t add_text(struct buf *b, const char *s)
{
    uint64_t at = b->len;

    put_text(b, s);
    return at;
}

static void put_offset(struct made *m, uint64_t v)
{
    put(&m->info, v, m->offset);
}

static void put_address(struct made *m, uint64_t v)
{
    put(&m->info, v, m->address);
}

/* Pairs of attribute and form; an odd number ends them. */
#define ABBREV(m, code, tag, children, ...)                                                        \
    put_abbrev(&(m)->abbrev, code, tag, children, (const unsigned[]){__VA_ARGS__},                 \
               ARRAY_SIZE(((const unsigned[]){__VA_ARGS__})))

static void put_abbrev(struct buf *b, unsigned code, unsigned tag, bool children,
                       const unsigned *list, size_t n)
{
    put_uleb(b, code);
    put_uleb(b, tag);
    put(b, children, 1);
    for (size_t i = 0; i < n; i++)
        put_uleb(b, list[i]);
    put(b, 0, 2);
}

static void unit_begin_as(struct made *m, unsigned type, uint64_t abbrev)
{
    struct buf *b = &m->info;

    m->unit = b->len;
    if (m->offset == 8)
        put(b, UINT32_MAX, 4);
    put_offset(m, 0); /* the length: see unit_end */
    put(b, m->version, 2);
    if (m->version >= 5) {
        put(b, type, 1);
        put(b, m->address, 1);
        put_offset(m, abbrev);
    } else {
        put_offset(m, abbrev);
        put(b, m->address, 1);
    }
}

static void unit_begin(struct made *m)
{
    unit_begin_as(m, DW_UT_compile, 0);
}

static void unit_end(struct made *m)
{
    size_t at = m->unit + (m->offset == 8 ? 4 : 0);
    uint64_t length = m->info.len - at - m->offset;

    memcpy(m->info.data + at, &length, m->offset);
}

static struct span span_of(const struct buf *b)
{
    return (struct span){(const uint8_t *)b->data, b->len};
}

static struct dwarf dwarf_of(const struct made *m)
{
    return (struct dwarf){
        .info = span_of(&m->info),
        .abbrev = span_of(&m->abbrev),
        .str = span_of(&m->str),
        .line_str = span_of(&m->line_str),
        .ranges = span_of(&m->ranges),
        .rnglists = span_of(&m->rnglists),
        .addr = span_of(&m->addr),
        .str_offsets = span_of(&m->str_offsets),
        .is64 = m->address == 8,
    };
}

/* --- What came of it --- */

struct found {
    struct buf file;
    struct index index;
    struct index_function chain[INDEX_CHAIN_MAX];
    size_t n;
};

static void found_fini(struct found *f)
{
    buf_fini(&f->file);
}

#define _found_ _cleanup_(found_fini)

static void index_dwarf(const struct dwarf *d, bool keep_zero, struct found *ret)
{
    struct index_writer *w = index_writer_new();
    struct index_segment segment = {.vaddr = keep_zero ? 0 : BASE, .memsz = 1u << 20, .flags = 5};

    buf_init(&ret->file, 64 * TEXT_MAX);
    index_writer_identity(w, 62, d->is64, "abcd");
    index_writer_segment(w, &segment);
    dwarf_index(d, keep_zero, w);
    ck_assert_int_eq(index_writer_finish(w, &ret->file), 0);
    index_writer_free(w);
    ck_assert_int_eq(index_open(ret->file.data, ret->file.len, &ret->index), 0);
    ret->n = 0;
}

static void index_made(const struct made *m, struct found *ret)
{
    struct dwarf d = dwarf_of(m);

    index_dwarf(&d, false, ret);
}

static size_t look_at(struct found *f, uint64_t address)
{
    f->n = index_functions(&f->index, (uint32_t)(address - f->index.header->base), f->chain);
    return f->n;
}

static const char *name_at(struct found *f, uint64_t address)
{
    return look_at(f, address) > 0 && f->chain[0].name ? f->chain[0].name : "";
}

static const char *problem_of(const struct found *f)
{
    const char *text = index_text(&f->index, f->index.header->debug_problem);

    return text ? text : "";
}

/* --- A function with an inlined call, in each version and size --- */

enum { UNIT = 1, ABSTRACT, HOST_CODE, GUEST_CODE, BLOCK, FUNCTION, NAMESPACE };

/* An abstract guest; host with a block in which guest is expanded. */
static void make_host(struct made *m)
{
    unsigned length = m->version >= 4 ? DW_FORM_data4 : DW_FORM_addr;
    size_t guest;

    ABBREV(m, UNIT, DW_TAG_compile_unit, true, DW_AT_name, DW_FORM_string, DW_AT_language,
           DW_FORM_data1);
    ABBREV(m, ABSTRACT, DW_TAG_subprogram, false, DW_AT_name, DW_FORM_string,
           DW_AT_MIPS_linkage_name, DW_FORM_string, DW_AT_inline, DW_FORM_data1);
    ABBREV(m, HOST_CODE, DW_TAG_subprogram, true, DW_AT_external, DW_FORM_flag, DW_AT_name,
           DW_FORM_strp, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, length, DW_AT_frame_base,
           DW_FORM_block1);
    ABBREV(m, GUEST_CODE, DW_TAG_inlined_subroutine, false, DW_AT_abstract_origin, DW_FORM_ref4,
           DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, length, DW_AT_call_file, DW_FORM_data1,
           DW_AT_call_line, DW_FORM_data2, DW_AT_call_column, DW_FORM_data1);
    ABBREV(m, BLOCK, DW_TAG_lexical_block, true, DW_AT_low_pc, DW_FORM_addr);
    put(&m->abbrev, 0, 1);
    unit_begin(m);
    put_uleb(&m->info, UNIT);
    put_text(&m->info, "unit.c");
    put(&m->info, DW_LANG_C99, 1);
    guest = m->info.len - m->unit;
    put_uleb(&m->info, ABSTRACT);
    put_text(&m->info, "guest");
    put_text(&m->info, "_Z5guest");
    put(&m->info, DW_INL_inlined, 1);
    put_uleb(&m->info, HOST_CODE);
    put(&m->info, 1, 1);
    put_offset(m, add_text(&m->str, "host"));
    put_address(m, HOST);
    put(&m->info, m->version >= 4 ? 0x100 : HOST + 0x100, m->version >= 4 ? 4 : m->address);
    put(&m->info, 0x9c01, 2);
    put_uleb(&m->info, BLOCK);
    put_address(m, GUEST);
    put_uleb(&m->info, GUEST_CODE);
    put(&m->info, guest, 4);
    put_address(m, GUEST);
    put(&m->info, m->version >= 4 ? 0x10 : GUEST + 0x10, m->version >= 4 ? 4 : m->address);
    put(&m->info, 1, 1);
    put(&m->info, LINE, 2);
    put(&m->info, 5, 1);
    put(&m->info, 0, 3);
    unit_end(m);
}

static const struct {
    unsigned version, offset, address;
} sizes[] = {
    {2, 4, 8}, {2, 4, 4}, {3, 4, 8}, {3, 8, 8}, {4, 4, 4}, {4, 4, 8},
    {4, 8, 8}, {5, 4, 4}, {5, 4, 8}, {5, 8, 8}, {5, 8, 4},
};

START_TEST(each_version_and_size)
{
    _made_ struct made m;
    _found_ struct found f;

    made_init(&m, sizes[_i].version);
    m.offset = sizes[_i].offset;
    m.address = sizes[_i].address;
    make_host(&m);
    index_made(&m, &f);
    ck_assert_str_eq(problem_of(&f), "");
    ck_assert_uint_eq(look_at(&f, HOST - 1), 0);
    ck_assert_uint_eq(look_at(&f, HOST + 0x100), 0);
    ck_assert_uint_eq(look_at(&f, HOST), 1);
    ck_assert_str_eq(f.chain[0].name, "host");
    ck_assert_uint_eq(f.chain[0].start, HOST - BASE);
    ck_assert_uint_eq(look_at(&f, GUEST + 0x10), 1);
    ck_assert_uint_eq(look_at(&f, GUEST + 0xf), 2);
    ck_assert_str_eq(f.chain[0].name, "_Z5guest");
    ck_assert(f.chain[0].inlined && !f.chain[1].inlined);
    ck_assert_uint_eq(f.chain[0].call_line, LINE);
    ck_assert_uint_eq(f.chain[0].call_column, 5);
    ck_assert_str_eq(f.chain[1].name, "host");
}
END_TEST

/* --- Forms --- */

/* A unit, and in it one function of 0x100 bytes whose further attribute has the form. */
static void begin_function(struct made *m, unsigned attribute, unsigned form)
{
    ABBREV(m, UNIT, DW_TAG_compile_unit, true, DW_AT_str_offsets_base, DW_FORM_sec_offset,
           DW_AT_addr_base, DW_FORM_sec_offset, DW_AT_rnglists_base, DW_FORM_sec_offset,
           DW_AT_low_pc, DW_FORM_addr);
    ABBREV(m, ABSTRACT, DW_TAG_subprogram, false, DW_AT_name, DW_FORM_string);
    ABBREV(m, FUNCTION, DW_TAG_subprogram, false, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc,
           DW_FORM_udata, attribute, form);
    put(&m->abbrev, 0, 1);
    unit_begin(m);
    put_uleb(&m->info, UNIT);
    put_offset(m, 8);
    put_offset(m, 8);
    put_offset(m, 12);
    put_address(m, HOST);
}

static void put_function(struct made *m)
{
    put_uleb(&m->info, FUNCTION);
    put_address(m, HOST);
    put_uleb(&m->info, 0x100);
}

static void end_function(struct made *m)
{
    put(&m->info, 0, 1);
    unit_end(m);
}

enum text_place { IN_INFO, IN_STR, IN_LINE_STR, IN_OFFSETS, IN_SHARED, NOWHERE };

static const struct {
    unsigned form, size; /* 0: LEB128 */
    enum text_place place;
} name_forms[] = {
    {DW_FORM_string, 0, IN_INFO},
    {DW_FORM_strp, 4, IN_STR},
    {DW_FORM_line_strp, 4, IN_LINE_STR},
    {DW_FORM_strx, 0, IN_OFFSETS},
    {DW_FORM_strx1, 1, IN_OFFSETS},
    {DW_FORM_strx2, 2, IN_OFFSETS},
    {DW_FORM_strx3, 3, IN_OFFSETS},
    {DW_FORM_strx4, 4, IN_OFFSETS},
    {DW_FORM_GNU_str_index, 0, IN_OFFSETS},
    {DW_FORM_strp_sup, 4, IN_SHARED},
    {DW_FORM_GNU_strp_alt, 4, IN_SHARED},
    {DW_FORM_data4, 4, NOWHERE},
    {DW_FORM_strx, 0, NOWHERE},
    {DW_FORM_strp, 4, NOWHERE},
};

static uint64_t place_name(struct made *m, struct made *shared, enum text_place place)
{
    switch (place) {
    case IN_STR:
        return add_text(&m->str, "name");
    case IN_LINE_STR:
        return add_text(&m->line_str, "name");
    case IN_OFFSETS:
        put_zeros(&m->str_offsets, 8 + 4); /* header, and text 0 */
        put(&m->str_offsets, add_text(&m->str, "name"), 4);
        return 1;
    case IN_SHARED:
        return add_text(&shared->str, "name");
    default:
        return 1000;
    }
}

START_TEST(names_in_each_form)
{
    _made_ struct made m, shared;
    _found_ struct found f;

    made_init(&m, 5);
    made_init(&shared, 5);
    put_text(&m.str, "other");
    put_text(&m.line_str, "other");
    put_text(&shared.str, "other");
    begin_function(&m, DW_AT_name, name_forms[_i].form);
    uint64_t at = place_name(&m, &shared, name_forms[_i].place);

    put_function(&m);
    if (name_forms[_i].place == IN_INFO)
        put_text(&m.info, "name");
    else if (name_forms[_i].size > 0)
        put(&m.info, at, name_forms[_i].size);
    else
        put_uleb(&m.info, at);
    end_function(&m);
    struct dwarf s = dwarf_of(&shared), d = dwarf_of(&m);

    d.shared = &s;
    index_dwarf(&d, false, &f);
    ck_assert_str_eq(problem_of(&f), "");
    ck_assert_uint_eq(look_at(&f, HOST + 0xff), 1);
    ck_assert_str_eq(name_at(&f, HOST), name_forms[_i].place == NOWHERE ? "" : "name");
}
END_TEST

static const struct {
    unsigned form, size;
    bool absolute, shared, leads;
} reference_forms[] = {
    {DW_FORM_ref1, 1, false, false, true},      {DW_FORM_ref2, 2, false, false, true},
    {DW_FORM_ref4, 4, false, false, true},      {DW_FORM_ref8, 8, false, false, true},
    {DW_FORM_ref_udata, 0, false, false, true}, {DW_FORM_ref_addr, 4, true, false, true},
    {DW_FORM_GNU_ref_alt, 4, true, true, true}, {DW_FORM_ref_sup4, 4, true, true, true},
    {DW_FORM_ref_sup8, 8, true, true, true},    {DW_FORM_ref_sig8, 8, true, false, false},
    {DW_FORM_data4, 4, false, false, false},
};

/* In a second unit, so that a place in the unit and one in the section differ. */
static size_t put_abstract(struct made *m)
{
    size_t at;

    put_uleb(&m->info, ABSTRACT);
    put_text(&m->info, "first");
    at = m->info.len;
    put_uleb(&m->info, ABSTRACT);
    put_text(&m->info, "second");
    return at;
}

START_TEST(references_in_each_form)
{
    _made_ struct made m, shared;
    _found_ struct found f;

    made_init(&m, 5);
    made_init(&shared, 5);
    begin_function(&shared, DW_AT_name, DW_FORM_string);
    size_t in_shared = put_abstract(&shared);

    end_function(&shared);
    begin_function(&m, DW_AT_abstract_origin, reference_forms[_i].form);
    end_function(&m);
    unit_begin(&m);
    put_uleb(&m.info, UNIT);
    put_zeros(&m.info, 3 * 4 + 8);
    size_t at = reference_forms[_i].shared ? (put_abstract(&m), in_shared) : put_abstract(&m);

    if (!reference_forms[_i].absolute)
        at -= m.unit;
    put_function(&m);
    if (reference_forms[_i].size > 0)
        put(&m.info, at, reference_forms[_i].size);
    else
        put_uleb(&m.info, at);
    end_function(&m);
    struct dwarf s = dwarf_of(&shared), d = dwarf_of(&m);

    d.shared = &s;
    index_dwarf(&d, false, &f);
    ck_assert_str_eq(problem_of(&f), "");
    ck_assert_uint_eq(look_at(&f, HOST), 1);
    ck_assert_str_eq(name_at(&f, HOST), reference_forms[_i].leads ? "second" : "");
}
END_TEST

/* The form is in the DIE; one that leads to itself for ever is not followed. */
START_TEST(indirect_forms)
{
    _made_ struct made m;
    _found_ struct found f;

    made_init(&m, 5);
    begin_function(&m, DW_AT_name, DW_FORM_indirect);
    put_function(&m);
    put_uleb(&m.info, DW_FORM_indirect);
    put_uleb(&m.info, DW_FORM_string);
    put_text(&m.info, "name");
    put_function(&m);
    for (int i = 0; i < 100; i++)
        put_uleb(&m.info, DW_FORM_indirect);
    end_function(&m);
    index_made(&m, &f);
    ck_assert_str_eq(name_at(&f, HOST), "name");
    ck_assert_str_ne(problem_of(&f), "");
}
END_TEST

static const struct {
    unsigned low, size; /* form of DW_AT_low_pc; 0: LEB128 */
    unsigned high;      /* form of DW_AT_high_pc */
} address_forms[] = {
    {DW_FORM_addr, 8, DW_FORM_addr},    {DW_FORM_addr, 8, DW_FORM_data1},
    {DW_FORM_addr, 8, DW_FORM_data2},   {DW_FORM_addr, 8, DW_FORM_udata},
    {DW_FORM_addr, 8, DW_FORM_sdata},   {DW_FORM_addr, 8, DW_FORM_implicit_const},
    {DW_FORM_addrx, 0, DW_FORM_data8},  {DW_FORM_addrx1, 1, DW_FORM_data4},
    {DW_FORM_addrx2, 2, DW_FORM_addrx}, {DW_FORM_addrx3, 3, DW_FORM_addrx1},
    {DW_FORM_addrx4, 4, DW_FORM_data4}, {DW_FORM_GNU_addr_index, 0, DW_FORM_data4},
    {0x2001, 0, DW_FORM_data4},
};

/* .debug_addr has HOST - 0x10, HOST, HOST + 0x40. */
static void put_low(struct made *m, unsigned form, unsigned size)
{
    if (form == DW_FORM_addr) {
        put_address(m, HOST);
    } else if (form == 0x2001) {
        put_uleb(&m->info, 0);
        put(&m->info, 0x10, 4);
    } else if (size > 0) {
        put(&m->info, 1, size);
    } else {
        put_uleb(&m->info, 1);
    }
}

static void put_high(struct made *m, unsigned form)
{
    switch (form) {
    case DW_FORM_addr:
        put_address(m, HOST + 0x40);
        break;
    case DW_FORM_addrx:
    case DW_FORM_addrx1:
        put(&m->info, 2, 1);
        break;
    case DW_FORM_sdata: /* 0x40 has the sign's bit set in its first byte */
        put(&m->info, 0xc0, 1);
        put(&m->info, 0, 1);
        break;
    case DW_FORM_implicit_const:
        break;
    default:
        put(&m->info, 0x40,
            form == DW_FORM_data2   ? 2
            : form == DW_FORM_data4 ? 4
            : form == DW_FORM_data8 ? 8
                                    : 1);
    }
}

START_TEST(addresses_in_each_form)
{
    _made_ struct made m;
    _found_ struct found f;

    made_init(&m, 5);
    ABBREV(&m, UNIT, DW_TAG_compile_unit, true, DW_AT_addr_base, DW_FORM_sec_offset);
    put_uleb(&m.abbrev, FUNCTION);
    put_uleb(&m.abbrev, DW_TAG_subprogram);
    put(&m.abbrev, 0, 1);
    put_uleb(&m.abbrev, DW_AT_low_pc);
    put_uleb(&m.abbrev, address_forms[_i].low);
    put_uleb(&m.abbrev, DW_AT_high_pc);
    put_uleb(&m.abbrev, address_forms[_i].high);
    if (address_forms[_i].high == DW_FORM_implicit_const)
        put(&m.abbrev, 0xc0, 2); /* 0x40 */
    put_uleb(&m.abbrev, DW_AT_name);
    put_uleb(&m.abbrev, DW_FORM_string);
    put(&m.abbrev, 0, 3);
    put(&m.addr, 0, 8);
    put(&m.addr, HOST - 0x10, 8);
    put(&m.addr, HOST, 8);
    put(&m.addr, HOST + 0x40, 8);
    unit_begin(&m);
    put_uleb(&m.info, UNIT);
    put_offset(&m, 8);
    put_uleb(&m.info, FUNCTION);
    put_low(&m, address_forms[_i].low, address_forms[_i].size);
    put_high(&m, address_forms[_i].high);
    put_text(&m.info, "name");
    end_function(&m);
    index_made(&m, &f);
    ck_assert_str_eq(problem_of(&f), "");
    ck_assert_str_eq(name_at(&f, HOST), "name");
    ck_assert_str_eq(name_at(&f, HOST + 0x3f), "name");
    ck_assert_uint_eq(look_at(&f, HOST - 1), 0);
    ck_assert_uint_eq(look_at(&f, HOST + 0x40), 0);
}
END_TEST

/* --- Lists of ranges --- */

static void make_listed(struct made *m, unsigned form, uint64_t at)
{
    ABBREV(m, UNIT, DW_TAG_compile_unit, true, DW_AT_low_pc, DW_FORM_addr, DW_AT_addr_base,
           DW_FORM_sec_offset, DW_AT_rnglists_base, DW_FORM_sec_offset);
    ABBREV(m, FUNCTION, DW_TAG_subprogram, false, DW_AT_ranges, form, DW_AT_name, DW_FORM_string);
    put(&m->abbrev, 0, 1);
    unit_begin(m);
    put_uleb(&m->info, UNIT);
    put_address(m, HOST);
    put_offset(m, 8);
    put_offset(m, 12);
    put_uleb(&m->info, FUNCTION);
    if (form == DW_FORM_rnglistx)
        put_uleb(&m->info, at);
    else
        put_offset(m, at);
    put_text(&m->info, "name");
    end_function(m);
}

static void put_pair(struct buf *b, uint64_t low, uint64_t high)
{
    put(b, low, 8);
    put(b, high, 8);
}

/* That the function has code at HOST + 0x10 * i up to + 8 for each of n, and none between. */
static void check_pieces(struct found *f, unsigned n)
{
    ck_assert_str_eq(problem_of(f), "");
    for (unsigned i = 0; i < n; i++) {
        uint64_t at = HOST + 0x10 * i;

        ck_assert_msg(look_at(f, at) == 1, "piece %u", i);
        ck_assert_str_eq(f->chain[0].name, "name");
        ck_assert_uint_eq(f->chain[0].start, HOST + 0x10 - BASE); /* of the list's first */
        ck_assert_msg(look_at(f, at + 7) == 1, "piece %u", i);
        ck_assert_msg(look_at(f, at + 8) == 0, "piece %u", i);
    }
    ck_assert_uint_eq(look_at(f, HOST + 0x10 * n), 0);
    ck_assert_uint_eq(look_at(f, BASE), 0);
}

START_TEST(ranges_before_version_5)
{
    _made_ struct made m;
    _found_ struct found f;
    struct buf *b = &m.ranges;

    made_init(&m, 4);
    put_pair(b, 7, 8); /* of another list */
    put_pair(b, 0x10, 0x18);
    put_pair(b, 0, 8);
    put_pair(b, 5, 5);
    put_pair(b, 9, 8);
    put_pair(b, UINT64_MAX - 1, UINT64_MAX - 1); /* lld's tombstone */
    put_pair(b, UINT64_MAX, HOST + 0x20);
    put_pair(b, 0, 8);
    put_pair(b, UINT64_MAX, 0);
    put_pair(b, HOST + 0x30, HOST + 0x38);
    put_pair(b, 0, 8); /* what was thrown away */
    put_pair(b, 0, 0);
    put_pair(b, 0x100, 0x200);
    make_listed(&m, DW_FORM_sec_offset, 16);
    index_made(&m, &f);
    check_pieces(&f, 4);
}
END_TEST

static void put_entry(struct buf *b, unsigned kind, uint64_t first, unsigned first_size,
                      uint64_t second, unsigned second_size)
{
    put(b, kind, 1);
    if (first_size > 0)
        put(b, first, first_size);
    else
        put_uleb(b, first);
    if (second_size > 0)
        put(b, second, second_size);
    else if (kind != DW_RLE_base_address && kind != DW_RLE_base_addressx)
        put_uleb(b, second);
}

static void put_all_entries(struct buf *b)
{
    put_entry(b, DW_RLE_offset_pair, 0x10, 0, 0x18, 0);
    put_entry(b, DW_RLE_start_end, HOST, 8, HOST + 8, 8);
    put_entry(b, DW_RLE_start_length, HOST + 0x20, 8, 8, 0);
    put_entry(b, DW_RLE_startx_endx, 0, 0, 1, 0);
    put_entry(b, DW_RLE_startx_length, 2, 0, 8, 0);
    put_entry(b, DW_RLE_base_addressx, 3, 0, 0, 0);
    put_entry(b, DW_RLE_offset_pair, 0, 0, 8, 0);
    put_entry(b, DW_RLE_base_address, HOST + 0x60, 8, 0, 0);
    put_entry(b, DW_RLE_offset_pair, 0, 0, 8, 0);
    put_entry(b, DW_RLE_start_length, 0, 8, 0x100, 0); /* thrown away, in three ways */
    put_entry(b, DW_RLE_start_length, UINT64_MAX, 8, 0x100, 0);
    put_entry(b, DW_RLE_base_address, UINT64_MAX, 8, 0, 0);
    put_entry(b, DW_RLE_offset_pair, BASE, 0, BASE + 0x20, 0);
    put(b, DW_RLE_end_of_list, 1);
    put_entry(b, DW_RLE_start_end, BASE, 8, BASE + 8, 8);
}

START_TEST(ranges_of_version_5)
{
    _made_ struct made m;
    _found_ struct found f;

    made_init(&m, 5);
    put(&m.addr, 0, 8);
    put_pair(&m.addr, HOST + 0x30, HOST + 0x38);
    put_pair(&m.addr, HOST + 0x40, HOST + 0x50);
    put_zeros(&m.rnglists, 12);
    if (_i == 0) {
        put_all_entries(&m.rnglists);
        make_listed(&m, DW_FORM_sec_offset, 12);
    } else {
        put(&m.rnglists, 99999, 4);
        put(&m.rnglists, 8, 4);
        put_all_entries(&m.rnglists);
        make_listed(&m, DW_FORM_rnglistx, 1);
    }
    index_made(&m, &f);
    check_pieces(&f, 7);
}
END_TEST

/* --- Where functions are, and what is not read --- */

/* A function that begins at 0 is what the linker threw away, unless the file's code is there. */
START_TEST(code_at_zero)
{
    _made_ struct made m;
    _found_ struct found f, kept;

    made_init(&m, 4);
    begin_function(&m, DW_AT_name, DW_FORM_string);
    put_uleb(&m.info, FUNCTION);
    put_address(&m, 0);
    put_uleb(&m.info, BASE + 0x1000);
    put_text(&m.info, "name");
    end_function(&m);
    struct dwarf d = dwarf_of(&m);

    index_dwarf(&d, false, &f);
    ck_assert_uint_eq(look_at(&f, BASE), 0);
    index_dwarf(&d, true, &kept);
    ck_assert_str_eq(name_at(&kept, 0), "name");
}
END_TEST

/* Deeper than the reader's stack: nothing is lost behind it. */
START_TEST(deep_in_namespaces)
{
    static const unsigned depths[] = {1, 100, 5000};
    _made_ struct made m;
    _found_ struct found f;

    made_init(&m, 4);
    ABBREV(&m, NAMESPACE, DW_TAG_namespace, true, DW_AT_decl_line, DW_FORM_udata);
    begin_function(&m, DW_AT_name, DW_FORM_string);
    for (unsigned i = 0; i < depths[_i]; i++)
        put_uleb(&m.info, NAMESPACE), put_uleb(&m.info, 1000);
    put_function(&m);
    put_text(&m.info, "deep");
    for (unsigned i = 0; i < depths[_i]; i++)
        put(&m.info, 0, 1);
    put_uleb(&m.info, FUNCTION);
    put_address(&m, HOST + 0x100);
    put_uleb(&m.info, 0x10);
    put_text(&m.info, "behind");
    end_function(&m);
    index_made(&m, &f);
    ck_assert_str_eq(problem_of(&f), "");
    ck_assert(cstr_starts(name_at(&f, HOST), "(anonymous namespace)::"));
    ck_assert_str_eq(strrchr(name_at(&f, HOST), ':'), ":deep");
    ck_assert_str_eq(name_at(&f, HOST + 0x100), "behind");
}
END_TEST

/* namespace outer { namespace { class Inner { DECLARED; }; } }, whose definition is outside, and
 * has a nameless class with a function in it. */
static void make_spaces(struct made *m, unsigned language)
{
    enum { CLASS = NAMESPACE + 1, DECLARED, DEFINED, NAMED, NAMELESS };
    size_t declared;

    ABBREV(m, UNIT, DW_TAG_compile_unit, true, DW_AT_language, DW_FORM_data1);
    ABBREV(m, NAMESPACE, DW_TAG_namespace, true, DW_AT_name, DW_FORM_string);
    ABBREV(m, CLASS, DW_TAG_class_type, true, DW_AT_name, DW_FORM_string);
    ABBREV(m, NAMELESS, DW_TAG_namespace, true, DW_AT_decl_line, DW_FORM_data1);
    ABBREV(m, DECLARED, DW_TAG_subprogram, false, DW_AT_name, DW_FORM_string);
    ABBREV(m, DEFINED, DW_TAG_subprogram, true, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc,
           DW_FORM_udata, DW_AT_specification, DW_FORM_ref4);
    ABBREV(m, NAMED, DW_TAG_subprogram, false, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc,
           DW_FORM_udata, DW_AT_name, DW_FORM_string);
    put(&m->abbrev, 0, 1);
    unit_begin(m);
    put_uleb(&m->info, UNIT);
    put(&m->info, language, 1);
    put_uleb(&m->info, NAMESPACE);
    put_text(&m->info, "outer");
    put_uleb(&m->info, NAMELESS);
    put(&m->info, LINE, 1);
    put_uleb(&m->info, CLASS);
    put_text(&m->info, "Inner");
    declared = m->info.len - m->unit;
    put_uleb(&m->info, DECLARED);
    put_text(&m->info, "member");
    put(&m->info, 0, 2);
    put_uleb(&m->info, NAMED);
    put_address(m, HOST + 0x20);
    put_uleb(&m->info, 0x10);
    put_text(&m->info, "free");
    put(&m->info, 0, 1);
    put_uleb(&m->info, DEFINED);
    put_address(m, HOST);
    put_uleb(&m->info, 0x10);
    put(&m->info, declared, 4);
    put_uleb(&m->info, CLASS);
    put_text(&m->info, "Local");
    put_uleb(&m->info, NAMED);
    put_address(m, HOST + 0x10);
    put_uleb(&m->info, 0x10);
    put_text(&m->info, "call");
    put(&m->info, 0, 3);
    unit_end(m);
}

/* As gdb says them; what is in a function is not called after it. */
START_TEST(names_in_full)
{
    static const struct {
        unsigned language;
        const char *member, *local, *free;
    } cases[] = {
        {DW_LANG_C_plus_plus_14, "outer::(anonymous namespace)::Inner::member", "Local::call",
         "outer::free"},
        {DW_LANG_C99, "member", "call", "free"},
    };
    _made_ struct made m;
    _found_ struct found f;

    made_init(&m, 4);
    make_spaces(&m, cases[_i].language);
    index_made(&m, &f);
    ck_assert_str_eq(problem_of(&f), "");
    ck_assert_str_eq(name_at(&f, HOST), cases[_i].member);
    ck_assert_str_eq(name_at(&f, HOST + 0x10), cases[_i].local);
    ck_assert_str_eq(name_at(&f, HOST + 0x20), cases[_i].free);
}
END_TEST

START_TEST(split_debug_information)
{
    _made_ struct made m;
    _found_ struct found f;

    made_init(&m, _i == 0 ? 4 : 5);
    ABBREV(&m, UNIT, _i == 0 ? DW_TAG_compile_unit : DW_TAG_skeleton_unit, false,
           _i == 0 ? DW_AT_GNU_dwo_name : DW_AT_dwo_name, DW_FORM_string);
    put(&m.abbrev, 0, 1);
    unit_begin_as(&m, DW_UT_skeleton, 0);
    if (_i == 1)
        put(&m.info, 0x1234, 8);
    put_uleb(&m.info, UNIT);
    put_text(&m.info, "a.dwo");
    unit_end(&m);
    index_made(&m, &f);
    ck_assert(strstr(problem_of(&f), ".dwo"));
}
END_TEST

/* --- Calls --- */

/* Two functions of 0x40 bytes, each with a call site in it. */
static void make_calls(struct made *m, bool gnu)
{
    enum {
        CALL = NAMESPACE + 1,
        CALLER,
        CALLER_SIZE = 41 /* bytes of its DIE and what is in it */
    };
    size_t host;

    ABBREV(m, UNIT, DW_TAG_compile_unit, true, DW_AT_language, DW_FORM_data1);
    ABBREV(m, CALLER, DW_TAG_subprogram, true, DW_AT_name, DW_FORM_string, DW_AT_low_pc,
           DW_FORM_addr, DW_AT_high_pc, DW_FORM_udata);
    ABBREV(m, BLOCK, DW_TAG_inlined_subroutine, true, DW_AT_call_line, DW_FORM_data1);
    ABBREV(m, CALL, gnu ? DW_TAG_GNU_call_site : DW_TAG_call_site, true,
           gnu ? DW_AT_low_pc : DW_AT_call_return_pc, DW_FORM_addr,
           gnu ? DW_AT_abstract_origin : DW_AT_call_origin, DW_FORM_ref4,
           gnu ? DW_AT_GNU_tail_call : DW_AT_call_tail_call, DW_FORM_flag, DW_AT_sibling,
           DW_FORM_ref4);
    put(&m->abbrev, 0, 1);
    unit_begin(m);
    put_uleb(&m->info, UNIT);
    put(&m->info, DW_LANG_C99, 1);
    host = m->info.len - m->unit;
    for (unsigned i = 0; i < 2; i++) { /* host calls guest, guest jumps to host */
        put_uleb(&m->info, CALLER);
        put_text(&m->info, i == 0 ? "host" : "guest");
        put_address(m, HOST + 0x40 * i);
        put_uleb(&m->info, 0x40);
        put_uleb(&m->info, BLOCK);
        put(&m->info, LINE, 1);
        put_uleb(&m->info, CALL);
        put_address(m, HOST + 0x40 * i + 0x20);
        put(&m->info, i == 0 ? host + CALLER_SIZE : host, 4);
        put(&m->info, i, 1);
        put(&m->info, m->info.len - m->unit + 8, 4);
        put(&m->info, 0x63, 4); /* what the sibling's place leads over */
        put(&m->info, 0, 2);
    }
    put(&m->info, 0, 1);
    unit_end(m);
}

START_TEST(calls_and_jumps)
{
    _made_ struct made m;
    _found_ struct found f;
    struct index_callee callee;
    uint32_t start;
    size_t n;

    made_init(&m, _i == 0 ? 5 : 4);
    make_calls(&m, _i == 1);
    index_made(&m, &f);
    ck_assert_str_eq(problem_of(&f), "");
    ck_assert_str_eq(name_at(&f, HOST + 0x40), "guest");
    ck_assert(index_call(&f.index, HOST + 0x20 - BASE, &callee));
    ck_assert(!callee.symbol && callee.start == HOST + 0x40 - BASE);
    ck_assert(!index_call(&f.index, HOST + 0x60 - BASE, &callee));
    ck_assert(index_entry(&f.index, "guest", &start));
    ck_assert_uint_eq(start, HOST + 0x40 - BASE);
    const struct index_jump *j = index_jumps(&f.index, start, &n);

    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(j->return_address, HOST + 0x60 - BASE);
    ck_assert_uint_eq(j->target, HOST - BASE);
}
END_TEST

/* --- What is broken --- */

/* Each damage is to the first of two units. */
START_TEST(a_damaged_unit_is_passed_over)
{
    _made_ struct made m;
    _found_ struct found f;

    made_init(&m, 4);
    begin_function(&m, DW_AT_name, DW_FORM_string);
    switch (_i) {
    case 0: /* an abbreviation that there is not */
        put_uleb(&m.info, 99);
        break;
    case 1: /* a DIE beyond the unit's end */
        put_uleb(&m.info, FUNCTION);
        break;
    case 2: /* a table that there is not */
        put_uleb(&m.info, UNIT);
        memset(m.info.data + 6, 0x7f, 2);
        break;
    case 3: /* a version that there is not */
        m.info.data[4] = 9;
        break;
    case 4: /* addresses of 3 bytes */
        m.info.data[10] = 3;
        break;
    }
    unit_end(&m);
    unit_begin(&m);
    put_uleb(&m.info, UNIT);
    put_zeros(&m.info, 3 * 4 + 8);
    put_function(&m);
    put_text(&m.info, "name");
    end_function(&m);
    index_made(&m, &f);
    ck_assert_str_ne(problem_of(&f), "");
    ck_assert_str_eq(name_at(&f, HOST), "name");
}
END_TEST

/* Functions that are made of themselves, and of each other. */
START_TEST(references_in_a_circle)
{
    _made_ struct made m;
    _found_ struct found f;

    made_init(&m, 4);
    begin_function(&m, DW_AT_abstract_origin, DW_FORM_ref4);
    for (unsigned i = 0; i < 50000; i++) {
        size_t here = m.info.len - m.unit;

        put_function(&m);
        put(&m.info, i % 2 ? here : here + 15, 4);
    }
    end_function(&m);
    index_made(&m, &f);
    ck_assert_uint_eq(look_at(&f, HOST), 1);
    ck_assert_str_eq(name_at(&f, HOST), "");
}
END_TEST

/* Without a bound on all of it together, each of these would be a day's work. */
START_TEST(what_is_read_again_is_bounded)
{
    enum { FUNCTIONS = 40000, LENGTH = 500000 };
    _made_ struct made m;
    _found_ struct found f;

    made_init(&m, 4);
    if (_i == 0) {
        begin_function(&m, DW_AT_name, DW_FORM_strp);
        for (unsigned i = 0; i < LENGTH; i++)
            buf_addc(&m.str, 'a');
        buf_addc(&m.str, '\0');
    } else {
        begin_function(&m, DW_AT_ranges, DW_FORM_sec_offset);
        m.abbrev.data[m.abbrev.len - 7] = DW_AT_decl_line; /* no high_pc, but ranges */
        for (unsigned i = 1; i < LENGTH / 16; i++)
            put_pair(&m.ranges, i, i);
    }
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        put_function(&m);
        put(&m.info, _i == 0 ? i : 16 * (i % 1000), 4);
    }
    end_function(&m);
    index_made(&m, &f);
    ck_assert(strstr(problem_of(&f), "too often"));
}
END_TEST

UNIT_TABLES_MAIN("workerd/dwarf", {each_version_and_size, ARRAY_SIZE(sizes)},
                 {names_in_each_form, ARRAY_SIZE(name_forms)},
                 {references_in_each_form, ARRAY_SIZE(reference_forms)}, {indirect_forms, 1},
                 {addresses_in_each_form, ARRAY_SIZE(address_forms)}, {ranges_before_version_5, 1},
                 {ranges_of_version_5, 2}, {code_at_zero, 1}, {deep_in_namespaces, 3},
                 {names_in_full, 2}, {split_debug_information, 2}, {calls_and_jumps, 2},
                 {a_damaged_unit_is_passed_over, 5}, {references_in_a_circle, 1},
                 {what_is_read_again_is_bounded, 2})
