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
        .pc = 16,
        .sp = 7,
        .unwind_registers = 17,
    },
};

const struct core_layout *core_layout_find(uint16_t machine, bool is64)
{
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
        if (layouts[i].machine == machine && layouts[i].is64 == is64)
            return &layouts[i];
    return NULL;
}
