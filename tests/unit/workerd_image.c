/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/image */
/* Memory that is read through the cache, over a reader that counts how often it was asked. */
#include "workerd/image/image.h"

#include <elf.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define BASE UINT64_C(0x7ffd00000000)

/* A run of memory. What lies at an address is made of the address, so that a word tells where it is
 * from. */
struct piece {
    uint64_t start, end;
    bool missing; /* mapped, but not dumped */
};

struct source {
    const struct piece *pieces;
    size_t n;
    unsigned *reads, *ranges;
};

static uint8_t byte_at(uint64_t address)
{
    return (uint8_t)(address ^ address >> 8 ^ address >> 16);
}

static uint64_t word_at(uint64_t address, size_t n)
{
    uint64_t word = 0;

    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)byte_at(address + i) << 8 * i;
    return word;
}

static const struct piece *find_piece(const struct source *s, uint64_t address)
{
    for (size_t i = 0; i < s->n; i++)
        if (address >= s->pieces[i].start && address < s->pieces[i].end)
            return &s->pieces[i];
    return NULL;
}

static ssize_t read_source(const void *arg, uint64_t address, void *p, size_t n)
{
    const struct source *s = arg;
    const struct piece *piece;
    size_t done = 0;

    ++*s->reads;
    for (; done < n && (piece = find_piece(s, address + done)) && !piece->missing; done++)
        ((uint8_t *)p)[done] = byte_at(address + done);
    return (ssize_t)done;
}

static bool range_source(const void *arg, uint64_t address, struct image_range *ret)
{
    const struct source *s = arg;
    const struct piece *p = find_piece(s, address);

    ++*s->ranges;
    if (p)
        *ret = (struct image_range){.start = p->start, .end = p->end, .writable = !p->missing};
    return p;
}

static const struct image_reader reader = {.read = read_source, .range = range_source};

struct fixture {
    struct arena arena;
    struct source source;
    struct image image;
    unsigned reads, ranges;
};

static void fixture_init(struct fixture *f, const struct piece *pieces, size_t n)
{
    *f = (struct fixture){.source = {.pieces = pieces, .n = n}};
    arena_init(&f->arena, 0);
    f->source.reads = &f->reads;
    f->source.ranges = &f->ranges;
    f->image = (struct image){.arena = &f->arena,
                              .layout = core_layout_find(EM_X86_64, true),
                              .reader = &reader,
                              .source = &f->source};
}

static void fixture_fini(struct fixture *f)
{
    arena_fini(&f->arena);
}

#define _fixture_ _cleanup_(fixture_fini)

static void assert_word(struct image *i, uint64_t address)
{
    uint64_t word;

    ck_assert(image_word(i, address, &word));
    ck_assert_uint_eq(word, word_at(address, layout_word_size(i->layout)));
}

static void assert_no_word(struct image *i, uint64_t address)
{
    uint64_t word = 0x1234;

    ck_assert(!image_word(i, address, &word));
    ck_assert_uint_eq(word, 0x1234);
}

static const struct piece stack[] = {{BASE, BASE + 64 * IMAGE_PAGE, false}};

START_TEST(each_page_is_asked_for_once)
{
    _fixture_ struct fixture f;

    fixture_init(&f, stack, 1);
    for (uint64_t a = BASE; a < stack[0].end; a += 8)
        assert_word(&f.image, a);
    ck_assert_uint_eq(f.reads, 64);
    /* The frames of a stack come back to what is near. */
    for (uint64_t a = stack[0].end - IMAGE_PAGES * IMAGE_PAGE; a < stack[0].end; a += 512)
        assert_word(&f.image, a);
    ck_assert_uint_eq(f.reads, 64);
}
END_TEST

START_TEST(words_anywhere)
{
    _fixture_ struct fixture f;

    fixture_init(&f, stack, 1);
    for (uint64_t a = BASE; a <= BASE + 2 * IMAGE_PAGE; a++)
        assert_word(&f.image, a);
    assert_word(&f.image, stack[0].end - 8);
    for (uint64_t a = stack[0].end - 7; a < stack[0].end + 16; a++)
        assert_no_word(&f.image, a);
    assert_no_word(&f.image, BASE - 1);
    assert_no_word(&f.image, 0);
    assert_no_word(&f.image, UINT64_MAX);
    assert_no_word(&f.image, UINT64_MAX - 7);
}
END_TEST

START_TEST(words_of_32_bits)
{
    _fixture_ struct fixture f;

    fixture_init(&f, stack, 1);
    f.image.layout = core_layout_find(EM_386, false);
    for (uint64_t a = BASE + IMAGE_PAGE - 8; a < BASE + IMAGE_PAGE + 8; a++)
        assert_word(&f.image, a);
    assert_word(&f.image, stack[0].end - 4);
    assert_no_word(&f.image, stack[0].end - 3);
}
END_TEST

