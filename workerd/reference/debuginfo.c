/* SPDX-License-Identifier: Apache-2.0 */
/* Two sorted lists of address ranges, both searched by halving: the units of a file, made at once;
 * the functions of a unit, made when an address falls into that unit. From a function on, its tree
 * is followed down through the lexical blocks and inlined calls that hold the address. */
#include "workerd/reference/debuginfo.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/reference/ranges.h"
#include "workerd/index/sourcepath.h"

#define TREE_DEPTH  64  /* of namespaces and types around a function */
#define BLOCK_DEPTH 512 /* of lexical blocks within one */

struct unit {
    Dwarf_Off die; /* of the unit's own DIE */
    bool indexed;
    struct ranges functions;
};

struct debug_index {
    Dwarf *dwarf;
    struct ranges by_unit;
    struct unit *units;
    size_t n_units, units_capacity;
};

/* All ranges of a DIE. Those that begin at 0 are what the linker leaves of functions that it threw
 * away. */
static void ranges_add_die(struct ranges *r, Dwarf_Die *die, uint64_t owner)
{
    Dwarf_Addr base, low, high;
    ptrdiff_t offset = 0;

    while ((offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0)
        if (low != 0)
            ranges_add(r, low, high, owner);
}

/* --- Units --- */

static struct unit *add_unit(struct debug_index *x, Dwarf_Die *die)
{
    if (x->n_units == x->units_capacity) {
        size_t capacity = x->units_capacity ? 2 * x->units_capacity : 64;
        struct unit *units = reallocarray(x->units, capacity, sizeof *units);

        if (!units)
            return NULL;
        x->units = units;
        x->units_capacity = capacity;
    }
    x->units[x->n_units] = (struct unit){.die = dwarf_dieoffset(die)};
    return &x->units[x->n_units++];
}

struct debug_index *debug_index_new(Dwarf *dwarf)
{
    struct debug_index *x = calloc(1, sizeof *x);
    Dwarf_CU *cu = NULL;
    Dwarf_Die die;
    uint8_t type;

    if (!x)
        return NULL;
    x->dwarf = dwarf;
    /* Without asking for the split unit's DIE, for libdw would open the path that a skeleton names.
     * */
    while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL) == 0) {
        if (type != DW_UT_compile && type != DW_UT_partial && type != DW_UT_skeleton)
            continue;
        if (add_unit(x, &die))
            ranges_add_die(&x->by_unit, &die, x->n_units - 1);
    }
    ranges_sort(&x->by_unit);
    return x;
}

void debug_index_free(struct debug_index *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->n_units; i++)
        ranges_fini(&x->units[i].functions);
    free(x->units);
    ranges_fini(&x->by_unit);
    free(x);
}

/* --- Functions of a unit --- */

/* What may hold functions: C++ and Rust put them into namespaces, Rust also into types. */
static bool holds_functions(int tag)
{
    static const int tags[] = {
        DW_TAG_namespace, DW_TAG_structure_type, DW_TAG_class_type,       DW_TAG_union_type,
        DW_TAG_module,    DW_TAG_interface_type, DW_TAG_enumeration_type, DW_TAG_variant_part,
    };

    for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
        if (tags[i] == tag)
            return true;
    return false;
}

static void index_functions(struct unit *u, Dwarf_Die *parent, int depth)
{
    Dwarf_Die die;

    if (depth == TREE_DEPTH || dwarf_child(parent, &die) != 0)
        return;
    do {
        int tag = dwarf_tag(&die);

        if (tag == DW_TAG_subprogram)
            ranges_add_die(&u->functions, &die, dwarf_dieoffset(&die));
        else if (holds_functions(tag))
            index_functions(u, &die, depth + 1);
    } while (dwarf_siblingof(&die, &die) == 0);
}

static bool find_function(struct debug_index *x, struct unit *u, Dwarf_Die *unit_die,
                          uint64_t address, Dwarf_Die *ret)
{
    if (!u->indexed) {
        index_functions(u, unit_die, 0);
        ranges_sort(&u->functions);
        u->indexed = true;
    }
    const struct range *r = ranges_find(&u->functions, address);

    return r && dwarf_offdie(x->dwarf, r->owner, ret);
}

/* --- Inlined calls --- */

