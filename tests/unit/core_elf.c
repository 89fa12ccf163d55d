/* SPDX-License-Identifier: Apache-2.0 */
/* This test's own executable against elfutils, and headers that lie. */
#include "common/core/elf.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <libelf.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define SELF "/proc/self/exe"

static void read_self(struct buf *b)
{
    buf_init(b, 64u << 20);
    ck_assert_int_eq(io_read_file(AT_FDCWD, SELF, b), 0);
}

/* What elfutils thinks of it. */
static void reference_build_id(char ret[static ELF_BUILD_ID_TEXT])
{
    _cleanup_fd_ int fd = open(SELF, O_RDONLY | O_CLOEXEC);
    const void *id;

    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    ssize_t n = dwelf_elf_gnu_build_id(elf, &id);

    ck_assert_int_gt(n, 0);
    hex_encode(id, (size_t)n, ret);
    elf_end(elf);
}

START_TEST(headers_of_a_real_program)
{
    _cleanup_buf_ struct buf b;
    struct elf_segment s;
    struct elf_view v;
    size_t loads = 0;

    read_self(&b);
    ck_assert_int_eq(elf_open(b.data, b.len, &v), 0);
    ck_assert(v.is64 && v.type == ET_DYN);
    ck_assert_int_eq(memcmp(&v.entry, b.data + offsetof(Elf64_Ehdr, e_entry), 8), 0);
    for (uint32_t i = 0; i < v.phnum; i++) {
        ck_assert_int_eq(elf_segment(&v, i, &s), 0);
        loads += s.type == PT_LOAD;
    }
    ck_assert_uint_ge(loads, 2);
    ck_assert_int_eq(elf_segment(&v, v.phnum, &s), ELF_MALFORMED);
}
END_TEST

START_TEST(build_id_in_memory_and_in_a_file)
{
    char expected[ELF_BUILD_ID_TEXT], found[ELF_BUILD_ID_TEXT];
    _cleanup_fd_ int fd = open(SELF, O_RDONLY | O_CLOEXEC);
    _cleanup_buf_ struct buf b;
    struct elf_view v;

    read_self(&b);
    reference_build_id(expected);
    ck_assert_int_eq(elf_open(b.data, b.len, &v), 0);
    ck_assert_int_eq(elf_build_id(&v, found), 0);
    ck_assert_str_eq(found, expected);
    ck_assert_int_eq(elf_build_id_fd(fd, found), 0);
    ck_assert_str_eq(found, expected);
    /* A core has its first page only. */
    ck_assert_int_eq(elf_open(b.data, 4096, &v), 0);
    ck_assert_int_eq(elf_build_id(&v, found), 0);
    ck_assert_str_eq(found, expected);
}
END_TEST

/* The note before, across and behind the bytes that are read first, and in none of them. */
START_TEST(build_id_wherever_in_the_file_it_lies)
{
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr note;
    } file = {
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                   .e_phoff = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 1},
        .note = {.p_type = PT_NOTE, .p_align = 4},
    };
    const struct {
        Elf64_Nhdr header;
        char name[4], id[8];
    } note = {{4, 8, NT_GNU_BUILD_ID}, "GNU", "build-id"};

    for (size_t at = sizeof file; at < 4200; at += 4) {
        _cleanup_fd_ int fd = memfd_create("elf", MFD_CLOEXEC);
        char found[ELF_BUILD_ID_TEXT];

        file.note.p_offset = at;
        file.note.p_filesz = file.note.p_memsz = sizeof note;
        ck_assert(pwrite(fd, &file, sizeof file, 0) == sizeof file &&
                  pwrite(fd, &note, sizeof note, (off_t)at) == sizeof note);
        ck_assert_msg(elf_build_id_fd(fd, found) == 0, "%zu", at);
        ck_assert_str_eq(found, "6275696c642d6964");
        ck_assert_int_eq(ftruncate(fd, (off_t)(at + sizeof note - 1)), 0);
        ck_assert_msg(elf_build_id_fd(fd, found) != 0, "%zu", at);
    }
}
END_TEST

