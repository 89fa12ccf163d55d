/* SPDX-License-Identifier: Apache-2.0 */
/* All units, one after the other, each from its first DIE to its last: no DIE is gone back to but
 * those that others refer to. On the way down a stack tells which function, and which inlined call
 * in it, what comes next belongs to. Functions are wherever a compiler puts them: in namespaces,
 * types, other functions, partial units. */
#include "workerd/indexer/dwarf.h"

#include "common/base/cleanup.h"
#include "workerd/indexer/coderanges.h"
#include "workerd/indexer/info.h"
#include "workerd/indexer/names.h"
#include "workerd/indexer/unitlines.h"

#define DEPTH_MAX 1024u /* of DIEs in DIEs; deeper ones belong to no function */

static const char damaged[] = "a unit of its debug information is damaged";
static const char split[] = "its debug information is split: functions are in .dwo files, which "
                            "are not read";
static const char too_much[] = "its debug information refers to itself too often";

/* What the children of a DIE belong to. */
struct level {
    uint32_t scope;   /* function or inlined call; INDEX_NONE: neither */
    bool in_function; /* that has code */
    uint64_t start;   /* of that function */
};

struct walk {
    struct info *info;
    struct unit *unit;
    struct index_writer *writer;
    struct unit_lines lines;
    struct code_ranges ranges;
    struct die die;
    struct level levels[DEPTH_MAX];
    size_t depth;  /* of the DIE that is read; levels[depth] is what it belongs to */
    size_t deeper; /* than the stack */
};

static void add_ranges(struct walk *w, uint32_t scope)
{
    for (size_t i = 0; i < w->ranges.n; i++)
        index_writer_range(w->writer, scope, w->ranges.list[i].low, w->ranges.list[i].high);
}

/* Where a function is entered: the list of its pieces begins with the one that has the entry. */
static uint64_t entry_of(const struct walk *w)
{
    uint64_t entry;

    if (value_address(w->info, w->unit, die_value(&w->die, SLOT_ENTRY_PC), &entry) ||
        value_address(w->info, w->unit, die_value(&w->die, SLOT_LOW_PC), &entry))
        return entry;
    return w->ranges.list[0].low;
}

static struct level add_function(struct walk *w)
{
    struct level inner = {.scope = INDEX_NONE};

    code_ranges_read(&w->ranges, w->info, w->unit, &w->die);
    if (w->ranges.n == 0)
        return inner;
    struct names n = names_of_die(w->info, w->unit, &w->die);

    inner.in_function = true;
    inner.start = entry_of(w);
    inner.scope = index_writer_function(w->writer, inner.start, n.linkage, n.full);
    add_ranges(w, inner.scope);
    return inner;
}

static struct level add_inlined(struct walk *w, struct level around)
{
    struct level inner = around;

    /* Without its place nobody could say where the function around it stands: gdb takes such a call
     * for a block of that function (dwarf2/read.c, read_func_scope). */
    if (!die_value(&w->die, SLOT_CALL_FILE) || !die_value(&w->die, SLOT_CALL_LINE))
        return around;
    inner.scope = INDEX_NONE;
    if (around.scope == INDEX_NONE)
        return inner;
    code_ranges_read(&w->ranges, w->info, w->unit, &w->die);
    if (w->ranges.n == 0)
        return inner;
    struct names n = names_of_die(w->info, w->unit, &w->die);
    uint32_t file = unit_lines_file(&w->lines, die_value(&w->die, SLOT_CALL_FILE));

    inner.scope = index_writer_inlined(w->writer, around.scope, n.linkage, n.full, file,
                                       value_number(die_value(&w->die, SLOT_CALL_LINE)),
                                       value_number(die_value(&w->die, SLOT_CALL_COLUMN)));
    add_ranges(w, inner.scope);
    return inner;
}

/* DWARF 5's attribute, or the one that GCC used before it. */
static const struct form_value *either(const struct die *d, enum die_slot slot, enum die_slot older)
{
    const struct form_value *v = die_value(d, slot);

    return v ? v : die_value(d, older);
}

/* A call through a pointer has no origin: nothing tells where it goes. */
static void add_call(struct walk *w, const struct level *around)
{
    const struct form_value *tail = die_value(&w->die, SLOT_TAIL_CALL);
    uint64_t return_pc;

    if (!around->in_function ||
        !value_address(w->info, w->unit, either(&w->die, SLOT_RETURN_PC, SLOT_LOW_PC), &return_pc))
        return;
    struct names n = names_of_reference(w->info, w->unit,
                                        either(&w->die, SLOT_CALL_ORIGIN, SLOT_ABSTRACT_ORIGIN));
    const struct index_writer_call call = {
        .function = around->start,
        .return_address = return_pc,
        .callee = n.start,
        .symbol = n.linkage ? n.linkage : n.plain,
        .jump = tail && tail->number != 0,
    };

    index_writer_call(w->writer, &call);
}

