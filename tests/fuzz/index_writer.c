/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index */
/* Any script of additions to an index writer: what it writes opens, is whole, and says at every
 * address what a naive reading of the same script says. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/index/index.h"
#include "workerd/index/writer.h"

#define BASE      0x400000u
#define ADDRESSES 300u /* that are used, from BASE on; a script names the first 256 */
#define MANY      256u /* additions of each sort */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct script {
    const uint8_t *p, *end;
};

static uint8_t next(struct script *s)
{
    return s->p < s->end ? *s->p++ : 0;
}

/* What was added, as it was added. */
struct cfi_fact {
    unsigned low, high, n;
    struct {
        unsigned address;
        int rule; /* the CFA's offset; -1: none */
    } rows[4];
};

struct symbol_fact {
    unsigned low, high;
    bool label;
    uint8_t rank;
    char name[4];
};

struct scope_fact {
    int parent; /* -1: a function */
    unsigned start, line;
    bool covers[ADDRESSES]; /* a function's code */
};

struct range_fact {
    unsigned scope, low, high;
};

struct line_fact {
    unsigned address, line;
    bool statement;
};

struct sequence_fact {
    struct line_fact rows[MANY];
    unsigned n, end;
};

struct facts {
    struct cfi_fact cfi[MANY];
    unsigned n_cfi;
    struct symbol_fact symbols[MANY];
    unsigned n_symbols;
    struct scope_fact scopes[MANY];
    unsigned n_scopes;
    struct range_fact ranges[MANY];
    unsigned n_ranges;
    struct sequence_fact sequences[MANY];
    unsigned n_sequences;
    bool open; /* the last sequence */
    unsigned n_lines;
};

static struct facts facts;

/* --- The script --- */

static void add_cfi(struct script *s, struct index_writer *w)
{
    struct index_writer_row rows[4];
    struct cfi_fact f = {.low = next(s), .n = 1 + next(s) % 4u};
    unsigned at = f.low;

    f.high = f.low + next(s) % 40u;
    for (unsigned i = 0; i < f.n; i++) {
        uint8_t byte = next(s);
        struct cfi_rule rule = {.cfa_register = 7, .cfa_offset = byte % 8, .return_column = 16};

        at += byte >> 5;
        f.rows[i].address = at;
        f.rows[i].rule = byte % 8 == 7 ? -1 : byte % 8;
        rows[i].address = BASE + at;
        rows[i].rule = f.rows[i].rule < 0 ? INDEX_NONE : index_writer_rule(w, &rule);
    }
    index_writer_cfi(w, BASE + f.low, BASE + f.high, rows, f.n);
    if (f.high > f.low && f.high < ADDRESSES)
        facts.cfi[facts.n_cfi++] = f;
}

static void add_symbol(struct script *s, struct index_writer *w)
{
    struct symbol_fact f = {.low = next(s)};
    uint8_t byte = next(s);

    f.label = byte & 1;
    f.rank = (uint8_t)((f.label ? 0 : 8) + (byte >> 1) % 3);
    f.high = f.label ? 256 : f.low + 1 + (byte >> 3);
    f.name[0] = (char)('a' + next(s) % 26);
    struct index_writer_symbol symbol = {BASE + f.low, BASE + f.high, f.label, f.rank, f.name};

    index_writer_symbol(w, &symbol);
    facts.symbols[facts.n_symbols++] = f;
}

static void add_scope(struct script *s, struct index_writer *w)
{
    uint8_t byte = next(s);
    unsigned number = facts.n_scopes, line = number + 1;
    struct scope_fact f = {.parent = -1, .start = next(s), .line = line};
    uint32_t made;

    if (byte % 3 == 0 || number == 0) {
        made = index_writer_function(w, BASE + f.start, NULL, "f");
    } else {
        f.parent = (int)(byte % number);
        made = index_writer_inlined(w, (uint32_t)f.parent, "g", NULL, INDEX_NONE, line, 0);
    }
    if (made != number) /* too deep */
        return;
    facts.scopes[facts.n_scopes++] = f;
}

static void add_range(struct script *s, struct index_writer *w)
{
    unsigned scope = next(s), low = next(s), high = low + next(s) % 64u;

    if (scope >= facts.n_scopes || high >= ADDRESSES)
        return;
    index_writer_range(w, scope, BASE + low, BASE + high);
    facts.ranges[facts.n_ranges++] = (struct range_fact){scope, low, high};
    for (; low < high; low++)
        facts.scopes[scope].covers[low] = true;
}

static void close_sequence(unsigned end)
{
    if (facts.open)
        facts.sequences[facts.n_sequences - 1].end = end;
    facts.open = false;
}