/* A slim core's pieces begin and end anywhere, several of them within a page. */
START_TEST(pieces_of_a_page)
{
    static const struct piece pieces[] = {
        {BASE + 0x100, BASE + 0x200, false},   {BASE + 0x300, BASE + 0x408, false},
        {BASE + 0x408, BASE + 0x500, true},    {BASE + 0xff0, BASE + 0x1010, false},
        {BASE + 0x1010, BASE + 0x1020, false},
    };
    _fixture_ struct fixture f;
    uint8_t bytes[256];

    fixture_init(&f, pieces, ARRAY_SIZE(pieces));
    for (unsigned round = 0; round < 2; round++) {
        assert_word(&f.image, BASE + 0x100);
        assert_word(&f.image, BASE + 0x1f8);
        assert_no_word(&f.image, BASE + 0x1f9);
        assert_no_word(&f.image, BASE + 0x200);
        assert_word(&f.image, BASE + 0x300);
        assert_word(&f.image, BASE + 0x400);
        assert_no_word(&f.image, BASE + 0x401);
        assert_no_word(&f.image, BASE + 0x408);
        assert_word(&f.image, BASE + 0xff0);
        assert_word(&f.image, BASE + 0xffc);
        assert_word(&f.image, BASE + 0x100c);
        assert_word(&f.image, BASE + 0x1018);
    }
    ck_assert(image_read(&f.image, BASE + 0x100, bytes, 256));
    ck_assert(bytes[0] == byte_at(BASE + 0x100) && bytes[255] == byte_at(BASE + 0x1ff));
    ck_assert(!image_read(&f.image, BASE + 0x101, bytes, 256));
}
END_TEST

START_TEST(more_than_a_page_at_once)
{
    _fixture_ struct fixture f;
    static uint8_t bytes[3 * IMAGE_PAGE];

    fixture_init(&f, stack, 1);
    ck_assert(image_read(&f.image, BASE + 7, bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++)
        ck_assert_uint_eq(bytes[i], byte_at(BASE + 7 + i));
    ck_assert(!image_read(&f.image, stack[0].end - IMAGE_PAGE, bytes, sizeof bytes));
}
END_TEST

START_TEST(the_last_range_is_remembered)
{
    static const struct piece pieces[] = {{BASE, BASE + 0x1000, false},
                                          {BASE + 0x2000, BASE + 0x3000, true}};
    _fixture_ struct fixture f;
    struct image_range r = {0};

    fixture_init(&f, pieces, ARRAY_SIZE(pieces));
    ck_assert(!image_range(&f.image, BASE + 0x1000, &r) && r.end == 0);
    for (uint64_t a = BASE; a < BASE + 0x1000; a++)
        ck_assert(image_range(&f.image, a, &r) && r.start == BASE && r.end == BASE + 0x1000);
    ck_assert_uint_eq(f.ranges, 2);
    ck_assert(image_range(&f.image, BASE + 0x2fff, &r) && r.start == BASE + 0x2000 && !r.writable);
    ck_assert(!image_range(&f.image, BASE + 0x1fff, &r) && r.start == BASE + 0x2000);
    ck_assert(image_range(&f.image, BASE + 0x2000, &r) && !r.writable);
    ck_assert_uint_eq(f.ranges, 4);
}
END_TEST

START_TEST(modules_by_address)
{
    static struct image_module modules[1000];
    _fixture_ struct fixture f;

    fixture_init(&f, stack, 1);
    ck_assert_ptr_null(image_module_at(&f.image, BASE));
    f.image.modules = modules;
    f.image.n_modules = ARRAY_SIZE(modules);
    for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
        modules[i].start = BASE + i * 0x3000;
        modules[i].end = modules[i].start + (i % 2 ? 0x3000 : 0x2000);
    }
    for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
        ck_assert_ptr_eq(image_module_at(&f.image, modules[i].start), &modules[i]);
        ck_assert_ptr_eq(image_module_at(&f.image, modules[i].end - 1), &modules[i]);
        if (i % 2 == 0)
            ck_assert_ptr_null(image_module_at(&f.image, modules[i].end));
    }
    ck_assert_ptr_null(image_module_at(&f.image, BASE - 1));
    ck_assert_ptr_null(image_module_at(&f.image, UINT64_MAX));
}
END_TEST

UNIT_MAIN("workerd/image", each_page_is_asked_for_once, words_anywhere, words_of_32_bits,
          pieces_of_a_page, more_than_a_page_at_once, the_last_range_is_remembered,
          modules_by_address)
