/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
/* Any bytes as the sections of a file's debug information: a byte of flags, the sizes of nine
 * sections as 16-bit numbers, and then the sections. What is made of them is an index that can be
 * read, and the same one each time. */
#include "workerd/indexer/dwarf.h"

#include <assert.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/index/index.h"

#define INDEX_MAX (256u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum flag { KEEP_ZERO = 1, IS_64 = 2, SHARES_WITH_ITSELF = 4 };

static struct span take(const uint8_t **p, size_t *left, size_t size)
{
    struct span s = {*p, size < *left ? size : *left};

    *p += s.size;
    *left -= s.size;
    return s;
}

static struct dwarf split(const uint8_t *data, size_t size)
{
    struct dwarf d = {.is64 = data[0] & IS_64};
    struct span *sections[] = {&d.info,   &d.abbrev,   &d.str,  &d.line,       &d.line_str,
                               &d.ranges, &d.rnglists, &d.addr, &d.str_offsets};
    const uint8_t *p = data + 1 + 2 * ARRAY_SIZE(sections);
    size_t left = size - (size_t)(p - data);

    for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
        *sections[i] = take(&p, &left, data[1 + 2 * i] | (size_t)data[2 + 2 * i] << 8);
    return d;
}

static int build(const struct dwarf *d, bool keep_zero, struct buf *ret)
{
    struct index_segment segment = {.memsz = 1u << 30, .flags = 5};
    struct index_writer *w = index_writer_new();

    assert(w);
    index_writer_identity(w, 62, d->is64, "");
    index_writer_segment(w, &segment);
    dwarf_index(d, keep_zero, w);
    int r = index_writer_finish(w, ret);

    index_writer_free(w);
    return r;
}

static void look(const struct buf *b)
{
    struct index_function functions[INDEX_CHAIN_MAX];
    struct index_line line;
    struct index x;

    assert(index_open(b->data, b->len, &x) == 0);
    assert(index_verify(&x) == 0);
    for (uint32_t address = 0; address < 0x2000; address += 7) {
        size_t n = index_functions(&x, address, functions);

        assert(n <= INDEX_CHAIN_MAX);
        assert(n == 0 || !functions[n - 1].inlined);
        index_line(&x, address, &line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_buf_ struct buf first = BUF_INIT(INDEX_MAX);
    _cleanup_buf_ struct buf second = BUF_INIT(INDEX_MAX);

    if (size < 32)
        return 0;
    struct dwarf shared = split(data, size), d = shared;

    if (data[0] & SHARES_WITH_ITSELF)
        d.shared = &shared;
    if (build(&d, data[0] & KEEP_ZERO, &first) != 0)
        return 0;
    assert(build(&d, data[0] & KEEP_ZERO, &second) == 0);
    assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    look(&first);
    return 0;
}
