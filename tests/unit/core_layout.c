/* SPDX-License-Identifier: Apache-2.0 */
/* The machines' notes against the kernel's own structures, written down here a second time, and
 * against a core that a kernel wrote. */
#include "common/core/layout.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/procfs.h>

#include "common/base/cleanup.h"
#include "common/core/corefile.h"
#include "tests/lib/unit.h"

/* compat_elf_prstatus and compat_elf_prpsinfo of a 32-bit program (include/linux/elfcore-compat.h),
 * user_regs_struct32 (arch/x86/include/asm/user32.h). */
struct prstatus_i386 {
    int32_t signo, code, error;
    int16_t cursig;
    uint32_t pending, held;
    int32_t pid, ppid, pgrp, sid;
    int32_t times[8];
    struct {
        uint32_t ebx, ecx, edx, esi, edi, ebp, eax, ds, es, fs, gs, orig_eax, eip, cs, eflags, esp,
            ss;
    } reg;
    int32_t fpvalid;
};

struct prpsinfo_i386 {
    char state, sname, zomb, nice;
    uint32_t flag;
    uint16_t uid, gid;
    int32_t pid, ppid, pgrp, sid;
    char name[16], arguments[80];
};

/* elf_prstatus and elf_prpsinfo of 64 bits (include/linux/elfcore.h), user_pt_regs
 * (arch/arm64/include/uapi/asm/ptrace.h). */
struct prstatus_aarch64 {
    int32_t signo, code, error;
    int16_t cursig;
    uint64_t pending, held;
    int32_t pid, ppid, pgrp, sid;
    int64_t times[8];
    struct {
        uint64_t x[31], sp, pc, pstate;
    } reg;
    int32_t fpvalid;
};

struct prpsinfo_aarch64 {
    char state, sname, zomb, nice;
    uint64_t flag;
    uint32_t uid, gid;
    int32_t pid, ppid, pgrp, sid;
    char name[16], arguments[80];
};

static const struct {
    uint16_t machine;
    bool is64;
    const char *name, *pc, *sp, *fp;
    size_t sizes[8];
} machines[] = {
    {EM_X86_64,
     true,
     "x86_64",
     "rip",
     "rsp",
     "rbp",
     {sizeof(struct elf_prstatus), offsetof(struct elf_prstatus, pr_cursig),
      offsetof(struct elf_prstatus, pr_pid), offsetof(struct elf_prstatus, pr_reg),
      sizeof(struct elf_prpsinfo), offsetof(struct elf_prpsinfo, pr_pid),
      offsetof(struct elf_prpsinfo, pr_fname), offsetof(struct elf_prpsinfo, pr_psargs)}},
    {EM_AARCH64,
     true,
     "aarch64",
     "pc",
     "sp",
     "x29",
     {sizeof(struct prstatus_aarch64), offsetof(struct prstatus_aarch64, cursig),
      offsetof(struct prstatus_aarch64, pid), offsetof(struct prstatus_aarch64, reg),
      sizeof(struct prpsinfo_aarch64), offsetof(struct prpsinfo_aarch64, pid),
      offsetof(struct prpsinfo_aarch64, name), offsetof(struct prpsinfo_aarch64, arguments)}},
    {EM_386,
     false,
     "i386",
     "eip",
     "esp",
     "ebp",
     {sizeof(struct prstatus_i386), offsetof(struct prstatus_i386, cursig),
      offsetof(struct prstatus_i386, pid), offsetof(struct prstatus_i386, reg),
      sizeof(struct prpsinfo_i386), offsetof(struct prpsinfo_i386, pid),
      offsetof(struct prpsinfo_i386, name), offsetof(struct prpsinfo_i386, arguments)}},
};

START_TEST(notes_are_as_the_kernel_lays_them_out)
{
    const struct core_layout *l = core_layout_find(machines[_i].machine, machines[_i].is64);
    const size_t sizes[] = {l->prstatus_size,      l->prstatus_signal,   l->prstatus_tid,
                            l->prstatus_registers, l->prpsinfo_size,     l->prpsinfo_pid,
                            l->prpsinfo_name,      l->prpsinfo_arguments};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        ck_assert_msg(sizes[i] == machines[_i].sizes[i], "%s: number %zu is %zu, not %zu", l->name,
                      i, sizes[i], machines[_i].sizes[i]);
    ck_assert_str_eq(l->name, machines[_i].name);
    ck_assert_ptr_null(core_layout_find(l->machine, !l->is64));
    ck_assert_uint_eq(l->siginfo_address, l->is64 ? 16 : 12); /* after three int, aligned */
}
END_TEST

