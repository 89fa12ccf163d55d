/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
/* Any bytes as a module, and as the debug file and the shared debug file of a good one: there is an
 * index that is one, the same each time, or an outcome. */
#include "workerd/indexer/indexer.h"

#include <assert.h>
#include <elf.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/index/index.h"
#include "workerd/index/writer.h"

#define MEMORY_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
} module = {
    .header =
        {
            .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
            .e_type = ET_DYN,
            .e_machine = EM_X86_64,
            .e_version = EV_CURRENT,
            .e_phoff = sizeof(Elf64_Ehdr),
            .e_ehsize = sizeof(Elf64_Ehdr),
            .e_phentsize = sizeof(Elf64_Phdr),
            .e_phnum = 1,
        },
    .segment = {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_memsz = 1u << 30},
};

static void look(const struct index *x, uint32_t address)
{
    struct index_function functions[INDEX_CHAIN_MAX];
    struct index_callee callee;
    struct index_symbol symbol;
    struct index_line line;
    struct cfi_rule rule;

    index_rule(x, address, &rule);
    if (index_symbol(x, address, &symbol))
        assert(symbol.start <= address && *symbol.name);
    index_functions(x, address, functions);
    index_line(x, address, &line);
    index_call(x, address, &callee);
}

static void check(const struct indexer_input *in)
{
    _cleanup_buf_ struct buf one = BUF_INIT(INDEX_SIZE_MAX), two = BUF_INIT(INDEX_SIZE_MAX);
    int r = indexer_build(in, &one);
    struct index x;

    assert(r >= 0 && r == indexer_build(in, &two));
    if (r != 0)
        return;
    assert(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
    assert(index_open(one.data, one.len, &x) == 0 && index_verify(&x) == 0);
    for (uint32_t address = 0; address < 256; address++)
        look(&x, address * 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct indexer_file fuzzed = {.data = data, .size = size};
    const struct indexer_file good = {.data = (const uint8_t *)&module, .size = sizeof module};

    check(&(struct indexer_input){.module = fuzzed, .memory_max = MEMORY_MAX});
    check(&(struct indexer_input){
        .module = good, .debuginfo = fuzzed, .shared = fuzzed, .memory_max = MEMORY_MAX});
    return 0;
}