START_TEST(build_id_of_a_debug_file_is_in_a_section)
{
    char expected[ELF_BUILD_ID_TEXT], found[ELF_BUILD_ID_TEXT];
    _cleanup_buf_ struct buf b;
    struct elf_view v;

    read_self(&b);
    reference_build_id(expected);
    /* As objcopy --only-keep-debug may leave it: segments without bytes. */
    ck_assert_int_eq(elf_open(b.data, b.len, &v), 0);
    for (uint32_t i = 0; i < v.phnum; i++)
        memset(b.data + v.phoff + i * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_filesz), 0, 8);
    ck_assert_int_eq(elf_build_id(&v, found), 0);
    ck_assert_str_eq(found, expected);
}
END_TEST

START_TEST(not_elf)
{
    static const struct {
        const char *bytes;
        size_t n;
        int outcome;
    } cases[] = {
        {"", 0, ELF_NOT_ELF},
        {"\177EL", 3, ELF_NOT_ELF},
        {"#!/bin/sh\nexit 0 # long enough\n", 30, ELF_NOT_ELF},
        {"\177ELF\2\2\1\0\0\0\0\0\0\0\0\0", 16, ELF_NOT_ELF}, /* big-endian */
        {"\177ELF\3\1\1\0\0\0\0\0\0\0\0\0", 16, ELF_NOT_ELF}, /* no such class */
        {"\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16, ELF_MALFORMED},
        {"\177ELF\1\1\1\0\0\0\0\0\0\0\0\0", 16, ELF_MALFORMED},
    };
    struct elf_view v;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_msg(elf_open(cases[i].bytes, cases[i].n, &v) == cases[i].outcome, "case %zu", i);
}
END_TEST

START_TEST(class_32_is_read_too)
{
    struct {
        Elf32_Ehdr h;
        Elf32_Phdr p;
        Elf32_Nhdr n;
        char name[4];
        uint8_t id[3];
    } file = {
        .h = {.e_ident = "\177ELF\1\1\1", .e_type = ET_EXEC, .e_machine = EM_386, .e_phnum = 1},
        .n = {.n_namesz = 4, .n_descsz = 3, .n_type = NT_GNU_BUILD_ID},
        .name = "GNU",
        .id = {0xde, 0xad, 0x01},
    };
    char found[ELF_BUILD_ID_TEXT];
    struct elf_view v;

    file.h.e_phoff = offsetof(__typeof__(file), p);
    file.h.e_phentsize = sizeof file.p;
    file.p = (Elf32_Phdr){.p_type = PT_NOTE,
                          .p_offset = offsetof(__typeof__(file), n),
                          .p_filesz = sizeof file.n + 4 + 3,
                          .p_align = 4};
    ck_assert_int_eq(elf_open(&file, sizeof file, &v), 0);
    ck_assert(!v.is64);
    ck_assert_int_eq(elf_build_id(&v, found), 0);
    ck_assert_str_eq(found, "dead01");
}
END_TEST

/* A file that has up to two notes in segments of their own. */
struct noted {
    Elf64_Ehdr h;
    Elf64_Phdr p[2];
    uint8_t notes[2][256];
};

static void add_note(struct noted *f, uint32_t type, const char *name, const char *desc)
{
    size_t i = f->h.e_phnum++;
    Elf64_Nhdr n = {.n_namesz = 4, .n_descsz = (uint32_t)strlen(desc), .n_type = type};

    memcpy(f->notes[i], &n, sizeof n);
    memcpy(f->notes[i] + sizeof n, name, 4);
    memcpy(f->notes[i] + sizeof n + 4, desc, strlen(desc));
    f->p[i] = (Elf64_Phdr){.p_type = PT_NOTE,
                           .p_offset = offsetof(struct noted, notes[i]),
                           .p_filesz = sizeof n + 4 + strlen(desc),
                           .p_align = 4};
}

static struct noted begin_noted(void)
{
    return (struct noted){.h = {.e_ident = "\177ELF\2\1\1",
                                .e_type = ET_EXEC,
                                .e_phoff = offsetof(struct noted, p),
                                .e_phentsize = sizeof(Elf64_Phdr)}};
}

#define GO_REST "7a65/d9mW/K-_k/"

START_TEST(build_id_of_go)
{
    static const struct {
        const char *note, *expected; /* NULL: none */
    } cases[] = {
        {GO_REST "pb4JL04DKIQzQ6PdVgm0", "7062344a4c3034444b49517a5136506456676d30"},
        {GO_REST "XXpb4JL04DKIQzQ6PdVgm0", "7062344a4c3034444b49517a5136506456676d30"},
        {GO_REST "pb4JL04DKIQzQ6Pd", "7062344a4c3034444b49517a51365064"},
        {GO_REST "pb4JL04DKIQzQ6P", NULL}, /* fewer than 16 */
        {"pb4JL04DKIQzQ6PdVgm0", NULL},    /* a text of the one who linked it */
        {GO_REST, NULL},
        {"", NULL},
    };
    char found[ELF_BUILD_ID_TEXT];
    struct elf_view v;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct noted f = begin_noted();

        add_note(&f, 4, "Go\0", cases[i].note);
        ck_assert_int_eq(elf_open(&f, sizeof f, &v), 0);
        ck_assert_int_eq(elf_build_id(&v, found), cases[i].expected ? 0 : ELF_NO_BUILD_ID);
        if (cases[i].expected)
            ck_assert_str_eq(found, cases[i].expected);
    }
}
END_TEST