static void remember_line(unsigned address, unsigned line, unsigned flags)
{
    struct sequence_fact *q = facts.n_sequences ? &facts.sequences[facts.n_sequences - 1] : NULL;

    if (facts.open && address < q->rows[q->n - 1].address)
        close_sequence(q->rows[q->n - 1].address);
    if (flags & LINE_END) {
        close_sequence(address);
        return;
    }
    if (!facts.open) {
        q = &facts.sequences[facts.n_sequences++];
        q->n = 0;
        facts.open = true;
    }
    q->rows[q->n++] = (struct line_fact){address, line, flags & LINE_STATEMENT};
}

static void add_lines(struct script *s, struct index_writer *w)
{
    unsigned n = next(s) % 8u, address = next(s);
    uint32_t file = index_writer_file(w, "/folder", "file");

    for (unsigned i = 0; i <= n && facts.n_lines++ < MANY; i++) {
        uint8_t byte = next(s);
        unsigned line = byte % 4, flags = byte >> 2 & LINE_STATEMENT;

        if (i == n && byte != 0xff)
            flags = LINE_END;
        index_writer_line(w, BASE + address, file, line, 0, flags);
        remember_line(address, line, flags);
        address += (byte >> 3) % 8u;
        if (byte == 0x7f)
            address /= 2;
    }
}

static void run(struct script *s, struct index_writer *w)
{
    struct index_segment segment = {.vaddr = BASE, .memsz = 4096};

    index_writer_segment(w, &segment);
    for (unsigned i = 0; s->p < s->end && i < MANY; i++) {
        switch (next(s) % 8) {
        case 0:
            add_cfi(s, w);
            break;
        case 1:
        case 2:
            add_symbol(s, w);
            break;
        case 3:
            add_scope(s, w);
            break;
        case 4:
        case 5:
            add_range(s, w);
            break;
        default:
            add_lines(s, w);
        }
    }
    if (facts.open) {
        const struct sequence_fact *q = &facts.sequences[facts.n_sequences - 1];

        close_sequence(q->rows[q->n - 1].address);
    }
}

/* --- A naive reading --- */

/* The CFA's offset; -1. */
static int rule_at(unsigned address)
{
    for (unsigned i = 0; i < facts.n_cfi; i++) {
        const struct cfi_fact *f = &facts.cfi[i];
        int rule = -1;

        if (address < f->low || address >= f->high)
            continue;
        for (unsigned k = 0; k < f->n && f->rows[k].address <= address; k++)
            rule = f->rows[k].rule;
        return rule;
    }
    return -1;
}

static bool symbol_before(const struct symbol_fact *a, const struct symbol_fact *b)
{
    if (a->low != b->low)
        return a->low < b->low;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    if (strcmp(a->name, b->name) != 0)
        return strcmp(a->name, b->name) > 0;
    return a->high > b->high;
}

/* symbol_table_find of workerd/reference, without a limit to how far it looks back. */
static const struct symbol_fact *symbol_at(unsigned address)
{
    const struct symbol_fact *label = NULL, *best = NULL, *last_function = NULL;

    for (unsigned i = 0; i < facts.n_symbols; i++) {
        const struct symbol_fact *s = &facts.symbols[i];

        if (s->low > address)
            continue;
        if (!s->label && (!last_function || symbol_before(last_function, s)))
            last_function = s;
        if (!s->label && address < s->high && (!best || symbol_before(best, s)))
            best = s;
    }
    for (unsigned i = 0; i < facts.n_symbols; i++) {
        const struct symbol_fact *s = &facts.symbols[i];

        if (s->label && s->low <= address && address < s->high &&
            (!last_function || symbol_before(last_function, s)) &&
            (!label || symbol_before(label, s)))
            label = s;
    }
    return best ? best : label;
}

/* The piece of a function's code around the address; false when it has none there. */
static bool piece_at(int function, unsigned address, unsigned *ret_low, unsigned *ret_high)
{
    const bool *covers = facts.scopes[function].covers;
    unsigned low = address, high = address;

    if (!covers[address])
        return false;
    while (low > 0 && covers[low - 1])
        low--;
    while (high < ADDRESSES && covers[high])
        high++;
    *ret_low = low;
    *ret_high = high;
    return true;
}

static int function_at(unsigned address)
{
    unsigned low, high, best_low = 0, best_high = 0;
    int best = -1;

    for (int i = 0; i < (int)facts.n_scopes; i++) {
        if (facts.scopes[i].parent >= 0 || !piece_at(i, address, &low, &high))
            continue;
        if (best < 0 || low > best_low || (low == best_low && high <= best_high)) {
            best = i;
            best_low = low;
            best_high = high;
        }
    }
    return best;
}

