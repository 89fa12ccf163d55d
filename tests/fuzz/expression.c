/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/unwind workerd/analysis workerd/image workerd/index */
/* Any bytes as a DWARF expression: the first byte says which registers are known, whether there is
 * a CFA, and how wide words are; 64 bytes are memory. */
#include <assert.h>

#include "tests/unit/unwind_process.h"
#include "workerd/unwind/effort.h"
#include "workerd/unwind/expression.h"

#define MEMORY 0x10000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_process_ struct process p = {0};
    struct registers registers = {0};
    uint64_t value = 1, unread = 2, effort = 0;
    uint8_t choice;

    if (size < 65 || size > 65 + CFI_EXPRESSION_MAX)
        return 0;
    choice = data[0];
    process_init(&p, choice & 1 ? EM_386 : EM_X86_64, !(choice & 1));
    memcpy(process_piece(&p, MEMORY, 64, false)->bytes, data + 1, 64);
    for (unsigned i = 0; i < UNWIND_REGISTERS_MAX; i++)
        if (i % 4 != (choice >> 2 & 3u))
            registers_set(&registers, i, MEMORY + i);
    const struct cfi_expression e = {data + 65, size - 65};
    const struct expression_context x = {.image = &p.image,
                                         .registers = &registers,
                                         .bias = MEMORY,
                                         .has_cfa = choice & 2,
                                         .cfa = MEMORY + 8,
                                         .effort = &effort};
    int outcome = expression_evaluate(&x, &e, &value, &unread);

    assert(effort <= (EXPRESSION_STEPS_MAX + 1) * EFFORT_STEP);
    assert(outcome >= 0 && outcome <= EXPRESSION_UNREAD);
    assert(outcome == 0 || value == 1);
    assert(outcome == EXPRESSION_UNREAD || unread == 2);
    assert(outcome != 0 || !(choice & 1) || value <= UINT32_MAX);
    return 0;
}
