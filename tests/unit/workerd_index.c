/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index */
/* What a writer was told is what its index says; one that is damaged says so. Resolving of overlaps
 * is tried at length by tests/fuzz/index_writer.c. */
#include "workerd/index/index.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"
#include "workerd/index/checksum.h"
#include "workerd/index/writer.h"

#define BASE 0x555000u

struct fixture {
    struct index_writer *writer;
    struct buf bytes;
    struct index index;
};

static void fixture_init(struct fixture *f)
{
    const struct index_segment low = {.vaddr = BASE + 0x123, .memsz = 0x1000, .flags = 4};
    const struct index_segment high = {.vaddr = BASE + 0x2000, .memsz = 0x9000, .flags = 5};

    *f = (struct fixture){.writer = index_writer_new()};
    ck_assert_ptr_nonnull(f->writer);
    index_writer_segment(f->writer, &high);
    index_writer_segment(f->writer, &low);
    buf_init(&f->bytes, INDEX_SIZE_MAX);
}

static void fixture_fini(struct fixture *f)
{
    index_writer_free(f->writer);
    buf_fini(&f->bytes);
}

#define _fixture_ _cleanup_(fixture_fini)

static const struct index *finish(struct fixture *f)
{
    ck_assert_int_eq(index_writer_finish(f->writer, &f->bytes), 0);
    ck_assert_int_eq(index_open(f->bytes.data, f->bytes.len, &f->index), 0);
    ck_assert_int_eq(index_verify(&f->index), 0);
    return &f->index;
}

START_TEST(checksums)
{
    static const struct {
        const char *text;
        uint64_t hash; /* of xxhsum(1) -H64 */
    } known[] = {
        {"", 0xef46db3751d8e999},
        {"a", 0xd24ec4f1a98c6e5b},
        {"abc", 0x44bc2cf5ad770999},
        {"Nobody inspects the spammish repetition", 0xfbcea83c8a378bf1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        size_t n = strlen(known[i].text);

        ck_assert_uint_eq(xxh64(known[i].text, n, 0), known[i].hash);
        for (size_t cut = 0; cut <= n; cut++) {
            struct xxh64 x;

            xxh64_begin(&x, 0);
            xxh64_add(&x, known[i].text, cut);
            xxh64_add(&x, known[i].text + cut, n - cut);
            ck_assert_uint_eq(xxh64_end(&x), known[i].hash);
        }
    }
}
END_TEST

START_TEST(header)
{
    _fixture_ struct fixture f;
    const struct index_source source = {.kind = INDEX_SOURCE_DEBUGINFO, .size = 5};
    size_t n;

    fixture_init(&f);
    index_writer_identity(f.writer, 62, true, "abc123");
    index_writer_source(f.writer, &source);
    index_writer_flags(f.writer, INDEX_HAS_CFI);
    index_writer_flags(f.writer, INDEX_HAS_SYMBOLS);
    index_writer_problem(f.writer, "the first");
    index_writer_problem(f.writer, "the second");
    index_writer_shared_id(f.writer, "fe01");
    const struct index *x = finish(&f);

    ck_assert_str_eq(x->header->build_id, "abc123");
    ck_assert_uint_eq(x->header->base, BASE);
    ck_assert_uint_eq(x->header->machine, 62);
    ck_assert_uint_eq(x->header->n_sources, 1);
    ck_assert_uint_eq(x->header->sources[0].size, 5);
    ck_assert_int_eq(index_status(x), MODULE_SYMBOLS);
    ck_assert_str_eq(index_text(x, x->header->debug_problem), "the first");
    ck_assert_str_eq(index_text(x, x->header->shared_id), "fe01");
    ck_assert_ptr_null(index_text(x, 0));
    ck_assert_ptr_null(index_text(x, UINT32_MAX));
    const struct index_segment *s = index_segments(x, &n);

    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(s[1].vaddr, BASE + 0x123);
}
END_TEST

static uint32_t rule(struct index_writer *w, int64_t offset)
{
    const struct cfi_rule r = {.return_column = 16, .cfa_register = 7, .cfa_offset = offset};

    return index_writer_rule(w, &r);
}

/* The CFA's offset; -1. */
static int64_t offset_at(const struct index *x, uint32_t address)
{
    struct cfi_rule r;

    return index_rule(x, address, &r) ? r.cfa_offset : -1;
}

START_TEST(rules)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    struct index_writer *w = f.writer;
    const struct index_writer_row first[] = {{BASE + 0x100, rule(w, 8)},
                                             {BASE + 0x110, rule(w, 16)},
                                             {BASE + 0x110, rule(w, 24)},
                                             {BASE + 0x120, INDEX_NONE}};
    const struct index_writer_row second[] = {{BASE + 0x90, rule(w, 80)},
                                              {BASE + 0x118, rule(w, 96)}};

    ck_assert_uint_eq(rule(w, 8), first[0].rule); /* each once */
    index_writer_cfi(w, BASE + 0x100, BASE + 0x128, first, ARRAY_SIZE(first));
    index_writer_cfi(w, BASE + 0x90, BASE + 0x130, second, ARRAY_SIZE(second));
    index_writer_cfi(w, 0x10, 0x20, first, 1); /* below the base */
    const struct index *x = finish(&f);

    ck_assert_int_eq(offset_at(x, 0x8f), -1);
    ck_assert_int_eq(offset_at(x, 0x90), 80);
    ck_assert_int_eq(offset_at(x, 0x100), 8);
    ck_assert_int_eq(offset_at(x, 0x110), 24);
    ck_assert_int_eq(offset_at(x, 0x11f), 24);
    ck_assert_int_eq(offset_at(x, 0x127), -1); /* the first says so */
    ck_assert_int_eq(offset_at(x, 0x128), 96);
    ck_assert_int_eq(offset_at(x, 0x130), -1);
}
END_TEST

