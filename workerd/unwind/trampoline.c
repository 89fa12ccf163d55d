/* SPDX-License-Identifier: Apache-2.0 */
/* Each row is one layout of a signal frame, in the kernel's arch/ARCH/include/uapi/asm/sigcontext.h
 * and ucontext.h: where the saved registers are, seen from the stack pointer that the trampoline
 * begins with. */
#include "workerd/unwind/trampoline.h"

#include <elf.h>
#include <string.h>

#include "common/base/cleanup.h"

#define CODE_MAX 12

struct trampoline {
    uint16_t machine;
    uint8_t code[CODE_MAX];
    uint8_t code_size;
    bool has_pointer; /* the frame is where the word at sp + pointer points */
    uint16_t pointer;
    const char *symbols[5];
    const uint16_t *offsets; /* of the registers by DWARF's numbers */
    uint8_t n_offsets;
    uint16_t pc;
};

/* struct ucontext: flags, link and stack are 40 bytes, then struct sigcontext_64. */
static const uint16_t x86_64_offsets[] = {
    144, 136, 152, 128, 112, 104, 120, 160, 40, 48, 56, 64, 72, 80, 88, 96,
};

/* struct sigcontext_32 behind flags, link and stack of a struct ucontext, which are 20 bytes … */
static const uint16_t i386_rt_offsets[] = {64, 60, 56, 52, 48, 44, 40, 36};

/* … and behind the number of the signal. */
static const uint16_t i386_offsets[] = {48, 44, 40, 36, 32, 28, 24, 20};

/* struct rt_sigframe: siginfo is 128 bytes, what comes before the context 176, the address of a
 * fault 8. */
static const uint16_t aarch64_offsets[] = {
    312, 320, 328, 336, 344, 352, 360, 368, 376, 384, 392, 400, 408, 416, 424, 432,
    440, 448, 456, 464, 472, 480, 488, 496, 504, 512, 520, 528, 536, 544, 552, 560,
};

static const struct trampoline trampolines[] = {
    {
        /* mov $15, %rax; syscall */
        .machine = EM_X86_64,
        .code = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05},
        .code_size = 9,
        .symbols = {"__restore_rt", "runtime.sigreturn", "runtime.sigreturn.abi0",
                    "runtime.sigreturn__sigaction", "runtime.sigreturn__sigaction.abi0"},
        .offsets = x86_64_offsets,
        .n_offsets = ARRAY_SIZE(x86_64_offsets),
        .pc = 168,
    },
    {
        /* mov x8, #139; svc #0 */
        .machine = EM_AARCH64,
        .code = {0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4},
        .code_size = 8,
        .symbols = {"__kernel_rt_sigreturn", "__restore_rt"},
        .offsets = aarch64_offsets,
        .n_offsets = ARRAY_SIZE(aarch64_offsets),
        .pc = 568,
    },
    {
        /* mov $173, %eax; int $0x80: on the stack are the number of the signal and pointers to
         * siginfo and ucontext */
        .machine = EM_386,
        .code = {0xb8, 0xad, 0x00, 0x00, 0x00, 0xcd, 0x80},
        .code_size = 7,
        .has_pointer = true,
        .pointer = 8,
        .symbols = {"__kernel_rt_sigreturn", "__restore_rt"},
        .offsets = i386_rt_offsets,
        .n_offsets = ARRAY_SIZE(i386_rt_offsets),
        .pc = 76,
    },
    {
        /* pop %eax; mov $119, %eax; int $0x80 */
        .machine = EM_386,
        .code = {0x58, 0xb8, 0x77, 0x00, 0x00, 0x00, 0xcd, 0x80},
        .code_size = 8,
        .symbols = {"__kernel_sigreturn", "__restore"},
        .offsets = i386_offsets,
        .n_offsets = ARRAY_SIZE(i386_offsets),
        .pc = 60,
    },
};

static bool is_named(const struct trampoline *t, const char *symbol)
{
    for (size_t i = 0; i < ARRAY_SIZE(t->symbols) && t->symbols[i]; i++)
        if (symbol && strcmp(t->symbols[i], symbol) == 0)
            return true;
    return false;
}

const struct trampoline *trampoline_at(struct image *i, uint64_t pc, const char *symbol)
{
    uint8_t code[CODE_MAX];

    for (size_t k = 0; k < ARRAY_SIZE(trampolines); k++) {
        const struct trampoline *t = &trampolines[k];

        if (t->machine != i->layout->machine)
            continue;
        if (is_named(t, symbol))
            return t;
        if (image_read(i, pc, code, t->code_size) && memcmp(code, t->code, t->code_size) == 0)
            return t;
    }
    return NULL;
}

bool trampoline_registers(const struct trampoline *t, struct image *i, uint64_t sp,
                          struct registers *ret, uint64_t *ret_pc, uint64_t *ret_unread)
{
    struct registers found = {0};
    uint64_t frame = sp, value;

    *ret_unread = sp + t->pointer;
    if (t->has_pointer && !image_word(i, *ret_unread, &frame))
        return false;
    for (size_t k = 0; k < t->n_offsets; k++)
        if (image_word(i, frame + t->offsets[k], &value))
            registers_set(&found, k, value);
    *ret_unread = frame + t->pc;
    if (!image_word(i, *ret_unread, &value))
        return false;
    *ret = found;
    *ret_pc = value;
    return true;
}
