/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
/* Any bytes as .eh_frame or .debug_frame: rules come out within their limits, and the index that
 * they make is one. The first byte says which kind of section it is. */
#include "workerd/indexer/cfi.h"

#include <assert.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/index/index.h"

#define BASE 0x1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rows(const struct index *x)
{
    const struct index_cfi_row *rows =
        (const struct index_cfi_row *)(const void *)x->sections[INDEX_CFI_ROWS].data;
    size_t n = x->sections[INDEX_CFI_ROWS].n;

    for (size_t i = 0; i < n; i++) {
        struct cfi_rule rule;

        assert(i == 0 || rows[i - 1].address < rows[i].address);
        assert(index_rule(x, rows[i].address, &rule) == (rows[i].rule != INDEX_NONE));
        assert(rows[i].rule == INDEX_NONE || rule.n <= CFI_REGISTERS_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t machines[] = {EM_X86_64, EM_AARCH64, EM_386, EM_S390};
    _cleanup_buf_ struct buf out = BUF_INIT(INDEX_SIZE_MAX);
    const struct index_segment segment = {.vaddr = BASE, .memsz = 1u << 30};
    struct index_writer *w = index_writer_new();
    uint8_t kind = size > 0 ? data[0] : 0;
    struct cfi_section s = {
        .bytes = {data + (size > 0), size - (size > 0)},
        .address = BASE + 0x100,
        .text = BASE,
        .data = BASE + 0x200,
        .eh = kind & 1,
        .is64 = kind & 2,
        .keep_zero = kind & 4,
        .machine = machines[kind >> 3 & 3],
    };
    struct index x;

    index_writer_identity(w, s.machine, s.is64, "");
    index_writer_segment(w, &segment);
    assert(cfi_index(&s, w) == 0);
    assert(index_writer_finish(w, &out) == 0);
    assert(index_open(out.data, out.len, &x) == 0);
    check_rows(&x);
    index_writer_free(w);
    return 0;
}
