/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/sidecar */
/* Sidecars of this program and of the C library, held against the originals by elfutils: the same
 * unwind rules, the same dynamic symbols, and nothing else. */
#include "client/sidecar/sidecar.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <elfutils/libdw.h>
#include <gelf.h>
#include <libelf.h>

#include "client/sidecar/debuglink.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

static int open_libc(void)
{
    Dl_info info;

    ck_assert_int_ne(dladdr((void *)(uintptr_t)&printf, &info), 0);
    return open(info.dli_fname, O_RDONLY | O_CLOEXEC);
}

static int make(int fd, struct sidecar *ret)
{
    static struct arena a;
    int out = memfd_create("sidecar", MFD_CLOEXEC);
    struct bytes file;

    ck_assert_int_eq(bytes_of_file(fd, &file), 0);
    ck_assert_int_eq(sidecar_plan(file, &a, ret), 0);
    ck_assert_int_eq(sidecar_write_fd(ret, out), 0);
    return out;
}

/* A copy without section headers, as sstrip(1) would leave it. */
static int without_sections(int fd)
{
    _cleanup_buf_ struct buf b = BUF_INIT(64u << 20);
    int out = memfd_create("bare", MFD_CLOEXEC);
    Elf64_Ehdr *h;

    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert_int_eq(io_read_fd(fd, &b), 0);
    h = (Elf64_Ehdr *)b.data;
    h->e_shoff = 0;
    h->e_shnum = h->e_shstrndx = 0;
    ck_assert_int_eq(io_write(out, b.data, b.len), 0);
    return out;
}

/* --- What elfutils reads in both --- */

static size_t compare_cfi(Elf *a, Elf *b)
{
    Dwarf_CFI *x = dwarf_getcfi_elf(a), *y = dwarf_getcfi_elf(b);
    size_t phdrs, n = 0;
    GElf_Phdr p;

    ck_assert(x && y);
    ck_assert_int_eq(elf_getphdrnum(a, &phdrs), 0);
    for (size_t i = 0; i < phdrs; i++) {
        if (!gelf_getphdr(a, (int)i, &p) || p.p_type != PT_LOAD || !(p.p_flags & PF_X))
            continue;
        for (Dwarf_Addr pc = p.p_vaddr; pc < p.p_vaddr + p.p_filesz; pc += 61) {
            Dwarf_Frame *f = NULL, *g = NULL;
            Dwarf_Op *ops, *other;
            size_t n_ops, n_other;

            ck_assert_int_eq(dwarf_cfi_addrframe(x, pc, &f) == 0,
                             dwarf_cfi_addrframe(y, pc, &g) == 0);
            if (!f)
                continue;
            n++;
            ck_assert_int_eq(dwarf_frame_cfa(f, &ops, &n_ops), 0);
            ck_assert_int_eq(dwarf_frame_cfa(g, &other, &n_other), 0);
            ck_assert_uint_eq(n_ops, n_other);
            for (size_t k = 0; k < n_ops; k++)
                ck_assert(ops[k].atom == other[k].atom && ops[k].number == other[k].number);
            free(f);
            free(g);
        }
    }
    dwarf_cfi_end(x);
    dwarf_cfi_end(y);
    return n;
}

static Elf_Scn *find_section(Elf *elf, GElf_Word type, GElf_Shdr *h)
{
    Elf_Scn *s = NULL;

    while ((s = elf_nextscn(elf, s)))
        if (gelf_getshdr(s, h) && h->sh_type == type)
            return s;
    return NULL;
}

static size_t compare_symbols(Elf *a, Elf *b)
{
    GElf_Shdr h, g;
    Elf_Data *x = elf_getdata(find_section(a, SHT_DYNSYM, &h), NULL);
    Elf_Data *y = elf_getdata(find_section(b, SHT_DYNSYM, &g), NULL);
    size_t n = h.sh_size / h.sh_entsize;

    ck_assert_uint_eq(h.sh_size, g.sh_size);
    for (size_t i = 0; i < n; i++) {
        GElf_Sym s, t;

        gelf_getsym(x, (int)i, &s);
        gelf_getsym(y, (int)i, &t);
        ck_assert_str_eq(elf_strptr(a, h.sh_link, s.st_name), elf_strptr(b, g.sh_link, t.st_name));
        ck_assert_uint_eq(s.st_value, t.st_value);
    }
    return n;
}

static void compare(int original, int sidecar, bool sections)
{
    Elf *a = elf_begin(original, ELF_C_READ, NULL), *b = elf_begin(sidecar, ELF_C_READ, NULL);
    char x[ELF_BUILD_ID_TEXT], y[ELF_BUILD_ID_TEXT];
    GElf_Shdr h;

    ck_assert(a && b);
    ck_assert_uint_ge(compare_cfi(a, b), 100);
    ck_assert_int_eq(elf_build_id_fd(original, x), 0);
    ck_assert_int_eq(elf_build_id_fd(sidecar, y), 0);
    ck_assert_str_eq(x, y);
    if (sections) {
        ck_assert_uint_ge(compare_symbols(a, b), 3);
        ck_assert_ptr_null(find_section(b, SHT_SYMTAB, &h));
        ck_assert_ptr_null(find_section(b, SHT_RELA, &h));
    }
    elf_end(a);
    elf_end(b);
}

