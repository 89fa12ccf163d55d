/* SPDX-License-Identifier: Apache-2.0 */
/* Line programs (DWARF 5 section 6.2.5) to rows. The rows of a sequence are gathered first: only at
 * its end is it known to be one that counts. The operators that advance address and line at once,
 * nine of ten, are computed once for each table. */
#include "workerd/indexer/dwarf.h"

#include <dwarf.h>
#include <stdlib.h>

#include "workerd/indexer/linetable.h"

#define LINE_SEQUENCE_MAX (4u * 1024 * 1024) /* rows of one sequence */

struct line_row {
    uint64_t address;
    uint32_t file, line, column;
    uint32_t flags; /* enum index_line_flag */
};

/* What an opcode that is no standard one does. */
struct line_step {
    uint32_t operations; /* to advance */
    int32_t line;
};

struct line_machine {
    struct line_table *table;
    bool keep_zero;
    struct line_step steps[256];
    struct line_row row; /* the registers */
    uint32_t operation;  /* within an instruction word of several */
    struct line_row *rows;
    size_t n, capacity;
    bool ordered, complete; /* addresses rise; no row was left out */
};

static void begin_sequence(struct line_machine *m)
{
    m->row = (struct line_row){
        .file = 1, .line = 1, .flags = m->table->is_statement ? LINE_STATEMENT : 0};
    m->operation = 0;
    m->n = 0;
    m->ordered = m->complete = true;
}

static bool reserve_row(struct line_machine *m)
{
    size_t capacity = m->capacity ? 2 * m->capacity : 1024;
    struct line_row *rows =
        capacity > LINE_SEQUENCE_MAX ? NULL : reallocarray(m->rows, capacity, sizeof *rows);

    if (!rows)
        return false;
    m->rows = rows;
    m->capacity = capacity;
    return true;
}

static void add_row(struct line_machine *m)
{
    if (m->n == m->capacity && !reserve_row(m)) {
        m->complete = false;
        return;
    }
    if (m->n > 0 && m->row.address < m->rows[m->n - 1].address)
        m->ordered = false;
    m->rows[m->n++] = m->row;
}

/* Code that the linker threw away stands at 0, or at the largest addresses (lld). */
static bool is_discarded(const struct line_machine *m, uint64_t address)
{
    uint64_t top = m->table->unit->address_size == 4 ? UINT32_MAX : UINT64_MAX;

    return (address == 0 && !m->keep_zero) || address >= top - 1;
}

/* A row of line 0 stands for code of no line. It ends nothing: as in gdb, the line before goes on
 * (dwarf2/read.c, record_line). */
static void end_sequence(struct line_machine *m)
{
    const struct line_files *files = &m->table->files;

    m->row.flags |= LINE_END;
    add_row(m);
    if (!m->ordered || !m->complete || is_discarded(m, m->rows[0].address))
        return;
    for (size_t i = 0; i < m->n; i++) {
        const struct line_row *r = &m->rows[i];

        if (r->line == 0 && !(r->flags & LINE_END))
            continue;
        index_writer_line(m->table->writer, r->address,
                          r->file < files->n ? files->numbers[r->file] : INDEX_NONE, r->line,
                          r->column, r->flags);
    }
}

static void advance(struct line_machine *m, uint64_t operations)
{
    const struct line_table *t = m->table;

    if (t->max_operations > 1) {
        operations += m->operation;
        m->operation = (uint32_t)(operations % t->max_operations);
        operations /= t->max_operations;
    }
    m->row.address += operations * t->min_length;
}

static void set_statement(struct line_machine *m, bool is_statement)
{
    m->row.flags = is_statement ? LINE_STATEMENT : 0;
}

static void run_define_file(struct line_machine *m, struct cursor *c)
{
    const char *name = cursor_text(c);
    uint64_t folder = cursor_uleb(c);

    if (name && !c->bad)
        line_table_add_file(m->table, name, folder);
}