START_TEST(registers_are_told_apart)
{
    const struct core_layout *l = core_layout_find(machines[_i].machine, machines[_i].is64);
    size_t block = (size_t)(l->prstatus_size - l->prstatus_registers);

    for (size_t i = 0; i < l->n_registers; i++) {
        const struct core_register *r = &l->registers[i];

        ck_assert_uint_le(r->offset + layout_word_size(l), block);
        for (size_t k = 0; k < i; k++) {
            ck_assert_str_ne(l->registers[k].name, r->name);
            ck_assert_uint_ne(l->registers[k].offset, r->offset);
            ck_assert(r->dwarf < 0 || l->registers[k].dwarf != r->dwarf);
        }
    }
    ck_assert_str_eq(l->registers[l->pc].name, machines[_i].pc);
    ck_assert_str_eq(l->registers[l->sp].name, machines[_i].sp);
    ck_assert_str_eq(l->registers[l->fp].name, machines[_i].fp);
    ck_assert_int_ge(l->registers[l->pc].dwarf, 0);
    ck_assert_int_lt(l->registers[l->sp].dwarf, (int)l->unwind_registers);
    ck_assert_int_lt(l->link, (int)l->unwind_registers);
    ck_assert_uint_eq(l->address_mask & 0xffffffff, 0xffffffff);
}
END_TEST

static uint64_t value_of(const struct corefile *c, size_t thread, const char *name)
{
    for (size_t i = 0; i < c->layout->n_registers; i++)
        if (strcmp(c->layout->registers[i].name, name) == 0)
            return core_thread_register(c, &c->threads[thread], i);
    ck_abort_msg("no register %s", name);
}

/* Written by Linux 6.18 on x86_64: two threads without a C library, one asleep in pause(2), one
 * that read from 0x1234 with registers that can be told. Of its notes, those of vector registers
 * were taken out. */
START_TEST(a_program_of_32_bits)
{
    static const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"eax", 0x0a0a0a0a},
        {"ebx", 0x0b0b0b0b},
        {"ecx", 0x0c0c0c0c},
        {"edx", 0x0d0d0d0d},
        {"esi", 0x51515151},
        {"edi", 0xd1d1d1d1},
        {"ebp", 0xeb00eb00},
        {"esp", 0xff8f5960},
        {"eip", 0x0804811f},
        {"eflags", 0x00010202},
        {"cs", 0x23},
        {"ss", 0x2b},
        {"ds", 0x2b},
        {"es", 0x2b},
        {"fs", 0},
        {"gs", 0},
        {"orig_eax", 0xffffffff},
    };
    _cleanup_fd_ int fd = open("tests/corpus/corefile/i386", O_RDONLY | O_CLOEXEC);
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct corefile c;
    struct bytes b;
    uint32_t word;

    ck_assert_int_eq(bytes_of_file(fd, &b), 0);
    ck_assert_int_eq(corefile_open(b, &a, &c), 0);
    ck_assert_str_eq(c.layout->name, "i386");
    ck_assert_uint_eq(c.n_threads, 2);
    ck_assert(c.threads[0].tid == 16492 && c.threads[1].tid == 16493 && c.pid == 16492);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        ck_assert_msg(value_of(&c, 0, values[i].name) == values[i].value, "%s", values[i].name);
    ck_assert_uint_eq(value_of(&c, 1, "orig_eax"), 29); /* pause */
    ck_assert_uint_eq(value_of(&c, 1, "eip"), 0x0804812b);
    ck_assert(c.signal == 11 && c.code == 1 && c.has_address && c.address == 0x1234);
    ck_assert_str_eq(c.name, "tiny");
    ck_assert_str_eq(c.arguments, "./tiny 32 ");
    ck_assert_uint_eq(c.auxv_program_headers, 0x8048034);
    ck_assert_uint_eq(c.auxv_n_program_headers, 4);
    ck_assert_uint_eq(c.auxv_entry, 0x80480d8);
    ck_assert_uint_eq(c.auxv_random, 0xff8f5a3b);
    ck_assert_uint_eq(c.auxv_file_name, 0xff8f6ff1);
    ck_assert_uint_eq(c.auxv_vdso, 0xf7f76000);
    ck_assert_uint_eq(c.n_mappings, 2);
    ck_assert_str_eq(corefile_mapping(&c, 0x8049fff)->path, "/tmp/i386/tiny");
    ck_assert_int_eq(corefile_read(&c, 0xff8f5960, &word, sizeof word), sizeof word);
    ck_assert_uint_eq(word, 2); /* argc */
}
END_TEST