static void add_symbol(struct index_writer *w, unsigned low, unsigned high, uint8_t rank,
                       const char *name)
{
    const struct index_writer_symbol s = {BASE + low, BASE + high, rank < 8, rank, name};

    index_writer_symbol(w, &s);
}

static const char *symbol_at(const struct index *x, uint32_t address)
{
    struct index_symbol s;

    return index_symbol(x, address, &s) ? s.name : "-";
}

START_TEST(symbols)
{
    _fixture_ struct fixture f;

    fixture_init(&f);
    add_symbol(f.writer, 0x100, 0x200, 12, "outer");
    add_symbol(f.writer, 0x120, 0x130, 12, "inner");
    add_symbol(f.writer, 0x110, 0x900, 0, "label_within"); /* its section's end */
    add_symbol(f.writer, 0x210, 0x900, 0, "label");
    add_symbol(f.writer, 0x300, 0x310, 12, "zeta");
    add_symbol(f.writer, 0x300, 0x310, 12, "alpha");
    add_symbol(f.writer, 0x300, 0x310, 13, "global");
    add_symbol(f.writer, 0x320, 0x330, 12, "beta");
    add_symbol(f.writer, 0x320, 0x330, 12, "aleph");
    const struct index *x = finish(&f);

    ck_assert_str_eq(symbol_at(x, 0xff), "-");
    ck_assert_str_eq(symbol_at(x, 0x110), "outer");
    ck_assert_str_eq(symbol_at(x, 0x12f), "inner");
    ck_assert_str_eq(symbol_at(x, 0x130), "outer");
    ck_assert_str_eq(symbol_at(x, 0x205), "-"); /* a function has ended between it and the label */
    ck_assert_str_eq(symbol_at(x, 0x2ff), "label");
    ck_assert_str_eq(symbol_at(x, 0x300), "global");
    ck_assert_str_eq(symbol_at(x, 0x310), "-");
    ck_assert_str_eq(symbol_at(x, 0x320), "aleph");
}
END_TEST

