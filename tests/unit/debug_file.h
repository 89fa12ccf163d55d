/* SPDX-License-Identifier: Apache-2.0 */
/* Debug information that is made by hand, DIE by DIE, in an ELF file, and opened as a module's. One
 * table of abbreviations serves all tests; each code has a function that writes such a DIE, and
 * what has children is ended with made_end. */
#ifndef CORRAL_TESTS_UNIT_DEBUG_FILE_H
#define CORRAL_TESTS_UNIT_DEBUG_FILE_H

#include <dwarf.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "tests/unit/elf_file.h"
#include "workerd/variables/debug.h"

#define MADE_CODE 0x10000u /* where the file's code begins; it has as many bytes */
#define MADE_SIZE (1u << 20)

enum made_abbrev {
    MADE_UNIT = 1,
    MADE_BARE_UNIT,
    MADE_TYPE_UNIT,
    MADE_FUNCTION,
    MADE_ABSTRACT,
    MADE_BLOCK,
    MADE_OPEN_BLOCK,
    MADE_INLINED,
    MADE_UNPLACED, /* inlined, and it does not say where the call was */
    MADE_VARIABLE,
    MADE_PARAMETER,
    MADE_NAMED_VARIABLE,
    MADE_NAMED_PARAMETER,
    MADE_COPIED_VARIABLE,
    MADE_COPIED_PARAMETER,
    MADE_LISTED,
    MADE_INDEXED_LIST,
    MADE_NUMBER,
    MADE_TEXT,
    MADE_BYTES,
    MADE_EXTERN,
    MADE_STATIC,
    MADE_OF_TYPE,
    MADE_OF_SIGNATURE,
    MADE_BASE_TYPE,
    MADE_CALL,
    MADE_POINTER_CALL,
    MADE_JUMP,
    MADE_ARGUMENT,
    MADE_REFERRED_ARGUMENT,
    MADE_PARTS, /* a function in pieces */
};

struct made {
    struct buf info, types, abbrev, aranges, ranges, rnglists, loc, loclists, addr, file;
    unsigned version;
    struct buf *to; /* info, or types */
    size_t unit;    /* where the open one begins */
    bool in_types;
    struct arena arena;
    struct memory_budget budget;
    struct debug *debug;
};

/* --- Bytes --- */

static inline void made_put(struct buf *b, uint64_t v, unsigned size)
{
    buf_add(b, &v, size);
}

static inline void made_uleb(struct buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_addc(b, (char)(v | 0x80));
    buf_addc(b, (char)v);
}

static inline void made_text(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s) + 1);
}

struct made_bytes {
    const void *p;
    size_t n;
};

#define EXPR(...)                                                                                  \
    ((struct made_bytes){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})
#define NO_EXPR ((struct made_bytes){"", 0})

/* --- Abbreviations --- */

