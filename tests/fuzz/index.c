/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index */
/* Any bytes as a module index: whatever opens can be asked for anything, and every answer lies
 * within the bytes. So that more than headers are tried, what begins with a byte that is odd gets a
 * header's fixed fields put right, and its sections cut to where there are bytes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "workerd/index/index.h"

#define ADDRESSES 64 /* that are asked for, besides those that the index itself names */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t sink; /* so that what is read is read */

/* --- A header that opens --- */

static void repair_section(struct index_extent *e, size_t size)
{
    const size_t largest_row = sizeof(struct index_segment);

    e->offset = (sizeof(struct index_header) + e->offset % size) & ~(uint64_t)7;
    if (e->offset > size)
        e->offset = size & ~(size_t)7;
    e->size %= size - e->offset + 1;
    if (e->size > largest_row * 6) /* of any row: a multiple of all sizes */
        e->size -= e->size % (largest_row * 6);
}

static void repair(uint8_t *data, size_t size)
{
    struct index_header *h = (struct index_header *)(void *)data;

    memcpy(h->magic, INDEX_MAGIC, sizeof h->magic);
    h->version = INDEX_VERSION;
    h->header_size = sizeof *h;
    h->file_size = size;
    h->n_sources %= INDEX_SOURCES_MAX + 1;
    h->build_id[sizeof h->build_id - 1] = '\0';
    for (size_t i = 0; i < INDEX_SECTIONS; i++)
        if (h->sections[i].offset % 8 != 0 || h->sections[i].offset > size ||
            h->sections[i].size > size - h->sections[i].offset)
            repair_section(&h->sections[i], size);
    const struct index_extent *strings = &h->sections[INDEX_STRINGS];

    if (strings->size > 0 && strings->offset >= sizeof *h)
        data[strings->offset] = data[strings->offset + strings->size - 1] = '\0';
}

/* --- Asking --- */

static void use_text(const struct index *x, const char *s)
{
    if (!s)
        return;
    assert((const uint8_t *)s > x->data && (const uint8_t *)s < x->data + x->size);
    sink += strlen(s);
}

static void use_bytes(const struct index *x, const struct cfi_expression *e)
{
    assert(e->size <= CFI_EXPRESSION_MAX);
    assert(e->size == 0 || (e->bytes >= x->data && e->bytes + e->size <= x->data + x->size));
    for (size_t i = 0; i < e->size; i++)
        sink += e->bytes[i];
}

static void ask_rule(const struct index *x, uint32_t address)
{
    struct cfi_rule r;

    if (!index_rule(x, address, &r))
        return;
    assert(r.n <= CFI_REGISTERS_MAX);
    use_bytes(x, &r.cfa_expression);
    for (size_t i = 0; i < r.n; i++) {
        assert(r.registers[i].kind <= CFI_VAL_EXPRESSION);
        use_bytes(x, &r.registers[i].expression);
    }
}

static void ask_functions(const struct index *x, uint32_t address)
{
    static struct index_function chain[INDEX_CHAIN_MAX];
    size_t n = index_functions(x, address, chain);

    assert(n <= INDEX_CHAIN_MAX);
    for (size_t i = 0; i < n; i++) {
        assert(chain[i].inlined == (i + 1 < n));
        use_text(x, chain[i].name);
        use_text(x, chain[i].call_folder);
        use_text(x, chain[i].call_file);
    }
}

static void ask_calls(const struct index *x, uint32_t address)
{
    struct index_callee callee;
    size_t n;
    const struct index_jump *jumps = index_jumps(x, address, &n);

    for (size_t i = 0; i < n; i++)
        sink += jumps[i].target;
    if (index_call(x, address, &callee))
        use_text(x, callee.symbol);
}

static void ask(const struct index *x, uint32_t address)
{
    struct index_symbol symbol;
    struct index_line line;

    ask_rule(x, address);
    ask_functions(x, address);
    ask_calls(x, address);
    if (index_symbol(x, address, &symbol))
        use_text(x, symbol.name);
    if (index_line(x, address, &line)) {
        assert(line.line > 0 && line.file);
        use_text(x, line.file);
        use_text(x, line.folder);
    }
}

static void ask_names(const struct index *x)
{
    static const char *const names[] = {"", "main", "memcpy", "__abort_msg", "zz"};
    uint64_t address;
    uint32_t start;
    size_t n;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        sink += index_entry(x, names[i], &start);
        sink += index_variable(x, names[i], &address);
    }
    const struct index_segment *s = index_segments(x, &n);

    for (size_t i = 0; i < n; i++)
        sink += s[i].vaddr;
    use_text(x, index_text(x, x->header->debug_problem));
    use_text(x, index_text(x, x->header->shared_id));
    sink += (size_t)index_status(x) + (size_t)index_verify(x);
}

/* Addresses of rows, and those beside them. */
static void ask_rows(const struct index *x, enum index_section section, size_t size)
{
    size_t n = x->sections[section].n, step = n / ADDRESSES + 1;
    uint32_t address;

    for (size_t i = 0; i < n; i += step) {
        memcpy(&address, x->sections[section].data + i * size, sizeof address);
        for (uint32_t k = 0; k < 3; k++)
            ask(x, address + k - 1);
    }
}

static void ask_all(const struct index *x)
{
    for (uint32_t i = 0; i < ADDRESSES; i++)
        ask(x, i * 7);
    ask(x, UINT32_MAX);
    ask_rows(x, INDEX_CFI_ROWS, sizeof(struct index_cfi_row));
    ask_rows(x, INDEX_SYMBOLS, sizeof(struct index_symbol_row));
    ask_rows(x, INDEX_SCOPE_BLOCKS, sizeof(struct index_block));
    ask_rows(x, INDEX_LINE_BLOCKS, sizeof(struct index_block));
    ask_rows(x, INDEX_CALLS, sizeof(struct index_call));
    ask_rows(x, INDEX_JUMPS, sizeof(struct index_jump));
    ask_names(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct index x;

    if (size == 0)
        return 0;
    uint8_t *copy = malloc(size); /* less one byte: the first says how it is tried */

    assert(copy);
    memcpy(copy, data + 1, size - 1);
    if (data[0] & 1 && size - 1 > sizeof(struct index_header))
        repair(copy, size - 1);
    uint8_t *exact = realloc(copy, size - 1 ? size - 1 : 1);

    assert(exact);
    if (index_open(exact, size - 1, &x) == 0)
        ask_all(&x);
    free(exact);
    return 0;
}
