/* SPDX-License-Identifier: Apache-2.0 */
#include "common/core/layout.h"

#include <elf.h>

#include "common/base/cleanup.h"

static const struct core_register x86_64_registers[] = {
    {"rax", 80, 0},       {"rbx", 40, 3},       {"rcx", 88, 2},        {"rdx", 96, 1},
    {"rsi", 104, 4},      {"rdi", 112, 5},      {"rbp", 32, 6},        {"rsp", 152, 7},
    {"r8", 72, 8},        {"r9", 64, 9},        {"r10", 56, 10},       {"r11", 48, 11},
    {"r12", 24, 12},      {"r13", 16, 13},      {"r14", 8, 14},        {"r15", 0, 15},
    {"rip", 128, 16},     {"eflags", 144, 49},  {"cs", 136, 51},       {"ss", 160, 52},
    {"ds", 184, 53},      {"es", 192, 50},      {"fs", 200, 54},       {"gs", 208, 55},
    {"fs_base", 168, 58}, {"gs_base", 176, 59}, {"orig_rax", 120, -1},
};

/* struct user_pt_regs. DWARF's 32 is the program counter in AADWARF64; call frame information does
 * not use it, its return address is in x30. */
static const struct core_register aarch64_registers[] = {
    {"x0", 0, 0},     {"x1", 8, 1},     {"x2", 16, 2},    {"x3", 24, 3},     {"x4", 32, 4},
    {"x5", 40, 5},    {"x6", 48, 6},    {"x7", 56, 7},    {"x8", 64, 8},     {"x9", 72, 9},
    {"x10", 80, 10},  {"x11", 88, 11},  {"x12", 96, 12},  {"x13", 104, 13},  {"x14", 112, 14},
    {"x15", 120, 15}, {"x16", 128, 16}, {"x17", 136, 17}, {"x18", 144, 18},  {"x19", 152, 19},
    {"x20", 160, 20}, {"x21", 168, 21}, {"x22", 176, 22}, {"x23", 184, 23},  {"x24", 192, 24},
    {"x25", 200, 25}, {"x26", 208, 26}, {"x27", 216, 27}, {"x28", 224, 28},  {"x29", 232, 29},
    {"x30", 240, 30}, {"sp", 248, 31},  {"pc", 256, 32},  {"cpsr", 264, -1},
};

/* struct user_regs_struct of 32 bits. */
static const struct core_register i386_registers[] = {
    {"eax", 24, 0}, {"ecx", 4, 1},        {"edx", 8, 2},  {"ebx", 0, 3},  {"esp", 60, 4},
    {"ebp", 20, 5}, {"esi", 12, 6},       {"edi", 16, 7}, {"eip", 48, 8}, {"eflags", 56, 9},
    {"cs", 52, 41}, {"ss", 64, 42},       {"ds", 28, 43}, {"es", 32, 40}, {"fs", 36, 44},
    {"gs", 40, 45}, {"orig_eax", 44, -1},
};

static const struct core_layout layouts[] = {
    {
        .machine = EM_X86_64,
        .is64 = true,
        .name = "x86_64",
        .prstatus_size = 336,
        .prstatus_signal = 12,
        .prstatus_tid = 32,
        .prstatus_registers = 112,
        .prpsinfo_size = 136,
        .prpsinfo_pid = 24,
        .prpsinfo_name = 40,
        .prpsinfo_arguments = 56,
        .siginfo_address = 16,
        .registers = x86_64_registers,
        .n_registers = ARRAY_SIZE(x86_64_registers),
        .vectors = {160, 16, 16, 17}, /* xmm0 to xmm15 of struct user_i387_struct */
        .pc = 16,
        .sp = 7,
        .fp = 6,
        .unwind_registers = 17,
        .link = -1,
        .address_mask = UINT64_MAX,
    },
    {
        .machine = EM_AARCH64,
        .is64 = true,
        .name = "aarch64",
        .prstatus_size = 392,
        .prstatus_signal = 12,
        .prstatus_tid = 32,
        .prstatus_registers = 112,
        .prpsinfo_size = 136,
        .prpsinfo_pid = 24,
        .prpsinfo_name = 40,
        .prpsinfo_arguments = 56,
        .siginfo_address = 16,
        .registers = aarch64_registers,
        .n_registers = ARRAY_SIZE(aarch64_registers),
        .vectors = {0, 16, 32, 64}, /* v0 to v31 of struct user_fpsimd_state */
        .pc = 32,
        .sp = 31,
        .fp = 29,
        .unwind_registers = 33,
        .link = 30,
        .address_mask = (UINT64_C(1) << 48) - 1,
    },
    {
        .machine = EM_386,
        .is64 = false,
        .name = "i386",
        .prstatus_size = 144,
        .prstatus_signal = 12,
        .prstatus_tid = 24,
        .prstatus_registers = 72,
        .prpsinfo_size = 124, /* of 16-bit user ids */
        .prpsinfo_pid = 12,
        .prpsinfo_name = 28,
        .prpsinfo_arguments = 44,
        .siginfo_address = 12,
        .registers = i386_registers,
        .n_registers = ARRAY_SIZE(i386_registers),
        .pc = 8,
        .sp = 4,
        .fp = 5,
        .unwind_registers = 9,
        .link = -1,
        .address_mask = UINT32_MAX,
    },
};

const struct core_layout *core_layout_find(uint16_t machine, bool is64)
{
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
        if (layouts[i].machine == machine && layouts[i].is64 == is64)
            return &layouts[i];
    return NULL;
}
