/* SPDX-License-Identifier: Apache-2.0 */
/* Writes small x86-64 cores into memory, laid out as the kernel lays them out: header, program
 * headers, notes, memory. Every number of it is the test's to choose, also wrong ones. */
#ifndef CORRAL_TESTS_UNIT_CORE_IMAGE_H
#define CORRAL_TESTS_UNIT_CORE_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/procfs.h>

#include "common/base/buf.h"

struct core_image_thread {
    int tid, signal;
    uint64_t pc, sp, bp;
    uint64_t tp;  /* fs_base: the thread's own data */
    uint8_t xmm1; /* its lowest byte; 0: no note of such registers */
};

struct core_image_file {
    uint64_t start, end, page_offset;
    const char *path;
};

struct core_image_memory {
    uint64_t start, memsz;
    const char *bytes; /* what was dumped, filesz of them */
    uint64_t filesz;
    uint32_t flags;
};

struct core_image {
    const struct core_image_thread *threads;
    size_t n_threads;
    const struct core_image_file *files;
    size_t n_files;
    const struct core_image_memory *memory;
    size_t n_memory;
    int signal, code; /* of siginfo; signal 0: no siginfo note */
    uint64_t address;
    uint64_t vdso, entry; /* auxiliary vector */
    uint64_t program_headers, n_program_headers, random, file_name;
    uint64_t files_claimed; /* what NT_FILE says of its length; 0: the truth */
    bool xnum;              /* the number of segments is in a section header at the end */
};

static void image_note(struct buf *b, uint32_t type, const void *desc, size_t size)
{
    static const char padding[4];
    const Elf64_Nhdr h = {.n_namesz = 5, .n_descsz = (uint32_t)size, .n_type = type};

    buf_add(b, &h, sizeof h);
    buf_add(b, "CORE\0\0\0", 8);
    buf_add(b, desc, size);
    buf_add(b, padding, -size & 3);
}

static void image_thread_note(struct buf *b, const struct core_image_thread *t)
{
    struct elf_prstatus s = {.pr_pid = t->tid, .pr_cursig = (short)t->signal};

    s.pr_reg[4] = t->bp;
    s.pr_reg[16] = t->pc; /* rip of struct user_regs_struct */
    s.pr_reg[19] = t->sp;
    s.pr_reg[21] = t->tp;
    image_note(b, NT_PRSTATUS, &s, sizeof s);
    uint8_t vectors[512] = {[176] = t->xmm1}; /* struct user_i387_struct */

    if (t->xmm1)
        image_note(b, NT_FPREGSET, vectors, sizeof vectors);
}

static void image_file_note(struct buf *notes, const struct core_image *m)
{
    uint64_t head[2] = {m->files_claimed ? m->files_claimed : m->n_files, 4096};
    struct buf b;

    buf_init(&b, 1u << 23);
    buf_add(&b, head, sizeof head);
    for (size_t i = 0; i < m->n_files; i++) {
        uint64_t entry[3] = {m->files[i].start, m->files[i].end, m->files[i].page_offset};

        buf_add(&b, entry, sizeof entry);
    }
    for (size_t i = 0; i < m->n_files; i++)
        buf_add(&b, m->files[i].path, strlen(m->files[i].path) + 1);
    image_note(notes, NT_FILE, b.data, b.len);
    buf_fini(&b);
}

static void image_notes(struct buf *b, const struct core_image *m)
{
    struct elf_prpsinfo info = {.pr_pid = 4242, .pr_fname = "tester", .pr_psargs = "tester --now"};
    uint64_t auxv[][2] = {{AT_SYSINFO_EHDR, m->vdso},
                          {AT_ENTRY, m->entry},
                          {AT_PHDR, m->program_headers},
                          {AT_PHNUM, m->n_program_headers},
                          {AT_RANDOM, m->random},
                          {AT_EXECFN, m->file_name},
                          {AT_NULL, 0}};
    uint8_t siginfo[128] = {0};

    memcpy(siginfo, &m->signal, 4);
    memcpy(siginfo + 8, &m->code, 4);
    memcpy(siginfo + 16, &m->address, 8);
    for (size_t i = 0; i < m->n_threads; i++) {
        image_thread_note(b, &m->threads[i]);
        if (i > 0)
            continue;
        image_note(b, NT_PRPSINFO, &info, sizeof info);
        if (m->signal)
            image_note(b, NT_SIGINFO, siginfo, sizeof siginfo);
        image_note(b, NT_AUXV, auxv, sizeof auxv);
        image_file_note(b, m);
    }
}

/* Appends the core to out. */
static void core_image_build(const struct core_image *m, struct buf *out)
{
    size_t n = m->n_memory + 1;
    struct buf notes;
    Elf64_Ehdr h = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof h,
        .e_ehsize = sizeof h,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (uint16_t)(m->xnum ? PN_XNUM : n),
    };
    Elf64_Shdr first = {.sh_info = (uint32_t)n};

    buf_init(&notes, 1u << 24);
    image_notes(&notes, m);
    uint64_t at = sizeof h + n * sizeof(Elf64_Phdr);
    Elf64_Phdr p = {.p_type = PT_NOTE, .p_offset = at, .p_filesz = notes.len, .p_align = 4};

    at += notes.len;
    if (m->xnum) {
        h.e_shentsize = sizeof first;
        h.e_shoff = at;
        for (size_t i = 0; i < m->n_memory; i++)
            h.e_shoff += m->memory[i].filesz;
    }
    buf_add(out, &h, sizeof h);
    buf_add(out, &p, sizeof p);
    for (size_t i = 0; i < m->n_memory; i++) {
        const struct core_image_memory *s = &m->memory[i];

        p = (Elf64_Phdr){.p_type = PT_LOAD,
                         .p_flags = s->flags,
                         .p_offset = at,
                         .p_vaddr = s->start,
                         .p_filesz = s->filesz,
                         .p_memsz = s->memsz,
                         .p_align = 1};
        buf_add(out, &p, sizeof p);
        at += s->filesz;
    }
    buf_add(out, notes.data, notes.len);
    for (size_t i = 0; i < m->n_memory; i++)
        buf_add(out, m->memory[i].bytes, m->memory[i].filesz);
    if (m->xnum)
        buf_add(out, &first, sizeof first);
    buf_fini(&notes);
}

#endif