/* Moves behind all that is in the DIE, if it says where that ends. */
static bool pass_children(struct walk *w, struct cursor *c)
{
    struct info *info;
    uint64_t sibling, here = (uint64_t)(c->p - w->info->dwarf->info.data);

    if (!value_reference(w->info, w->unit, die_value(&w->die, SLOT_SIBLING), &info, &sibling) ||
        info != w->info || sibling <= here || sibling > w->unit->end)
        return false;
    cursor_bytes(c, sibling - here);
    return true;
}

static void enter(struct walk *w, struct level inner)
{
    if (w->depth + 1 < DEPTH_MAX)
        w->levels[++w->depth] = inner;
    else
        w->deeper++;
}

static void leave(struct walk *w)
{
    if (w->deeper > 0)
        w->deeper--;
    else if (w->depth > 0)
        w->depth--;
}

/* One DIE: what it is, and what its children belong to. */
static void visit(struct walk *w, const struct abbrev *a, struct cursor *c)
{
    struct level around = w->deeper ? (struct level){.scope = INDEX_NONE} : w->levels[w->depth];
    struct level inner = around;

    if (a->kind == DIE_OTHER || a->kind == DIE_SPACE || a->kind == DIE_UNIT)
        die_skip(w->unit, a, c);
    else
        die_read(w->unit, a, c, &w->die);
    if (c->bad)
        return;
    if (a->kind == DIE_FUNCTION)
        inner = add_function(w);
    else if (a->kind == DIE_INLINED)
        inner = add_inlined(w, around);
    else if (a->kind == DIE_CALL)
        add_call(w, &around);
    if (!a->children)
        return;
    if ((a->kind == DIE_CALL || a->kind == DIE_PASSED) && pass_children(w, c))
        return;
    enter(w, inner);
}

static void walk_dies(struct walk *w)
{
    const uint8_t *info = w->info->dwarf->info.data;
    struct cursor c = cursor_of(info + w->unit->first, (size_t)(w->unit->end - w->unit->first));

    w->depth = w->deeper = 0;
    w->levels[0] = (struct level){.scope = INDEX_NONE};
    do {
        const struct abbrev *a = die_abbrev(w->unit, &c);

        if (a)
            visit(w, a, &c);
        else
            leave(w);
    } while (!c.bad && w->depth > 0 && cursor_left(&c) > 0);
    if (c.bad)
        index_writer_problem(w->writer, damaged);
}

/* --- Units --- */

/* The unit's own DIE. */
static bool read_unit_die(struct walk *w)
{
    const uint8_t *info = w->info->dwarf->info.data;
    struct cursor c = cursor_of(info + w->unit->first, (size_t)(w->unit->end - w->unit->first));
    const struct abbrev *a = die_abbrev(w->unit, &c);

    if (!a || a->kind != DIE_UNIT)
        return !c.bad;
    die_read(w->unit, a, &c, &w->die);
    if (die_value(&w->die, SLOT_DWO_NAME))
        index_writer_problem(w->writer, split);
    unit_lines_begin(&w->lines, w->unit, &w->die);
    return !c.bad;
}

static void walk_unit(struct walk *w, struct unit *u)
{
    if (u->type != DW_UT_compile && u->type != DW_UT_partial && u->type != DW_UT_skeleton)
        return;
    w->unit = u;
    if (info_open(w->info, u) && read_unit_die(w))
        walk_dies(w);
    else
        index_writer_problem(w->writer, damaged);
    unit_lines_end(&w->lines);
}

/* --- The file --- */

static uint64_t size_of(const struct dwarf *d)
{
    return d->info.size + d->abbrev.size + d->str.size + d->line.size + d->line_str.size +
           d->ranges.size + d->rnglists.size + d->addr.size + d->str_offsets.size;
}

static void walk_file(struct info *x, bool keep_zero, struct index_writer *w)
{
    struct walk walk = {.info = x, .writer = w, .ranges.keep_zero = keep_zero};

    unit_lines_init(&walk.lines, x, keep_zero, w);
    for (size_t i = 0; i < x->n; i++)
        walk_unit(&walk, &x->units[i]);
    unit_lines_fini(&walk.lines);
    code_ranges_fini(&walk.ranges);
}

void dwarf_index(const struct dwarf *d, bool keep_zero, struct index_writer *w)
{
    uint64_t bytes = size_of(d) + (d->shared ? size_of(d->shared) : 0);
    struct effort e = {.left = EFFORT_LEAST + EFFORT_PER_BYTE * bytes};
    _cleanup_(info_fini) struct info shared = {0};
    _cleanup_(info_fini) struct info x = {0};

    if (d->shared)
        info_init(&shared, d->shared, ABBREV_FUNCTIONS, NULL, &e);
    info_init(&x, d, ABBREV_FUNCTIONS, d->shared ? &shared : NULL, &e);
    if (x.flaw)
        index_writer_problem(w, x.flaw);
    walk_file(&x, keep_zero, w);
    if (e.spent)
        index_writer_problem(w, too_much);
}