/* Whether the inlined call's range holds the address: what lies in the function's first piece of
 * code there. */
static bool in_range(const struct range_fact *r, int function, unsigned address)
{
    const bool *covers = facts.scopes[function].covers;
    unsigned at = r->low;

    if (address < r->low || address >= r->high)
        return false;
    while (at < address && !covers[at])
        at++;
    while (at < address && covers[at])
        at++;
    return at == address;
}

static bool in_scope(int scope, int function, unsigned address)
{
    if (scope == function)
        return true;
    for (unsigned i = 0; i < facts.n_ranges; i++)
        if ((int)facts.ranges[i].scope == scope && in_range(&facts.ranges[i], function, address))
            return true;
    return false;
}

/* The innermost one below, a walk down the tree: of the children, in order, the first below which
 * (or in which) the address lies. */
static int innermost(int scope, int function, unsigned address)
{
    for (int i = scope + 1; i < (int)facts.n_scopes; i++) {
        if (facts.scopes[i].parent != scope)
            continue;
        int found = innermost(i, function, address);

        if (found >= 0)
            return found;
    }
    return in_scope(scope, function, address) ? scope : -1;
}

static unsigned line_in(const struct sequence_fact *q, unsigned address)
{
    unsigned at = 0, line = 0;
    bool statement = false;

    for (unsigned i = 0; i < q->n && q->rows[i].address <= address; i++)
        at = q->rows[i].address;
    for (unsigned i = 0; i < q->n; i++) {
        const struct line_fact *r = &q->rows[i];
        bool is_statement = r->statement && r->line > 0;

        if (r->address == at && (is_statement || !statement)) {
            line = r->line;
            statement = is_statement;
        }
    }
    return line;
}

/* 0: none. */
static unsigned line_at(unsigned address)
{
    const struct sequence_fact *best = NULL;

    for (unsigned i = 0; i < facts.n_sequences; i++) {
        const struct sequence_fact *q = &facts.sequences[i];
        unsigned low = q->rows[0].address;

        if (address < low || address >= q->end)
            continue;
        if (!best || low > best->rows[0].address ||
            (low == best->rows[0].address && q->end < best->end))
            best = q;
    }
    return best ? line_in(best, address) : 0;
}

/* --- Both --- */

static void check_rule(const struct index *x, unsigned address)
{
    struct cfi_rule rule;
    int expected = rule_at(address);
    bool found = index_rule(x, address, &rule);

    assert(found == (expected >= 0));
    assert(!found || (rule.cfa_offset == expected && rule.cfa_register == 7));
}

static void check_symbol(const struct index *x, unsigned address)
{
    const struct symbol_fact *expected = symbol_at(address);
    struct index_symbol found;

    assert(index_symbol(x, address, &found) == (expected != NULL));
    assert(!expected || (found.start == expected->low && !strcmp(found.name, expected->name)));
}

static void check_functions(const struct index *x, unsigned address)
{
    static struct index_function chain[INDEX_CHAIN_MAX];
    int function = function_at(address);
    int expected = function < 0 ? -1 : innermost(function, function, address);
    size_t n = index_functions(x, address, chain);

    for (size_t i = 0; i < n; i++) {
        const struct scope_fact *f = &facts.scopes[expected];

        assert(expected >= 0 && chain[i].inlined == (f->parent >= 0));
        assert(chain[i].inlined ? chain[i].call_line == f->line : chain[i].start == f->start);
        expected = f->parent;
    }
    assert(expected == -1);
}

static void check_line(const struct index *x, unsigned address)
{
    struct index_line found;
    unsigned expected = line_at(address);

    assert(index_line(x, address, &found) == (expected > 0));
    assert(!expected || (found.line == expected && strcmp(found.file, "file") == 0));
}

static void check(const void *data, size_t size)
{
    struct index x;

    assert(index_open(data, size, &x) == 0);
    assert(index_verify(&x) == 0);
    for (unsigned address = 0; address < ADDRESSES; address++) {
        check_rule(&x, address);
        check_symbol(&x, address);
        check_functions(&x, address);
        check_line(&x, address);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_buf_ struct buf b = BUF_INIT(INDEX_SIZE_MAX);
    struct index_writer *w = index_writer_new();
    struct script s = {data, data + size};

    assert(w);
    facts.n_cfi = facts.n_symbols = facts.n_scopes = facts.n_ranges = 0;
    facts.n_sequences = facts.n_lines = 0;
    facts.open = false;
    run(&s, w);
    assert(index_writer_finish(w, &b) == 0);
    check(b.data, b.len);
    index_writer_free(w);
    return 0;
}