START_TEST(functions)
{
    _fixture_ struct fixture f;
    struct index_function chain[INDEX_CHAIN_MAX];

    fixture_init(&f);
    struct index_writer *w = f.writer;
    uint32_t file = index_writer_file(w, "/src", "a.c");
    uint32_t main = index_writer_function(w, BASE + 0x100, NULL, "main");
    uint32_t outer = index_writer_inlined(w, main, "_Z1gv", "g", file, 12, 3);
    uint32_t inner = index_writer_inlined(w, outer, NULL, "h", INDEX_NONE, 0, 0);

    ck_assert_uint_eq(index_writer_file(w, "/src", "a.c"), file);
    index_writer_range(w, main, BASE + 0x100, BASE + 0x200);
    index_writer_range(w, main, BASE + 0x800, BASE + 0x810); /* its cold part */
    index_writer_range(w, outer, BASE + 0x110, BASE + 0x120);
    index_writer_range(w, inner, BASE + 0x118, BASE + 0x11a);
    index_writer_range(w, inner, BASE + 0x808, BASE + 0x80a);
    const struct index *x = finish(&f);

    ck_assert_uint_eq(index_functions(x, 0xff, chain), 0);
    ck_assert_uint_eq(index_functions(x, 0x100, chain), 1);
    ck_assert_str_eq(chain[0].name, "main");
    ck_assert_uint_eq(chain[0].start, 0x100);
    ck_assert_uint_eq(index_functions(x, 0x119, chain), 3);
    ck_assert_str_eq(chain[0].name, "h");
    ck_assert_ptr_null(chain[0].call_file);
    ck_assert_str_eq(chain[1].name, "_Z1gv");
    ck_assert(chain[1].inlined && !chain[2].inlined);
    ck_assert_str_eq(chain[1].call_folder, "/src");
    ck_assert_str_eq(chain[1].call_file, "a.c");
    ck_assert_uint_eq(chain[1].call_line, 12);
    ck_assert_uint_eq(chain[1].call_column, 3);
    ck_assert_uint_eq(index_functions(x, 0x11a, chain), 2);
    ck_assert_uint_eq(index_functions(x, 0x120, chain), 1);
    ck_assert_uint_eq(index_functions(x, 0x200, chain), 0);
    ck_assert_uint_eq(index_functions(x, 0x809, chain), 3);
}
END_TEST

START_TEST(too_deep)
{
    _fixture_ struct fixture f;
    struct index_function chain[INDEX_CHAIN_MAX];

    fixture_init(&f);
    uint32_t scope = index_writer_function(f.writer, BASE, "f", "f");

    index_writer_range(f.writer, scope, BASE, BASE + 1000);
    for (uint32_t i = 1; i < 2 * INDEX_CHAIN_MAX; i++) {
        scope = index_writer_inlined(f.writer, scope, NULL, NULL, INDEX_NONE, i, 0);
        index_writer_range(f.writer, scope, BASE + i, BASE + 1000 - i);
    }
    const struct index *x = finish(&f);

    ck_assert_uint_eq(index_functions(x, 500, chain), INDEX_CHAIN_MAX);
    ck_assert_uint_eq(chain[0].call_line, INDEX_CHAIN_MAX - 1);
    ck_assert_str_eq(chain[INDEX_CHAIN_MAX - 1].name, "f");
}
END_TEST

static unsigned line_at(const struct index *x, uint32_t address)
{
    struct index_line l;

    return index_line(x, address, &l) ? l.line : 0;
}

START_TEST(lines)
{
    static const struct {
        unsigned address, line, flags;
    } rows[] = {
        {0x200, 50, LINE_STATEMENT},
        {0x210, 0, LINE_END}, /* the next sequence begins here */
        {0x100, 10, LINE_STATEMENT},
        {0x104, 11, LINE_STATEMENT}, /* counts: the last that is a statement */
        {0x104, 12, 0},
        {0x108, 13, 0},
        {0x108, 14, 0}, /* none is: the last */
        {0x10c, 15, LINE_STATEMENT},
        {0x10c, 0, LINE_STATEMENT}, /* no line: no statement of one */
        {0x110, 0, LINE_STATEMENT},
        {0x114, 16, LINE_STATEMENT},
        {0x118, 17, LINE_STATEMENT}, /* without code */
        {0x118, 0, LINE_END},
        {0x210, 60, LINE_STATEMENT},
        {0x220, 0, LINE_END},
    };
    static const struct {
        unsigned address, line;
    } expected[] = {
        {0xff, 0},   {0x100, 10}, {0x103, 10}, {0x104, 11}, {0x108, 14}, {0x10c, 15}, {0x110, 0},
        {0x117, 16}, {0x118, 0},  {0x1ff, 0},  {0x20f, 50}, {0x210, 60}, {0x220, 0},
    };
    _fixture_ struct fixture f;

    fixture_init(&f);
    uint32_t file = index_writer_file(f.writer, NULL, "a.c");

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        index_writer_line(f.writer, BASE + rows[i].address, file, rows[i].line, 1, rows[i].flags);
    const struct index *x = finish(&f);

    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        ck_assert_uint_eq(line_at(x, expected[i].address), expected[i].line);
}
END_TEST

