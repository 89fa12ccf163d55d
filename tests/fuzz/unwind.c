/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/unwind workerd/analysis workerd/image workerd/index */
/* A process whose registers, stack and module's index come from any bytes: the walk ends, and soon,
 * with frames that were counted and a reason that is a text. The index is either the bytes
 * themselves or one with rules that are decoded from them. */
#include <assert.h>

#include "tests/unit/unwind_process.h"

#define HEAD       200 /* choices, then registers */
#define STACK      0x70000000u
#define STACK_SIZE 1024u
#define CODE       0x10000u
#define CODE_SIZE  0x10000u
#define RULES_MAX  32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct raw_stack stack;

/* Values that are small lie in the stack or in the code. */
static void fill_registers(struct process *p, const uint8_t *bytes)
{
    for (size_t i = 0; i < p->image.layout->n_registers && i < HEAD / 5; i++) {
        uint32_t value;

        memcpy(&value, bytes + i * 5 + 1, sizeof value);
        p->registers[i] = bytes[i * 5] & 1   ? STACK + value % STACK_SIZE / 8 * 8
                          : bytes[i * 5] & 2 ? CODE + value % CODE_SIZE
                                             : value;
    }
}

/* Rules as they are encoded, one after the other, each for a run of 64 bytes. */
static void index_of_rules(struct process *p, const uint8_t *bytes, size_t size)
{
    struct index_writer *w = process_writer(p);
    struct cfi_rule rule;

    for (unsigned i = 0; i < RULES_MAX && size > 0; i++) {
        size_t n = bytes[0] % 48 + 1u;

        if (n > size - 1)
            n = size - 1;
        if (cfi_rule_decode(bytes + 1, n, &rule))
            process_rule(w, i * 64, i * 64 + 64, &rule);
        bytes += n + 1;
        size -= n + 1;
    }
    process_symbol(w, 0, 128, "first");
    process_symbol(w, 128, 192, "__restore_rt");
    process_symbol(w, 192, 4096, "second");
    process_index(p, 0, w);
}

static void index_of_bytes(struct process *p, const uint8_t *bytes, size_t size)
{
    void *copy = arena_memdup(&p->arena, bytes, size);

    if (index_open(copy, size, &p->opened[0]) == 0)
        p->indexes[0] = (struct unwind_module){.index = &p->opened[0], .bias = CODE};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        uint16_t machine;
        bool is64;
    } machines[] = {{EM_X86_64, true}, {EM_AARCH64, true}, {EM_386, false}, {EM_X86_64, true}};
    _cleanup_process_ struct process p = {0};

    if (size < 1 + HEAD + STACK_SIZE)
        return 0;
    process_init(&p, machines[data[0] & 3].machine, machines[data[0] & 3].is64);
    process_file(&p, "/bin/program", CODE, CODE_SIZE);
    process_piece(&p, CODE + CODE_SIZE, 0x1000, true);
    memcpy(process_piece(&p, STACK, STACK_SIZE, false)->bytes, data + 1 + HEAD, STACK_SIZE);
    memcpy(p.pieces[0].bytes + 0x1000, data + 1 + HEAD, STACK_SIZE);
    fill_registers(&p, data + 1);
    data[0] & 4 ? index_of_bytes(&p, data + 1 + HEAD + STACK_SIZE, size - 1 - HEAD - STACK_SIZE)
                : index_of_rules(&p, data + 1 + HEAD + STACK_SIZE, size - 1 - HEAD - STACK_SIZE);
    unwind_thread(&p.unwinder, 0, &stack);
    assert(stack.n > 0 && stack.n <= STACK_FRAMES_MAX && stack.visited <= STACK_VISITED_MAX);
    assert(stack.left_out == stack.visited - stack.n);
    assert(!stack.stopped || stack.stopped[0]);
    /* Frames of a rising stack, changes of stack, and a scan or two: the memory is small. */
    assert(stack.visited < 64 * (STACK_SIZE + 2));
    return 0;
}
