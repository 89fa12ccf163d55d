/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/indexer workerd/index */
/* Any bytes as .debug_line, with the same bytes as the sections of texts: the files and rows that
 * come out make an index that opens, and each row that it has lies in it. */
#include <assert.h>
#include <elf.h>

#include "common/base/cleanup.h"
#include "workerd/index/index.h"
#include "workerd/indexer/dwarf.h"

#define INDEX_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct buf *b)
{
    size_t rounded = (b->len + 7) & ~(size_t)7;
    _cleanup_free_ uint8_t *aligned = aligned_alloc(8, rounded);
    struct index index;
    struct index_line line;

    memcpy(aligned, b->data, b->len);
    assert(index_open(aligned, b->len, &index) == 0);
    for (uint32_t address = 0; address < 0x4000; address += 7)
        if (index_line(&index, address, &line))
            assert(!line.file || strlen(line.file) < b->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct index_segment all = {.memsz = 1u << 30, .filesz = 1u << 30, .flags = PF_X};
    struct index_writer *w = index_writer_new();
    _cleanup_buf_ struct buf b = BUF_INIT(INDEX_MAX);
    struct line_files files;

    if (size == 0 || !w) {
        index_writer_free(w);
        return 0;
    }
    const struct dwarf shared = {.str = {data, size}};
    const struct dwarf d = {
        .line = {data + 1, size - 1},
        .str = {data, size},
        .line_str = {data, size},
        .shared = data[0] & 1 ? &shared : NULL,
        .is64 = true,
    };
    const struct line_program p = {
        .folder = data[0] & 2   ? "/src//build/.."
                  : data[0] & 4 ? "relative"
                                : NULL,
        .name = data[0] & 8 ? "unit.c" : NULL,
        .address_size = data[0] & 16 ? 4 : 8,
    };

    index_writer_identity(w, EM_X86_64, true, "00");
    index_writer_segment(w, &all);
    lines_index(&d, &p, !(data[0] & 32), data[0] & 64, w, &files);
    for (size_t i = 0; i < files.n; i++)
        assert(files.numbers[i] == INDEX_NONE || files.numbers[i] <= files.n);
    line_files_fini(&files);
    if (index_writer_finish(w, &b) == 0)
        look_up(&b);
    index_writer_free(w);
    return 0;
}