/* More than one block of rows, with numbers of all sizes. */
START_TEST(many_lines)
{
    _fixture_ struct fixture f;
    char name[32];

    fixture_init(&f);
    for (uint32_t i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "%u.c", i % 3);
        index_writer_line(f.writer, BASE + i * i, index_writer_file(f.writer, "", name),
                          1 + i * 7919 % 100000, i * i % 300, LINE_STATEMENT);
    }
    index_writer_line(f.writer, BASE + 2000000, 0, 0, 0, LINE_END);
    const struct index *x = finish(&f);

    for (uint32_t i = 0; i < 1000; i++) {
        struct index_line l;

        ck_assert(index_line(x, i * i + i, &l));
        ck_assert_uint_eq(l.line, 1 + i * 7919 % 100000);
        ck_assert_uint_eq(l.column, i * i % 300);
        ck_assert_uint_eq((unsigned)(l.file[0] - '0'), i % 3);
        ck_assert_ptr_null(l.folder);
    }
}
END_TEST

static void add_call(struct index_writer *w, uint64_t function, uint64_t return_address,
                     const char *symbol, bool jump)
{
    const struct index_writer_call c = {BASE + function, BASE + return_address, .symbol = symbol,
                                        .jump = jump};

    index_writer_call(w, &c);
}

static void add_call_to(struct index_writer *w, uint64_t return_address, uint64_t callee)
{
    const struct index_writer_call c = {BASE + 0x100, BASE + return_address,
                                        .callee = BASE + callee, .symbol = "twice"};

    index_writer_call(w, &c);
}

START_TEST(calls)
{
    _fixture_ struct fixture f;
    uint32_t start;
    size_t n;

    fixture_init(&f);
    struct index_writer *w = f.writer;
    struct index_callee callee;

    add_symbol(w, 0x100, 0x200, 12, "main");
    add_symbol(w, 0x200, 0x300, 12, "middle@@V_2");
    add_symbol(w, 0x200, 0x300, 12, "alias");
    add_symbol(w, 0x300, 0x400, 12, "last");
    add_symbol(w, 0x400, 0x500, 12, "twice");
    add_symbol(w, 0x500, 0x600, 12, "twice");
    index_writer_function(w, BASE + 0x600, NULL, "unlisted"); /* that no symbol names */
    add_call(w, 0x100, 0x110, "middle", false);
    add_call(w, 0x100, 0x120, "last", false); /* nothing is missing there */
    add_call(w, 0x100, 0x130, "elsewhere", false);
    add_call(w, 0x100, 0x140, "twice", false);
    add_call_to(w, 0x150, 0x200); /* whatever its name */
    add_call(w, 0x200, 0x290, "unlisted", true);
    add_call(w, 0x200, 0x280, "last", true);
    add_call(w, 0x200, 0x270, "twice", true);
    add_call(w, 0x200, 0x260, "elsewhere", true);
    const struct index *x = finish(&f);

    ck_assert(index_call(x, 0x110, &callee) && !callee.symbol && callee.start == 0x200);
    ck_assert(!index_call(x, 0x111, &callee) && !index_call(x, 0x120, &callee));
    ck_assert(index_call(x, 0x130, &callee));
    ck_assert_str_eq(callee.symbol, "elsewhere");
    ck_assert(!index_call(x, 0x140, &callee));
    ck_assert(index_call(x, 0x150, &callee) && !callee.symbol && callee.start == 0x200);
    ck_assert(!index_entry(x, "twice", &start) && !index_entry(x, "main", &start));
    ck_assert(index_entry(x, "middle", &start) && start == 0x200);
    ck_assert(index_entry(x, "alias", &start) && start == 0x200);
    const struct index_jump *j = index_jumps(x, 0x200, &n);

    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(j[0].return_address, 0x280);
    ck_assert_uint_eq(j[0].target, 0x300);
    ck_assert_uint_eq(j[1].target, 0x600);
    index_jumps(x, 0x100, &n);
    ck_assert_uint_eq(n, 0);
}
END_TEST