/* --- Tests --- */

START_TEST(of_the_c_library)
{
    _cleanup_fd_ int libc = open_libc(), side;
    struct stat whole, st;
    struct sidecar s;

    elf_version(EV_CURRENT);
    side = make(libc, &s);
    compare(libc, side, true);
    ck_assert_int_eq(fstat(libc, &whole), 0);
    ck_assert_int_eq(fstat(side, &st), 0);
    ck_assert_uint_eq((uint64_t)st.st_size, s.size);
    ck_assert_uint_lt(s.kept, (uint64_t)whole.st_size / 3);
    ck_assert_uint_lt((uint64_t)st.st_blocks * 512, (uint64_t)whole.st_size / 2);
}
END_TEST

/* Debug information lies behind what is loaded: nothing is left of it, not even a hole. */
START_TEST(of_a_program_with_debug_information)
{
    _cleanup_fd_ int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), side;
    struct stat whole;
    struct sidecar s;

    elf_version(EV_CURRENT);
    side = make(self, &s);
    compare(self, side, true);
    ck_assert_int_eq(fstat(self, &whole), 0);
    ck_assert_uint_lt(s.size, (uint64_t)whole.st_size / 2);
}
END_TEST

START_TEST(of_a_library_without_section_headers)
{
    _cleanup_fd_ int libc = open_libc(), bare = without_sections(libc), side, full;
    struct sidecar s, t;

    elf_version(EV_CURRENT);
    side = make(bare, &s);
    compare(bare, side, false);
    full = make(libc, &t);
    ck_assert_uint_lt(s.kept, t.kept);
    ck_assert_uint_gt(s.kept, t.kept / 2); /* symbols and strings are in it as well */
}
END_TEST

/* What was left out is nothing but zeros. */
START_TEST(nothing_of_the_code_is_in_it)
{
    _cleanup_fd_ int libc = open_libc(), side;
    char code[64];
    struct sidecar s;
    Elf *elf;
    size_t phdrs;

    elf_version(EV_CURRENT);
    side = make(libc, &s);
    elf = elf_begin(side, ELF_C_READ, NULL);
    ck_assert_int_eq(elf_getphdrnum(elf, &phdrs), 0);
    for (size_t i = 0; i < phdrs; i++) {
        GElf_Phdr p;

        if (!gelf_getphdr(elf, (int)i, &p) || p.p_type != PT_LOAD || !(p.p_flags & PF_X))
            continue;
        for (GElf_Off at = p.p_offset; at + 64 < p.p_offset + p.p_filesz; at += 64) {
            ck_assert_int_eq(io_pread(side, code, sizeof(code), (off_t)at), sizeof(code));
            for (size_t k = 0; k < sizeof(code); k++)
                ck_assert_int_eq(code[k], 0);
        }
    }
    elf_end(elf);
}
END_TEST

START_TEST(what_is_no_elf_file)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
                    .e_phoff = 1u << 20,
                    .e_phentsize = sizeof(Elf64_Phdr),
                    .e_phnum = 3};
    struct sidecar s;

    ck_assert_int_eq(sidecar_plan(bytes_of_memory("", 0), &a, &s), SIDECAR_NOT_ELF);
    ck_assert_int_eq(sidecar_plan(bytes_of_memory("#!/bin/sh\n", 10), &a, &s), SIDECAR_NOT_ELF);
    ck_assert_int_eq(sidecar_plan(bytes_of_memory(&h, sizeof(h)), &a, &s), SIDECAR_MALFORMED);
    h.e_phnum = 0xfffe;
    ck_assert_int_eq(sidecar_plan(bytes_of_memory(&h, sizeof(h)), &a, &s), SIDECAR_MALFORMED);
}
END_TEST

START_TEST(the_link_to_debug_information)
{
    _cleanup_fd_ int libc = open_libc(), self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), side;
    char link[DEBUGLINK_SIZE], again[DEBUGLINK_SIZE];
    struct bytes file;
    struct sidecar s;

    ck_assert_int_eq(bytes_of_file(self, &file), 0);
    ck_assert_int_eq(debuglink_read(file, link), DEBUGLINK_NONE);
    ck_assert_int_eq(bytes_of_file(libc, &file), 0);
    ck_assert_int_eq(debuglink_read(file, link), 0);
    ck_assert_ptr_null(strchr(link, '/'));
    side = make(libc, &s);
    ck_assert_int_eq(bytes_of_file(side, &file), 0);
    ck_assert_int_eq(debuglink_read(file, again), 0);
    ck_assert_str_eq(link, again);
}
END_TEST

UNIT_MAIN("client/sidecar", of_the_c_library, of_a_program_with_debug_information,
          of_a_library_without_section_headers, nothing_of_the_code_is_in_it, what_is_no_elf_file,
          the_link_to_debug_information)
