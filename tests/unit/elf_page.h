/* SPDX-License-Identifier: Apache-2.0 */
/* The first page of an ELF file as it lies in memory: headers and a build-id. The file has a page
 * of code in front, a page that is not loaded, and a page of data. */
#ifndef CORRAL_TESTS_UNIT_ELF_PAGE_H
#define CORRAL_TESTS_UNIT_ELF_PAGE_H

#include <elf.h>
#include <stdint.h>
#include <string.h>

#define ELF_PAGE_SIZE 0x1000u
#define ELF_PAGE_DATA 0x2000u /* where its data begins, behind its start */

struct elf_page {
    uint16_t type;
    const char *id;   /* four bytes; NULL: no build-id */
    uint64_t base;    /* the address that it was linked for */
    uint64_t dynamic; /* where PT_DYNAMIC is, behind base; 0: it has none */
};

static void elf_page_make(uint8_t ret[static ELF_PAGE_SIZE], const struct elf_page *e)
{
    const Elf64_Ehdr h = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = e->type,
        .e_machine = EM_X86_64,
        .e_phoff = sizeof h,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = e->dynamic ? 5 : 4,
    };
    const Elf64_Phdr p[] = {
        {.p_type = PT_PHDR, .p_vaddr = e->base + sizeof h, .p_offset = sizeof h},
        {.p_type = PT_LOAD, .p_vaddr = e->base, .p_filesz = 0x1000, .p_memsz = 0x1000},
        {.p_type = PT_LOAD,
         .p_vaddr = e->base + ELF_PAGE_DATA,
         .p_offset = 0x1000,
         .p_filesz = 0x800,
         .p_memsz = 0x4000},
        {.p_type = PT_NOTE, .p_offset = 0x800, .p_filesz = e->id ? 20 : 0, .p_align = 4},
        {.p_type = PT_DYNAMIC, .p_vaddr = e->base + e->dynamic, .p_memsz = 0x100},
    };
    const Elf64_Nhdr n = {.n_namesz = 4, .n_descsz = 4, .n_type = NT_GNU_BUILD_ID};

    memset(ret, 0, ELF_PAGE_SIZE);
    memcpy(ret, &h, sizeof h);
    memcpy(ret + sizeof h, p, sizeof p);
    memcpy(ret + 0x800, &n, sizeof n);
    memcpy(ret + 0x800 + sizeof n, "GNU", 4);
    if (e->id)
        memcpy(ret + 0x800 + sizeof n + 4, e->id, 4);
}

#endif