struct asked {
    unsigned times;
    char answer[64];
};

static const char *with_parentheses(void *arg, const char *symbol)
{
    struct asked *a = arg;

    a->times++;
    snprintf(a->answer, sizeof a->answer, "%s()", symbol);
    return a->answer;
}

static bool has_text(const struct index *x, const char *text)
{
    const struct index_extent *e = &x->header->sections[INDEX_STRINGS];

    return memmem(x->data + e->offset, e->size, text, strlen(text)) != NULL;
}

/* Symbols are made readable where they are names, and stay as they are where other files refer to
 * them; what nothing refers to is not there. */
START_TEST(symbols_are_made_readable)
{
    _fixture_ struct fixture f;
    struct index_callee callee;
    struct index_function chain[INDEX_CHAIN_MAX];
    struct asked asked = {0};

    fixture_init(&f);
    struct index_writer *w = f.writer;

    index_writer_readable(w, with_parentheses, &asked);
    uint32_t scope = index_writer_function(w, BASE + 0x100, "_Z1f", "f");
    uint32_t plain = index_writer_inlined(w, scope, NULL, "_Z1g", INDEX_NONE, 1, 0);

    index_writer_range(w, scope, BASE + 0x100, BASE + 0x200);
    index_writer_range(w, plain, BASE + 0x120, BASE + 0x130);
    index_writer_function(w, BASE + 0x400, "_Z7nowhere", NULL); /* has no code */
    add_symbol(w, 0x100, 0x200, 12, "_Z1f");
    add_symbol(w, 0x200, 0x300, 12, "_Z1g");
    add_symbol(w, 0x200, 0x300, 11, "_Z5alias");
    add_call(w, 0x100, 0x150, "_Z1f2", false);
    const struct index *x = finish(&f);

    ck_assert_uint_eq(asked.times, 2);
    ck_assert_uint_eq(index_functions(x, 0x120, chain), 2);
    ck_assert_str_eq(chain[0].name, "_Z1g");
    ck_assert_str_eq(chain[1].name, "_Z1f()");
    ck_assert_str_eq(symbol_at(x, 0x100), "_Z1f()");
    ck_assert_str_eq(symbol_at(x, 0x200), "_Z1g()");
    ck_assert(index_call(x, 0x150, &callee));
    ck_assert_str_eq(callee.symbol, "_Z1f2");
    ck_assert(!has_text(x, "alias") && !has_text(x, "nowhere"));
}
END_TEST

/* Programs are linked against the version that has two '@'. */
START_TEST(versions_of_entries)
{
    _fixture_ struct fixture f;
    uint32_t start;

    fixture_init(&f);
    struct index_writer *w = f.writer;

    add_symbol(w, 0x100, 0x200, 12, "wait@@V_2");
    add_symbol(w, 0x200, 0x300, 12, "wait@V_1");
    add_symbol(w, 0x200, 0x300, 12, "removed@V_1");
    add_symbol(w, 0x300, 0x400, 12, "slow");
    add_symbol(w, 0x400, 0x410, 12, "slow@plt");
    add_call(w, 0x100, 0x120, "slow", true);
    add_call(w, 0x200, 0x220, "slow", true);
    const struct index *x = finish(&f);

    ck_assert(index_entry(x, "wait", &start) && start == 0x100);
    ck_assert(index_entry(x, "removed", &start) && start == 0x200);
}
END_TEST

START_TEST(variables)
{
    _fixture_ struct fixture f;
    uint64_t address;

    fixture_init(&f);
    index_writer_variable(f.writer, "zz", 3);
    index_writer_variable(f.writer, "__abort_msg", 1ull << 40);
    index_writer_variable(f.writer, "environ", 2);
    const struct index *x = finish(&f);

    ck_assert(index_variable(x, "__abort_msg", &address) && address == 1ull << 40);
    ck_assert(index_variable(x, "zz", &address) && address == 3);
    ck_assert(!index_variable(x, "", &address) && !index_variable(x, "f", &address));
}
END_TEST