/* Whichever comes first; and no other than GNU's while GNU's may be beyond the bytes. */
START_TEST(build_id_of_gnu_before_that_of_go)
{
    static const char go[] = GO_REST "pb4JL04DKIQzQ6PdVgm0";
    struct noted go_first = begin_noted(), gnu_first = begin_noted(), other = begin_noted();
    char found[ELF_BUILD_ID_TEXT];
    struct elf_view v;

    add_note(&go_first, 4, "Go\0", go);
    add_note(&go_first, NT_GNU_BUILD_ID, "GNU", "abcd");
    ck_assert_int_eq(elf_open(&go_first, sizeof go_first, &v), 0);
    ck_assert_int_eq(elf_build_id(&v, found), 0);
    ck_assert_str_eq(found, "61626364");
    ck_assert_int_eq(elf_open(&go_first, offsetof(struct noted, notes[1]), &v), 0);
    ck_assert_int_eq(elf_build_id(&v, found), ELF_NO_BUILD_ID);

    add_note(&gnu_first, NT_GNU_BUILD_ID, "GNU", "abcd");
    add_note(&gnu_first, 4, "Go\0", go);
    ck_assert_int_eq(elf_open(&gnu_first, sizeof gnu_first, &v), 0);
    ck_assert_int_eq(elf_build_id(&v, found), 0);
    ck_assert_str_eq(found, "61626364");

    add_note(&other, 4, "Og\0", go);
    add_note(&other, 3, "Go\0", go);
    ck_assert_int_eq(elf_open(&other, sizeof other, &v), 0);
    ck_assert_int_eq(elf_build_id(&v, found), ELF_NO_BUILD_ID);
}
END_TEST

START_TEST(notes)
{
    static const uint8_t two[] = {
        4, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 'G', 'N', 'U', 0, 'a', 'b', 0, 0, /* padded to 4 */
        0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0,
    };
    struct elf_note n;
    size_t offset = 0;

    ck_assert_int_eq(elf_note_next(two, sizeof two, 4, &offset, &n), 0);
    ck_assert(n.type == 7 && n.name_size == 4 && n.desc_size == 2 && n.desc[0] == 'a');
    ck_assert_int_eq(elf_note_next(two, sizeof two, 4, &offset, &n), 0);
    ck_assert(n.type == 9 && n.name_size == 0 && n.desc_size == 0);
    ck_assert_int_eq(elf_note_next(two, sizeof two, 4, &offset, &n), ELF_NOT_ELF);
    /* Without the padding at the very end; and one byte less than the content. */
    offset = 0;
    ck_assert_int_eq(elf_note_next(two, 18, 4, &offset, &n), 0);
    ck_assert_int_eq(elf_note_next(two, 18, 4, &offset, &n), ELF_NOT_ELF);
    offset = 0;
    ck_assert_int_eq(elf_note_next(two, 17, 4, &offset, &n), ELF_MALFORMED);
    offset = 0;
    ck_assert_int_eq(elf_note_next(two, 11, 4, &offset, &n), ELF_MALFORMED);
}
END_TEST

