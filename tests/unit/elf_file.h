/* SPDX-License-Identifier: Apache-2.0 */
/* Writes small 64-bit ELF files into memory: a header, segments, sections with their names. Every
 * number of them is the test's to choose. */
#ifndef CORRAL_TESTS_UNIT_ELF_FILE_H
#define CORRAL_TESTS_UNIT_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/base/buf.h"

struct elf_file_section {
    const char *name;
    uint32_t type, link; /* the first section of the list has number 1 */
    uint64_t flags, address;
    const void *bytes;
    size_t size;
};

struct elf_file {
    uint16_t type, machine; /* 0: ET_DYN, EM_X86_64 */
    const Elf64_Phdr *segments;
    size_t n_segments;
    const struct elf_file_section *sections;
    size_t n_sections;
};

static void elf_file_sections(const struct elf_file *f, struct buf *out)
{
    Elf64_Shdr rows[64] = {0};
    struct buf names;

    buf_init(&names, 4096);
    buf_addc(&names, '\0');
    for (size_t i = 0; i < f->n_sections; i++) {
        const struct elf_file_section *s = &f->sections[i];

        rows[i + 1] = (Elf64_Shdr){
            .sh_name = (uint32_t)names.len,
            .sh_type = s->type,
            .sh_flags = s->flags,
            .sh_addr = s->address,
            .sh_offset = out->len,
            .sh_size = s->size,
            .sh_link = s->link,
            .sh_entsize = 1,
        };
        buf_add(&names, s->name, strlen(s->name) + 1);
        if (s->type != SHT_NOBITS)
            buf_add(out, s->bytes, s->size);
    }
    rows[f->n_sections + 1] =
        (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = out->len, .sh_size = names.len};
    buf_add(out, names.data, names.len);
    ((Elf64_Ehdr *)(void *)out->data)->e_shoff = out->len;
    ((Elf64_Ehdr *)(void *)out->data)->e_shnum = (uint16_t)(f->n_sections + 2);
    ((Elf64_Ehdr *)(void *)out->data)->e_shstrndx = (uint16_t)(f->n_sections + 1);
    buf_add(out, rows, (f->n_sections + 2) * sizeof rows[0]);
    buf_fini(&names);
}

/* Into an empty buffer. At most 62 sections. */
static void elf_file_build(const struct elf_file *f, struct buf *out)
{
    const Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = f->type ? f->type : ET_DYN,
        .e_machine = f->machine ? f->machine : EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof header,
        .e_ehsize = sizeof header,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (uint16_t)f->n_segments,
        .e_shentsize = sizeof(Elf64_Shdr),
    };

    buf_add(out, &header, sizeof header);
    buf_add(out, f->segments, f->n_segments * sizeof f->segments[0]);
    if (f->n_sections > 0)
        elf_file_sections(f, out);
}

#endif