/* Texts come from changing memory: a pointer alone names nothing. */
START_TEST(texts_are_copied)
{
    _fixture_ struct fixture f;
    char name[8];

    fixture_init(&f);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "f%u", i);
        add_symbol(f.writer, 0x100 * (i + 1), 0x100 * (i + 2), 12, name);
    }
    const struct index *x = finish(&f);

    ck_assert_str_eq(symbol_at(x, 0x100), "f0");
    ck_assert_str_eq(symbol_at(x, 0x200), "f1");
    ck_assert_str_eq(symbol_at(x, 0x300), "f2");
}
END_TEST

static void fill(struct index_writer *w)
{
    uint32_t file = index_writer_file(w, "/src", "b.c");

    for (unsigned i = 0; i < 100; i++) {
        char name[16];

        snprintf(name, sizeof name, "f%u", i * 37 % 100);
        uint32_t scope = index_writer_function(w, BASE + i * 16, NULL, name);

        index_writer_range(w, scope, BASE + i * 16, BASE + i * 16 + 16);
        add_symbol(w, i * 16, i * 16 + 16, 12, name);
        index_writer_line(w, BASE + i * 16, file, i, 0, LINE_STATEMENT);
        add_call(w, i * 16, i * 16 + 4, i % 2 ? "f1" : "f2", i % 3 == 0);
    }
}

START_TEST(same_bytes)
{
    _fixture_ struct fixture a, b;

    fixture_init(&a);
    fixture_init(&b);
    fill(a.writer);
    fill(b.writer);
    finish(&a);
    finish(&b);
    ck_assert_uint_eq(a.bytes.len, b.bytes.len);
    ck_assert_mem_eq(a.bytes.data, b.bytes.data, a.bytes.len);
}
END_TEST

START_TEST(damage)
{
    _fixture_ struct fixture f;
    struct index x;

    fixture_init(&f);
    fill(f.writer);
    finish(&f);
    struct index_header *h = (struct index_header *)(void *)f.bytes.data;
    const struct index_header good = *h;
    size_t size = f.bytes.len;

    ck_assert_int_eq(index_open(h, sizeof *h - 1, &x), INDEX_NOT_AN_INDEX);
    ck_assert_int_eq(index_open(h, size - 8, &x), INDEX_DAMAGED);
    h->magic[0] = 'X';
    ck_assert_int_eq(index_open(h, size, &x), INDEX_NOT_AN_INDEX);
    *h = good;
    h->version++;
    ck_assert_int_eq(index_open(h, size, &x), INDEX_OTHER_VERSION);
    *h = good;
    memset(h->build_id, 'a', sizeof h->build_id);
    ck_assert_int_eq(index_open(h, size, &x), INDEX_DAMAGED);
    for (size_t i = 0; i < INDEX_SECTIONS; i++) {
        *h = good;
        h->sections[i].size += size;
        ck_assert_int_eq(index_open(h, size, &x), INDEX_DAMAGED);
        *h = good;
        h->sections[i].offset = UINT64_MAX - 7;
        ck_assert_int_eq(index_open(h, size, &x), INDEX_DAMAGED);
    }
    *h = good;
    ck_assert_int_eq(index_open(h, size, &x), 0);
    f.bytes.data[size / 2] ^= 4;
    ck_assert_int_eq(index_open(h, size, &x), 0);
    ck_assert_int_eq(index_verify(&x), INDEX_DAMAGED);
}
END_TEST

START_TEST(too_large)
{
    _fixture_ struct fixture f;
    _cleanup_buf_ struct buf small = BUF_INIT(100);

    fixture_init(&f);
    ck_assert_int_eq(index_writer_finish(f.writer, &small), -E2BIG);
}
END_TEST

UNIT_MAIN("workerd/index", checksums, header, rules, symbols, functions, too_deep, lines,
          many_lines, calls, symbols_are_made_readable, versions_of_entries, variables,
          texts_are_copied, same_bytes, damage, too_large)