#define MADE_ABBREV(m, code, tag, children, ...)                                                   \
    made_abbrev(&(m)->abbrev, code, tag, children, (const unsigned[]){__VA_ARGS__},                \
                sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

static inline void made_abbrev(struct buf *b, unsigned code, unsigned tag, bool children,
                               const unsigned *list, size_t n)
{
    made_uleb(b, code);
    made_uleb(b, tag);
    made_put(b, children, 1);
    for (size_t i = 0; i < n; i++)
        made_uleb(b, list[i]);
    made_put(b, 0, 2);
}

static inline void made_functions(struct made *m)
{
    MADE_ABBREV(m, MADE_FUNCTION, DW_TAG_subprogram, true, DW_AT_name, DW_FORM_string, DW_AT_low_pc,
                DW_FORM_addr, DW_AT_high_pc, DW_FORM_udata, DW_AT_frame_base, DW_FORM_exprloc);
    MADE_ABBREV(m, MADE_PARTS, DW_TAG_subprogram, true, DW_AT_name, DW_FORM_string, DW_AT_ranges,
                DW_FORM_sec_offset);
    MADE_ABBREV(m, MADE_ABSTRACT, DW_TAG_subprogram, true, DW_AT_name, DW_FORM_string,
                DW_AT_external, DW_FORM_flag);
    MADE_ABBREV(m, MADE_BLOCK, DW_TAG_lexical_block, true, DW_AT_low_pc, DW_FORM_addr,
                DW_AT_high_pc, DW_FORM_udata);
    MADE_ABBREV(m, MADE_OPEN_BLOCK, DW_TAG_lexical_block, true, DW_AT_sibling, DW_FORM_flag);
    MADE_ABBREV(m, MADE_INLINED, DW_TAG_inlined_subroutine, true, DW_AT_abstract_origin,
                DW_FORM_ref4, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_udata,
                DW_AT_call_file, DW_FORM_data1, DW_AT_call_line, DW_FORM_data1);
    MADE_ABBREV(m, MADE_UNPLACED, DW_TAG_inlined_subroutine, true, DW_AT_abstract_origin,
                DW_FORM_ref4, DW_AT_low_pc, DW_FORM_addr, DW_AT_high_pc, DW_FORM_udata);
    MADE_ABBREV(m, MADE_CALL, DW_TAG_call_site, true, DW_AT_call_return_pc, DW_FORM_addr,
                DW_AT_call_origin, DW_FORM_ref4);
    MADE_ABBREV(m, MADE_POINTER_CALL, DW_TAG_GNU_call_site, true, DW_AT_low_pc, DW_FORM_addr,
                DW_AT_GNU_call_site_target, DW_FORM_exprloc);
    MADE_ABBREV(m, MADE_JUMP, DW_TAG_call_site, false, DW_AT_call_tail_call, DW_FORM_flag_present,
                DW_AT_call_origin, DW_FORM_ref4);
    MADE_ABBREV(m, MADE_ARGUMENT, DW_TAG_call_site_parameter, false, DW_AT_location,
                DW_FORM_exprloc, DW_AT_call_value, DW_FORM_exprloc);
    MADE_ABBREV(m, MADE_REFERRED_ARGUMENT, DW_TAG_GNU_call_site_parameter, false,
                DW_AT_abstract_origin, DW_FORM_ref4, DW_AT_GNU_call_site_value, DW_FORM_exprloc);
}

static inline void made_variables(struct made *m)
{
    MADE_ABBREV(m, MADE_VARIABLE, DW_TAG_variable, false, DW_AT_name, DW_FORM_string,
                DW_AT_location, DW_FORM_exprloc);
    MADE_ABBREV(m, MADE_PARAMETER, DW_TAG_formal_parameter, false, DW_AT_name, DW_FORM_string,
                DW_AT_location, DW_FORM_exprloc);
    MADE_ABBREV(m, MADE_NAMED_VARIABLE, DW_TAG_variable, false, DW_AT_name, DW_FORM_string);
    MADE_ABBREV(m, MADE_NAMED_PARAMETER, DW_TAG_formal_parameter, false, DW_AT_name,
                DW_FORM_string);
    MADE_ABBREV(m, MADE_COPIED_VARIABLE, DW_TAG_variable, false, DW_AT_abstract_origin,
                DW_FORM_ref4, DW_AT_location, DW_FORM_exprloc);
    MADE_ABBREV(m, MADE_COPIED_PARAMETER, DW_TAG_formal_parameter, false, DW_AT_abstract_origin,
                DW_FORM_ref4, DW_AT_location, DW_FORM_exprloc);
    MADE_ABBREV(m, MADE_LISTED, DW_TAG_variable, false, DW_AT_name, DW_FORM_string, DW_AT_location,
                DW_FORM_sec_offset);
    MADE_ABBREV(m, MADE_INDEXED_LIST, DW_TAG_variable, false, DW_AT_name, DW_FORM_string,
                DW_AT_location, DW_FORM_loclistx);
    MADE_ABBREV(m, MADE_NUMBER, DW_TAG_variable, false, DW_AT_name, DW_FORM_string,
                DW_AT_const_value, DW_FORM_sdata);
    MADE_ABBREV(m, MADE_TEXT, DW_TAG_variable, false, DW_AT_name, DW_FORM_string, DW_AT_const_value,
                DW_FORM_string);
    MADE_ABBREV(m, MADE_BYTES, DW_TAG_variable, false, DW_AT_name, DW_FORM_string,
                DW_AT_const_value, DW_FORM_block1);
    MADE_ABBREV(m, MADE_EXTERN, DW_TAG_variable, false, DW_AT_name, DW_FORM_string, DW_AT_external,
                DW_FORM_flag_present, DW_AT_declaration, DW_FORM_flag_present);
    MADE_ABBREV(m, MADE_STATIC, DW_TAG_variable, false, DW_AT_name, DW_FORM_string, DW_AT_external,
                DW_FORM_flag_present, DW_AT_location, DW_FORM_exprloc);
    MADE_ABBREV(m, MADE_OF_TYPE, DW_TAG_variable, false, DW_AT_name, DW_FORM_string, DW_AT_type,
                DW_FORM_ref4);
    MADE_ABBREV(m, MADE_OF_SIGNATURE, DW_TAG_variable, false, DW_AT_name, DW_FORM_string,
                DW_AT_type, DW_FORM_ref_sig8);
    MADE_ABBREV(m, MADE_BASE_TYPE, DW_TAG_base_type, false, DW_AT_name, DW_FORM_string,
                DW_AT_byte_size, DW_FORM_data1, DW_AT_encoding, DW_FORM_data1);
}

static inline void made_units(struct made *m)
{
    MADE_ABBREV(m, MADE_UNIT, DW_TAG_compile_unit, true, DW_AT_name, DW_FORM_string, DW_AT_low_pc,
                DW_FORM_addr, DW_AT_high_pc, DW_FORM_udata, DW_AT_addr_base, DW_FORM_sec_offset,
                DW_AT_loclists_base, DW_FORM_sec_offset);
    MADE_ABBREV(m, MADE_BARE_UNIT, DW_TAG_compile_unit, true, DW_AT_name, DW_FORM_string);
    MADE_ABBREV(m, MADE_TYPE_UNIT, DW_TAG_type_unit, true, DW_AT_language, DW_FORM_data1);
}

/* --- Beginning and ending --- */

#define MADE_BUFS(m)                                                                               \
    {                                                                                              \
        &(m)->info, &(m)->types, &(m)->abbrev, &(m)->aranges, &(m)->ranges, &(m)->rnglists,        \
            &(m)->loc, &(m)->loclists, &(m)->addr, &(m)->file                                      \
    }

static inline void made_init(struct made *m, unsigned version)
{
    memset(m, 0, sizeof *m);
    struct buf *all[] = MADE_BUFS(m);

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        buf_init(all[i], 4 * MADE_SIZE);
    arena_init(&m->arena, 0);
    m->version = version;
    m->to = &m->info;
    made_units(m);
    made_functions(m);
    made_variables(m);
    made_put(&m->abbrev, 0, 1);
}

static inline void made_fini(struct made *m)
{
    struct buf *all[] = MADE_BUFS(m);

    debug_close(m->debug);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        buf_fini(all[i]);
    arena_fini(&m->arena);
}
#define _made_ _cleanup_(made_fini)

/* Where the next DIE begins: in the section, and in its unit as DW_FORM_ref4 has it. */
static inline uint64_t made_at(const struct made *m)
{
    return m->to->len;
}

static inline uint32_t made_here(const struct made *m)
{
    return (uint32_t)(m->to->len - m->unit);
}

static inline void made_header(struct made *m, unsigned type)
{
    m->unit = m->to->len;
    made_put(m->to, 0, 4); /* the length: see made_unit_end */
    made_put(m->to, m->version, 2);
    if (m->version >= 5)
        made_put(m->to, type | 8u << 8, 2);
    made_put(m->to, 0, 4);
    if (m->version < 5)
        made_put(m->to, 8, 1);
}

static inline void made_unit(struct made *m, const char *name, uint64_t low, uint64_t size)
{
    made_header(m, DW_UT_compile);
    made_uleb(m->to, MADE_UNIT);
    made_text(m->to, name);
    made_put(m->to, low, 8);
    made_uleb(m->to, size);
    made_put(m->to, 8, 4);
    made_put(m->to, 12, 4);
}

static inline void made_bare_unit(struct made *m, const char *name)
{
    made_header(m, DW_UT_compile);
    made_uleb(m->to, MADE_BARE_UNIT);
    made_text(m->to, name);
}

/* In .debug_types before DWARF 5. Its type is a base type, right behind the unit's own DIE. */
static inline void made_type_unit(struct made *m, uint64_t signature, const char *type)
{
    m->to = m->version < 5 ? &m->types : &m->info;
    made_header(m, DW_UT_type);
    made_put(m->to, signature, 8);
    made_put(m->to, made_here(m) + 4 + 2, 4);
    made_uleb(m->to, MADE_TYPE_UNIT);
    made_put(m->to, DW_LANG_C99, 1);
    made_uleb(m->to, MADE_BASE_TYPE);
    made_text(m->to, type);
    made_put(m->to, DW_ATE_signed << 8 | 4, 2);
}

static inline void made_end(struct made *m)
{
    made_put(m->to, 0, 1);
}

static inline void made_unit_end(struct made *m)
{
    made_end(m);
    uint32_t length = made_here(m) - 4;

    memcpy(m->to->data + m->unit, &length, 4);
    m->to = &m->info;
}

/* --- DIEs --- */

static inline void made_expression(struct made *m, struct made_bytes e)
{
    made_uleb(m->to, e.n);
    buf_add(m->to, e.p, e.n);
}

static inline void made_function(struct made *m, const char *name, uint64_t low, uint64_t size,
                                 struct made_bytes frame_base)
{
    made_uleb(m->to, MADE_FUNCTION);
    made_text(m->to, name);
    made_put(m->to, low, 8);
    made_uleb(m->to, size);
    made_expression(m, frame_base);
}

static inline void made_abstract(struct made *m, const char *name, bool external)
{
    made_uleb(m->to, MADE_ABSTRACT);
    made_text(m->to, name);
    made_put(m->to, external, 1);
}

static inline void made_block(struct made *m, uint64_t low, uint64_t size)
{
    made_uleb(m->to, MADE_BLOCK);
    made_put(m->to, low, 8);
    made_uleb(m->to, size);
}

static inline void made_open_block(struct made *m)
{
    made_uleb(m->to, MADE_OPEN_BLOCK);
    made_put(m->to, 0, 1);
}

static inline void made_inlined(struct made *m, enum made_abbrev code, uint32_t origin,
                                uint64_t low, uint64_t size)
{
    made_uleb(m->to, code);
    made_put(m->to, origin, 4);
    made_put(m->to, low, 8);
    made_uleb(m->to, size);
    if (code == MADE_INLINED)
        made_put(m->to, 0x0101, 2);
}

/* A variable, parameter or static one. */
static inline void made_variable(struct made *m, enum made_abbrev code, const char *name,
                                 struct made_bytes location)
{
    made_uleb(m->to, code);
    made_text(m->to, name);
    made_expression(m, location);
}

static inline void made_named(struct made *m, enum made_abbrev code, const char *name)
{
    made_uleb(m->to, code);
    made_text(m->to, name);
}

static inline void made_copy(struct made *m, enum made_abbrev code, uint32_t origin,
                             struct made_bytes location)
{
    made_uleb(m->to, code);
    made_put(m->to, origin, 4);
    made_expression(m, location);
}

static inline void made_listed(struct made *m, const char *name, uint32_t offset)
{
    made_named(m, MADE_LISTED, name);
    made_put(m->to, offset, 4);
}

static inline void made_base_type(struct made *m, const char *name, unsigned size,
                                  unsigned encoding)
{
    made_named(m, MADE_BASE_TYPE, name);
    made_put(m->to, size | encoding << 8, 2);
}

static inline void made_call(struct made *m, uint64_t return_pc, uint32_t origin)
{
    made_uleb(m->to, MADE_CALL);
    made_put(m->to, return_pc, 8);
    made_put(m->to, origin, 4);
}

static inline void made_argument(struct made *m, struct made_bytes location,
                                 struct made_bytes value)
{
    made_uleb(m->to, MADE_ARGUMENT);
    made_expression(m, location);
    made_expression(m, value);
}

static inline void made_jump(struct made *m, uint32_t origin)
{
    made_uleb(m->to, MADE_JUMP);
    made_put(m->to, origin, 4);
}

/* --- The file --- */

static inline void made_file(struct made *m)
{
    const struct elf_file_section sections[] = {
        {".text", SHT_NOBITS, 0, SHF_ALLOC | SHF_EXECINSTR, MADE_CODE, NULL, MADE_CODE},
        {".debug_info", SHT_PROGBITS, 0, 0, 0, m->info.data, m->info.len},
        {".debug_abbrev", SHT_PROGBITS, 0, 0, 0, m->abbrev.data, m->abbrev.len},
        {".debug_types", SHT_PROGBITS, 0, 0, 0, m->types.data, m->types.len},
        {".debug_aranges", SHT_PROGBITS, 0, 0, 0, m->aranges.data, m->aranges.len},
        {".debug_ranges", SHT_PROGBITS, 0, 0, 0, m->ranges.data, m->ranges.len},
        {".debug_rnglists", SHT_PROGBITS, 0, 0, 0, m->rnglists.data, m->rnglists.len},
        {".debug_loc", SHT_PROGBITS, 0, 0, 0, m->loc.data, m->loc.len},
        {".debug_loclists", SHT_PROGBITS, 0, 0, 0, m->loclists.data, m->loclists.len},
        {".debug_addr", SHT_PROGBITS, 0, 0, 0, m->addr.data, m->addr.len},
    };
    const struct elf_file f = {.sections = sections, .n_sections = ARRAY_SIZE(sections)};

    elf_file_build(&f, &m->file);
}

/* All units are ended. NULL when there is nothing that can be read. */
static inline struct debug *made_open(struct made *m)
{
    struct debug_files files = {0};

    made_file(m);
    files.module = (struct span){(const uint8_t *)m->file.data, m->file.len};
    m->budget.left = MADE_SIZE;
    m->debug = debug_open(&files, &m->budget, &m->arena);
    return m->debug;
}

#endif