/* --- A core of a machine that is not at hand --- */

struct note {
    Elf64_Nhdr h;
    char name[8];
};

struct __attribute__((packed)) core_aarch64 {
    Elf64_Ehdr header;
    Elf64_Phdr notes;
    struct __attribute__((packed)) {
        struct note note;
        struct prstatus_aarch64 desc;
    } status;
    struct __attribute__((packed)) {
        struct note note;
        struct prpsinfo_aarch64 desc;
    } info;
    struct __attribute__((packed)) {
        struct note note;
        uint64_t desc[16];
    } siginfo;
};

static struct note note_of(uint32_t type, size_t size)
{
    return (struct note){{5, (uint32_t)size, type}, "CORE"};
}

START_TEST(a_program_of_aarch64)
{
    struct core_aarch64 file = {
        .header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1},
                   .e_type = ET_CORE,
                   .e_machine = EM_AARCH64,
                   .e_phoff = sizeof file.header,
                   .e_phentsize = sizeof file.notes,
                   .e_phnum = 1},
        .notes = {.p_type = PT_NOTE,
                  .p_offset = offsetof(struct core_aarch64, status),
                  .p_filesz = sizeof file - offsetof(struct core_aarch64, status)},
        .status = {.note = note_of(NT_PRSTATUS, sizeof file.status.desc),
                   .desc = {.cursig = 7, .pid = 77, .reg = {.sp = 1 << 20, .pc = 2 << 20}}},
        .info = {.note = note_of(NT_PRPSINFO, sizeof file.info.desc),
                 .desc = {.pid = 76, .name = "arm", .arguments = "arm --strong"}},
        .siginfo = {.note = note_of(NT_SIGINFO, sizeof file.siginfo.desc),
                    .desc = {7, 2, 0x123456789abc}},
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct corefile c;

    file.status.desc.reg.pstate = 0x60000000;
    for (size_t i = 0; i < 31; i++)
        file.status.desc.reg.x[i] = i << 40 | i;
    ck_assert_int_eq(corefile_open(bytes_of_memory(&file, sizeof file), &a, &c), 0);
    ck_assert_str_eq(c.layout->name, "aarch64");
    ck_assert(c.n_threads == 1 && c.threads[0].tid == 77 && c.threads[0].signal == 7);
    ck_assert(c.pid == 76 && c.signal == 7 && c.code == 2 && c.address == 0x123456789abc);
    ck_assert_str_eq(c.arguments, "arm --strong");
    ck_assert_uint_eq(value_of(&c, 0, "x0"), 0);
    ck_assert_uint_eq(value_of(&c, 0, "x17"), UINT64_C(17) << 40 | 17);
    ck_assert_uint_eq(value_of(&c, 0, "x30"), UINT64_C(30) << 40 | 30);
    ck_assert_uint_eq(value_of(&c, 0, "sp"), 1 << 20);
    ck_assert_uint_eq(value_of(&c, 0, "pc"), 2 << 20);
    ck_assert_uint_eq(value_of(&c, 0, "cpsr"), 0x60000000);
}
END_TEST

UNIT_TABLES_MAIN("core/layout", {notes_are_as_the_kernel_lays_them_out, ARRAY_SIZE(machines)},
                 {registers_are_told_apart, ARRAY_SIZE(machines)}, {a_program_of_32_bits, 1},
                 {a_program_of_aarch64, 1})