START_TEST(cut_anywhere)
{
    char found[ELF_BUILD_ID_TEXT];
    _cleanup_buf_ struct buf b;
    struct elf_view v;

    read_self(&b);
    for (size_t size = 0; size < 8192; size++) {
        _cleanup_free_ char *exact = malloc(size + 1);

        memcpy(exact, b.data, size);
        if (elf_open(exact, size, &v) == 0)
            ck_assert_int_ge(elf_build_id(&v, found), 0);
    }
}
END_TEST

/* Segments that all claim the same large notes would make the search quadratic. */
START_TEST(overlapping_notes_are_bounded)
{
    enum { COUNT = 60000, NOTES = 1024 * 1024 };
    size_t size = sizeof(Elf64_Ehdr) + COUNT * sizeof(Elf64_Phdr) + NOTES;
    _cleanup_free_ uint8_t *file = calloc(1, size);
    Elf64_Ehdr h = {.e_ident = "\177ELF\2\1\1",
                    .e_type = ET_DYN,
                    .e_phoff = sizeof h,
                    .e_phentsize = sizeof(Elf64_Phdr),
                    .e_phnum = COUNT};
    Elf64_Phdr p = {.p_type = PT_NOTE, .p_offset = size - NOTES, .p_filesz = NOTES, .p_align = 4};
    char found[ELF_BUILD_ID_TEXT];
    struct elf_view v;
    int64_t begin = clock_mono();

    memcpy(file, &h, sizeof h);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(file + sizeof h + i * sizeof p, &p, sizeof p);
    ck_assert_int_eq(elf_open(file, size, &v), 0);
    ck_assert_int_eq(elf_build_id(&v, found), ELF_NO_BUILD_ID);
    ck_assert_int_lt(clock_mono() - begin, 10 * USEC_PER_SEC); /* it would be minutes */
}
END_TEST

/* A core has up to 131,072 first pages of files, each of which may be of this kind. */
START_TEST(overlapping_notes_of_a_page_cost_little)
{
    enum { COUNT = 140, SIZE = 16384, TIMES = 20000 };
    static uint8_t file[SIZE];
    const Elf64_Ehdr h = {.e_ident = "\177ELF\2\1\1",
                          .e_type = ET_DYN,
                          .e_phoff = sizeof h,
                          .e_phentsize = sizeof(Elf64_Phdr),
                          .e_phnum = COUNT};
    const size_t head = sizeof h + COUNT * sizeof(Elf64_Phdr);
    const Elf64_Phdr p = {
        .p_type = PT_NOTE, .p_offset = head, .p_filesz = SIZE - head, .p_align = 4};
    char found[ELF_BUILD_ID_TEXT];
    struct elf_view v;
    int64_t begin = clock_mono();

    memcpy(file, &h, sizeof h);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(file + sizeof h + i * sizeof p, &p, sizeof p);
    ck_assert_int_eq(elf_open(file, sizeof file, &v), 0);
    for (size_t i = 0; i < TIMES; i++)
        ck_assert_int_eq(elf_build_id(&v, found), ELF_NO_BUILD_ID);
    ck_assert_int_lt(clock_mono() - begin, 2 * USEC_PER_SEC); /* it would be more than 5 */
}
END_TEST

START_TEST(only_regular_files)
{
    char found[ELF_BUILD_ID_TEXT];
    _cleanup_fd_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    _cleanup_fd_ int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_eq(elf_build_id_fd(null, found), ELF_NOT_ELF);
    ck_assert_int_eq(elf_build_id_fd(folder, found), ELF_NOT_ELF);
}
END_TEST

UNIT_MAIN("core/elf", headers_of_a_real_program, build_id_in_memory_and_in_a_file,
          build_id_wherever_in_the_file_it_lies, build_id_of_a_debug_file_is_in_a_section, not_elf,
          class_32_is_read_too, build_id_of_go, build_id_of_gnu_before_that_of_go, notes,
          cut_anywhere, overlapping_notes_are_bounded, overlapping_notes_of_a_page_cost_little,
          only_regular_files)