static bool is_block(int tag)
{
    return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/* The child that holds the address and may hold inlined calls. */
static bool find_child(Dwarf_Die *parent, uint64_t address, Dwarf_Die *ret)
{
    Dwarf_Die die;

    if (dwarf_child(parent, &die) != 0)
        return false;
    do {
        int tag = dwarf_tag(&die);

        if ((tag == DW_TAG_inlined_subroutine || is_block(tag)) &&
            dwarf_haspc(&die, address) == 1) {
            *ret = die;
            return true;
        }
    } while (dwarf_siblingof(&die, &die) == 0);
    return false;
}

/* The function and what is inlined in it at the address, outermost first. Beyond the limit the
 * innermost are left out. */
static size_t find_chain(Dwarf_Die *function, uint64_t address,
                         Dwarf_Die ret[static SOURCE_FRAMES_MAX])
{
    Dwarf_Die die = *function;
    size_t n = 0;

    ret[n++] = die;
    for (int depth = 0; depth < BLOCK_DEPTH && n < SOURCE_FRAMES_MAX; depth++) {
        Dwarf_Die child;

        if (!find_child(&die, address, &child))
            break;
        if (dwarf_tag(&child) == DW_TAG_inlined_subroutine)
            ret[n++] = child;
        die = child;
    }
    return n;
}

static const char *string_attribute(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attribute;

    return dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
}

static unsigned number_attribute(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value;

    if (dwarf_formudata(dwarf_attr(die, name, &attribute), &value) != 0 || value > INT32_MAX)
        return 0;
    return (unsigned)value;
}

static void name_frame(Dwarf_Die *die, struct source_frame *f)
{
    f->function = string_attribute(die, DW_AT_name);
    f->linkage = string_attribute(die, DW_AT_linkage_name);
    if (!f->linkage)
        f->linkage = string_attribute(die, DW_AT_MIPS_linkage_name);
    f->inlined = dwarf_tag(die) == DW_TAG_inlined_subroutine;
}

/* --- Lines --- */

/* The index after the last row at or before the address. */
static size_t line_upper_bound(Dwarf_Lines *lines, size_t n, uint64_t address)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        Dwarf_Addr at;

        if (dwarf_lineaddr(dwarf_onesrcline(lines, middle), &at) == 0 && at <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* True when a debugger would stop there: a statement of a line. */
static bool is_statement(Dwarf_Line *line)
{
    bool begins;
    int number;

    return dwarf_linebeginstatement(line, &begins) == 0 && begins &&
           dwarf_lineno(line, &number) == 0 && number > 0;
}

/* Of several rows at one address the last one is right (it belongs to the innermost function), but
 * a statement beats what is none: gdb's rule (find_pc_sect_line). */
static Dwarf_Line *find_line(Dwarf_Lines *lines, size_t n, uint64_t address)
{
    size_t end = line_upper_bound(lines, n, address);
    Dwarf_Addr at, other;
    bool ends;

    if (end == 0)
        return NULL;
    Dwarf_Line *best = dwarf_onesrcline(lines, end - 1);

    if (!best || dwarf_lineendsequence(best, &ends) != 0 || ends || dwarf_lineaddr(best, &at) != 0)
        return NULL;
    for (size_t i = end; i > 0; i--) {
        Dwarf_Line *line = dwarf_onesrcline(lines, i - 1);

        if (dwarf_lineaddr(line, &other) != 0 || other != at ||
            dwarf_lineendsequence(line, &ends) != 0 || ends)
            break;
        if (is_statement(line))
            return line;
    }
    return best;
}

static void locate_by_line(Dwarf_Die *unit_die, uint64_t address, const char *folder,
                           struct arena *a, struct source_frame *f)
{
    Dwarf_Lines *lines;
    size_t n;
    int line = 0, column = 0;

    if (dwarf_getsrclines(unit_die, &lines, &n) != 0)
        return;
    Dwarf_Line *row = find_line(lines, n, address);

    if (!row || dwarf_lineno(row, &line) != 0 || line <= 0)
        return;
    f->file = source_path(folder, dwarf_linesrc(row, NULL, NULL), a);
    f->line = (unsigned)line;
    if (dwarf_linecol(row, &column) == 0 && column > 0)
        f->column = (unsigned)column;
}

/* Where an inlined call stands in the function around it. */
static void locate_by_call(Dwarf_Die *unit_die, Dwarf_Die *call, const char *folder,
                           struct arena *a, struct source_frame *f)
{
    Dwarf_Files *files;
    size_t n;
    unsigned file = number_attribute(call, DW_AT_call_file);

    f->line = number_attribute(call, DW_AT_call_line);
    f->column = number_attribute(call, DW_AT_call_column);
    if (dwarf_getsrcfiles(unit_die, &files, &n) == 0 && file < n)
        f->file = source_path(folder, dwarf_filesrc(files, file, NULL, NULL), a);
}

size_t debug_index_find(struct debug_index *x, uint64_t address, struct arena *a,
                        struct source_frame ret[static SOURCE_FRAMES_MAX])
{
    const struct range *r = ranges_find(&x->by_unit, address);
    Dwarf_Die unit_die, function, chain[SOURCE_FRAMES_MAX];

    if (!r || !dwarf_offdie(x->dwarf, x->units[r->owner].die, &unit_die))
        return 0;
    const char *folder = string_attribute(&unit_die, DW_AT_comp_dir);
    size_t n = 1;

    ret[0] = (struct source_frame){0};
    locate_by_line(&unit_die, address, folder, a, &ret[0]);
    if (!find_function(x, &x->units[r->owner], &unit_die, address, &function))
        return ret[0].file ? 1 : 0;
    n = find_chain(&function, address, chain);
    for (size_t i = 0; i < n; i++) {
        Dwarf_Die *die = &chain[n - 1 - i];

        if (i > 0) {
            ret[i] = (struct source_frame){0};
            locate_by_call(&unit_die, &chain[n - i], folder, a, &ret[i]);
        }
        name_frame(die, &ret[i]);
    }
    return n;
}

bool debug_index_function(struct debug_index *x, uint64_t address, Dwarf_Die *ret)
{
    const struct range *r = ranges_find(&x->by_unit, address);
    Dwarf_Die unit_die;

    if (!r || !dwarf_offdie(x->dwarf, x->units[r->owner].die, &unit_die))
        return false;
    return find_function(x, &x->units[r->owner], &unit_die, address, ret);
}