/* Those that are not known are passed over by their length. */
static bool run_extended(struct line_machine *m, struct cursor *c)
{
    uint64_t length = cursor_uleb(c);
    const uint8_t *p = cursor_bytes(c, length);
    struct cursor operands = cursor_of(p, p ? length : 0);
    uint8_t opcode = cursor_u8(&operands);

    if (operands.bad)
        return false;
    if (opcode == DW_LNE_end_sequence) {
        end_sequence(m);
        begin_sequence(m);
    } else if (opcode == DW_LNE_set_address && length - 1 <= sizeof m->row.address) {
        m->row.address = cursor_number(&operands, length - 1);
        m->operation = 0;
    } else if (opcode == DW_LNE_define_file) {
        run_define_file(m, &operands);
    }
    return true;
}

/* One that is beyond those of DWARF 5. */
static void skip_standard(const struct line_table *t, uint8_t opcode, struct cursor *c)
{
    for (uint8_t i = t->operand_counts[opcode - 1]; i > 0; i--)
        cursor_uleb(c);
}

static void run_standard(struct line_machine *m, uint8_t opcode, struct cursor *c)
{
    switch (opcode) {
    case DW_LNS_copy:
        add_row(m);
        break;
    case DW_LNS_advance_pc:
        advance(m, cursor_uleb(c));
        break;
    case DW_LNS_advance_line:
        m->row.line += (uint32_t)cursor_sleb(c);
        break;
    case DW_LNS_set_file: {
        uint64_t file = cursor_uleb(c);

        m->row.file = file < INDEX_NONE ? (uint32_t)file : INDEX_NONE;
        break;
    }
    case DW_LNS_set_column:
        m->row.column = (uint32_t)cursor_uleb(c);
        break;
    case DW_LNS_negate_stmt:
        set_statement(m, !(m->row.flags & LINE_STATEMENT));
        break;
    case DW_LNS_const_add_pc:
        advance(m, m->steps[255].operations);
        break;
    case DW_LNS_fixed_advance_pc:
        m->row.address += cursor_u16(c);
        m->operation = 0;
        break;
    default: /* basic blocks, prologues, instruction sets */
        skip_standard(m->table, opcode, c);
    }
}

static bool run(struct line_machine *m)
{
    struct cursor c = m->table->program;
    unsigned base = m->table->opcode_base;

    begin_sequence(m);
    while (c.p < c.end) {
        uint8_t opcode = *c.p++;

        if (opcode >= base) {
            advance(m, m->steps[opcode].operations);
            m->row.line += (uint32_t)m->steps[opcode].line;
            add_row(m);
        } else if (opcode == 0) {
            if (!run_extended(m, &c))
                return false;
        } else {
            run_standard(m, opcode, &c);
        }
    }
    return !c.bad && m->n == 0;
}

static void fill_steps(struct line_machine *m)
{
    const struct line_table *t = m->table;

    for (unsigned i = t->opcode_base; i < 256; i++) {
        unsigned adjusted = i - t->opcode_base;

        m->steps[i].operations = adjusted / t->line_range;
        m->steps[i].line = t->line_base + (int32_t)(adjusted % t->line_range);
    }
    m->steps[255].operations = (255u - t->opcode_base) / t->line_range;
}

bool lines_index(const struct dwarf *d, const struct line_program *p, bool rows, bool keep_zero,
                 struct index_writer *w, struct line_files *ret)
{
    struct line_table table;
    struct line_machine m = {.table = &table, .keep_zero = keep_zero};
    bool good = line_table_read(d, p, w, &table);

    if (good && rows) {
        fill_steps(&m);
        good = run(&m);
    }
    free(m.rows);
    *ret = table.files;
    table.files = (struct line_files){0};
    line_table_fini(&table);
    return good;
}

void line_files_fini(struct line_files *f)
{
    free(f->numbers);
    *f = (struct line_files){0};
}
