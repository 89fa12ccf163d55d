/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/sources */
/* What a section table says of a file, and that a damaged one says nothing that is not there. */
#include "workerd/sources/facts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define LINK   "prog.debug"
#define SHARED "/usr/lib/debug/.dwz/prog.debug"

/* A file of headers, names and two sections, as a linker would lay them out. */
struct image {
    Elf64_Ehdr header;
    Elf64_Shdr sections[5];
    char names[64];
    char link[16];
    char shared[sizeof SHARED + 20];
};

static Elf64_Shdr row(uint32_t name, uint32_t type, size_t offset, size_t size)
{
    return (Elf64_Shdr){.sh_name = name, .sh_type = type, .sh_offset = offset, .sh_size = size};
}

static struct image make(void)
{
    static const char names[] = "\0.shstrtab\0.gnu_debuglink\0.gnu_debugaltlink\0.debug_info";
    struct image i = {
        .header = {.e_type = ET_DYN,
                   .e_shoff = offsetof(struct image, sections),
                   .e_shentsize = sizeof(Elf64_Shdr),
                   .e_shnum = 5,
                   .e_shstrndx = 1},
    };

    memcpy(i.header.e_ident, ELFMAG, SELFMAG);
    i.header.e_ident[EI_CLASS] = ELFCLASS64;
    i.header.e_ident[EI_DATA] = ELFDATA2LSB;
    memcpy(i.names, names, sizeof names);
    i.sections[1] = row(1, SHT_STRTAB, offsetof(struct image, names), sizeof names);
    i.sections[2] = row(11, SHT_PROGBITS, offsetof(struct image, link), sizeof i.link);
    i.sections[3] = row(26, SHT_PROGBITS, offsetof(struct image, shared), sizeof i.shared);
    i.sections[4] = row(44, SHT_PROGBITS, 0, 0);
    strcpy(i.link, LINK);
    strcpy(i.shared, SHARED);
    memset(i.shared + sizeof SHARED, 0xab, 20);
    return i;
}

static void read_facts(const void *p, size_t n, struct file_facts *ret)
{
    _cleanup_fd_ int fd = memfd_create("facts", MFD_CLOEXEC);

    ck_assert_int_eq(io_write(fd, p, n), 0);
    file_facts(fd, ret);
}

START_TEST(links)
{
    struct image i = make();
    struct file_facts f;

    read_facts(&i, sizeof i, &f);
    ck_assert(f.debug && !f.symbols);
    ck_assert_str_eq(f.debug_link, LINK);
    ck_assert_str_eq(f.shared_name, SHARED);
    ck_assert_str_eq(f.shared_id, "abababababababababababababababababababab");
}
END_TEST

START_TEST(cut_anywhere)
{
    struct image i = make();
    struct file_facts f;

    for (size_t n = 0; n < sizeof i; n++) {
        read_facts(&i, n, &f);
        ck_assert(f.debug_link[0] == '\0' || strcmp(f.debug_link, LINK) == 0);
        ck_assert_uint_le(strlen(f.shared_id), 40);
    }
}
END_TEST

START_TEST(changed_anywhere)
{
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    struct file_facts f;

    for (size_t at = 0; at < sizeof(struct image); at++)
        for (size_t k = 0; k < ARRAY_SIZE(changes); k++) {
            struct image i = make();

            ((uint8_t *)&i)[at] ^= changes[k];
            read_facts(&i, sizeof i, &f);
            ck_assert_uint_lt(strlen(f.debug_link), FACTS_NAME_SIZE);
            ck_assert_uint_lt(strlen(f.shared_name), FACTS_NAME_SIZE);
        }
}
END_TEST

START_TEST(of_this_program)
{
    _cleanup_fd_ int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    _cleanup_fd_ int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct file_facts f;

    file_facts(self, &f);
    ck_assert(f.debug && f.symbols);
    ck_assert_str_eq(f.debug_link, "");
    file_facts(folder, &f);
    ck_assert(!f.debug && !f.symbols);
}
END_TEST

UNIT_MAIN("workerd/sources/facts", links, cut_anywhere, changed_anywhere, of_this_program)
