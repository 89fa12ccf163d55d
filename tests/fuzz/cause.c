/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/cause workerd/analysis workerd/image */
/* Any bytes as an instruction, and as the facts of a crash: registers, what is mapped, memory, the
 * frame of a handler. Whatever is found, it is text that can be handed on. */
#include <assert.h>
#include <elf.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "workerd/cause/cause.h"
#include "workerd/cause/instruction.h"

#define MEMORY  0x7f0000000000u
#define PIECE   2048u
#define HEADER  16u
#define NUMBERS 17u

struct process {
    const uint8_t *memory;
    size_t size;
    uint8_t rights;
};

static bool find_range(const void *source, uint64_t address, struct image_range *ret)
{
    const struct process *p = source;

    if (address - MEMORY >= PIECE)
        return false;
    *ret = (struct image_range){.start = MEMORY,
                                .end = MEMORY + PIECE,
                                .readable = p->rights & 1,
                                .writable = p->rights & 2,
                                .executable = p->rights & 4};
    return true;
}

static bool find_above(const void *source, uint64_t address, struct image_range *ret)
{
    return address <= MEMORY && find_range(source, MEMORY, ret);
}

static bool find_file(const void *source, uint64_t address, struct image_file *ret)
{
    const struct process *p = source;

    if (address - MEMORY >= PIECE || !(p->rights & 8))
        return false;
    *ret = (struct image_file){.path = "/a", .start = MEMORY, .end = MEMORY + PIECE};
    return true;
}

static ssize_t read_memory(const void *source, uint64_t address, void *to, size_t n)
{
    const struct process *p = source;

    if (address - MEMORY >= p->size)
        return 0;
    if (n > p->size - (address - MEMORY))
        n = (size_t)(p->size - (address - MEMORY));
    memcpy(to, p->memory + (address - MEMORY), n);
    return (ssize_t)n;
}

static const struct image_reader reader = {
    .read = read_memory, .range = find_range, .above = find_above, .file = find_file};

static void check(const struct cause *c)
{
    _cleanup_buf_ struct buf b = BUF_INIT(1u << 20);
    const struct analysis an = {.cause = *c};

    assert(!c->rule == !c->sentence);
    assert(c->n_evidence <= ANALYSIS_EVIDENCE_MAX);
    analysis_format(&an, &b);
    assert(buf_error(&b) == 0);
}

static void explain(const uint8_t *head, const uint64_t *numbers, const struct process *p)
{
    static const char *const names[] = {"abort", "__cxa_throw",   "f(int)", NULL,
                                        "raise", "__assert_fail", "<",      ""};
    static const char *const messages[] = {NULL, "free(): x", "Assertion `",
                                           "*** stack smashing detected ***"};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    uint64_t registers[64] = {0};
    struct frame frames[3] = {0};
    struct thread thread = {.frames = frames, .n_frames = head[8] % 4};
    struct analysis an = {.threads = &thread, .n_threads = 1, .message = messages[head[9] % 4]};
    struct image_thread t = {.tid = 1, .registers = registers};
    struct image image = {.arena = &a,
                          .layout = head[0] & 1   ? core_layout_find(EM_AARCH64, true)
                                    : head[0] & 2 ? core_layout_find(EM_386, false)
                                                  : core_layout_find(EM_X86_64, true),
                          .reader = &reader,
                          .source = p,
                          .threads = &t,
                          .n_threads = 1,
                          .signal = head[1] % 33,
                          .code = (int8_t)head[2],
                          .has_address = head[3] & 1,
                          .address = numbers[0],
                          .has_sender = head[3] & 2,
                          .sender = head[4],
                          .has_call = head[3] & 4,
                          .call = (int)numbers[0],
                          .call_machine = head[5] & 1 ? 0xc000003e : 0xc00000b7,
                          .pid = 1};
    const struct cause_input in = {.image = &image, .analysis = &an, .arena = &a};
    struct cause c = {.rule = NULL};

    memcpy(registers, numbers, NUMBERS * sizeof *numbers);
    if (head[3] & 8) /* it stands in that memory */
        registers[image.layout->pc] = MEMORY + head[6];
    if (head[3] & 16)
        registers[image.layout->sp] = MEMORY + head[7] * 4u;
    for (size_t i = 0; i < 3; i++)
        frames[i] = (struct frame){.pc = i ? MEMORY : registers[image.layout->pc],
                                   .function = names[head[10 + i] % 8],
                                   .signal = head[10 + i] & 64,
                                   .trust = TRUST_CFI};
    cause_find(&in, &c);
    check(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct instruction i;
    uint64_t numbers[NUMBERS];

    if (instruction_decode(data, size, &i)) {
        assert(i.length > 0 && i.length <= INSTRUCTION_BYTES_MAX && i.length <= size);
        assert(i.n_operands <= INSTRUCTION_OPERANDS_MAX);
        for (size_t n = 0; n < i.n_operands; n++)
            assert(i.operands[n].reads || i.operands[n].writes);
    }
    if (size < HEADER + sizeof numbers)
        return 0;
    memcpy(numbers, data + HEADER, sizeof numbers);
    const struct process p = {
        .memory = data + HEADER + sizeof numbers,
        .size = size - HEADER - sizeof numbers < PIECE ? size - HEADER - sizeof numbers : PIECE,
        .rights = data[13]};

    explain(data, numbers, &p);
    return 0;
}
