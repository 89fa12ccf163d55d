/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/unitlines.h"

#define COST_PER_BYTE 4u /* of a line table; see effort.h */

void unit_lines_init(struct unit_lines *l, struct info *x, bool keep_zero, struct index_writer *w)
{
    *l = (struct unit_lines){.info = x, .keep_zero = keep_zero, .writer = w};
}

void unit_lines_fini(struct unit_lines *l)
{
    unit_lines_end(l);
    offset_map_fini(&l->seen);
}

void unit_lines_end(struct unit_lines *l)
{
    line_files_fini(&l->files);
    l->files = (struct line_files){0};
    l->has_program = l->has_files = false;
}

/* Tables do not overlap, but who writes offsets may say so: a table is paid for by its length. */
static bool pay_for_table(struct unit_lines *l)
{
    const struct span *s = &l->info->dwarf->line;
    struct cursor c;
    uint64_t length;

    if (l->program.offset >= s->size)
        return false;
    c = cursor_of(s->data + l->program.offset, s->size - (size_t)l->program.offset);
    length = cursor_u32(&c);
    if (length == UINT32_MAX)
        length = cursor_u64(&c);
    if (length > cursor_left(&c))
        length = cursor_left(&c);
    return effort_spend(l->info->effort, COST_PER_BYTE * length);
}

static void read_table(struct unit_lines *l, bool rows)
{
    l->has_files = true;
    if (!pay_for_table(l))
        return;
    if (!lines_index(l->info->dwarf, &l->program, rows, l->keep_zero, l->writer, &l->files))
        index_writer_problem(l->writer, "a line table of its debug information is damaged");
}

void unit_lines_begin(struct unit_lines *l, const struct unit *u, const struct die *d)
{
    const struct form_value *v = die_value(d, SLOT_STMT_LIST);
    uint64_t offset;
    uint32_t unused;

    if (!v || !form_number(v, &offset))
        return;
    l->program = (struct line_program){
        .offset = offset,
        .folder = value_text(l->info, u, die_value(d, SLOT_COMP_DIR)),
        .name = value_text(l->info, u, die_value(d, SLOT_NAME)),
        .address_size = u->sizes.address,
    };
    l->has_program = true;
    if (d->abbrev->tag == DW_TAG_partial_unit || offset_map_get(&l->seen, offset, &unused))
        return;
    offset_map_add(&l->seen, offset, 0);
    read_table(l, true);
}

uint32_t unit_lines_file(struct unit_lines *l, const struct form_value *v)
{
    uint64_t i;

    if (!v || !l->has_program || !form_number(v, &i))
        return INDEX_NONE;
    if (!l->has_files)
        read_table(l, false);
    return i < l->files.n ? l->files.numbers[i] : INDEX_NONE;
}
