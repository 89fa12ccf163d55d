/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/sources/facts.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/core/bytes.h"

#define NAMES_MAX (4u * 1024 * 1024) /* bytes of the section names */

struct section_table {
    struct bytes file;
    struct elf_view view;
    const uint8_t *rows, *names;
    size_t names_size;
    void *owned_rows, *owned_names;
};

static void table_fini(struct section_table *t)
{
    free(t->owned_rows);
    free(t->owned_names);
}

static struct elf_section section(const struct section_table *t, uint32_t i)
{
    return elf_section_row(t->rows + (size_t)i * t->view.shentsize, t->view.is64);
}

static bool read_header(int fd, struct section_table *t)
{
    uint8_t header[sizeof(Elf64_Ehdr)];

    if (bytes_of_file(fd, &t->file) != 0)
        return false;
    ssize_t n = bytes_read(&t->file, 0, header, sizeof header);

    return n > 0 && elf_open(header, (size_t)n, &t->view) == 0 && t->view.shoff != 0;
}

/* The table and the names of its sections; false when a part is not there. */
static bool read_table(int fd, struct section_table *t)
{
    if (!read_header(fd, t) || t->view.shstrndx >= t->view.shnum)
        return false;
    if (bytes_borrow(&t->file, t->view.shoff, (size_t)t->view.shnum * t->view.shentsize,
                     &t->owned_rows, &t->rows) != 0)
        return false;
    struct elf_section names = section(t, t->view.shstrndx);

    t->names_size = names.size < NAMES_MAX ? (size_t)names.size : 0;
    return t->names_size > 0 &&
           bytes_borrow(&t->file, names.offset, t->names_size, &t->owned_names, &t->names) == 0;
}

static bool has_name(const struct section_table *t, const struct elf_section *s, const char *name)
{
    size_t n = strlen(name) + 1;

    return range_within(s->name, n, t->names_size) && memcmp(t->names + s->name, name, n) == 0;
}

/* A name at the section's start; returns the bytes behind it, and how many there are. */
static const uint8_t *read_name(const struct section_table *t, const struct elf_section *s,
                                uint8_t p[static FACTS_NAME_SIZE], char ret[static FACTS_NAME_SIZE],
                                size_t *ret_rest)
{
    size_t size = s->size < FACTS_NAME_SIZE ? (size_t)s->size : FACTS_NAME_SIZE;
    ssize_t n = bytes_read(&t->file, s->offset, p, size);
    const uint8_t *nul = n > 0 ? memchr(p, '\0', (size_t)n) : NULL;

    *ret_rest = 0;
    if (!nul)
        return p;
    memcpy(ret, p, (size_t)(nul - p) + 1);
    *ret_rest = (size_t)(p + n - nul - 1);
    return nul + 1;
}

static void note(const struct section_table *t, const struct elf_section *s, struct file_facts *f)
{
    uint8_t p[FACTS_NAME_SIZE];
    size_t n;

    if (s->type == SHT_SYMTAB)
        f->symbols = true;
    if (has_name(t, s, ".debug_info") || has_name(t, s, ".zdebug_info"))
        f->debug = true;
    if (has_name(t, s, ".gnu_debuglink"))
        read_name(t, s, p, f->debug_link, &n);
    if (has_name(t, s, ".gnu_debugaltlink")) {
        const uint8_t *id = read_name(t, s, p, f->shared_name, &n);

        if (n > 0 && n <= ELF_BUILD_ID_MAX)
            hex_encode(id, n, f->shared_id);
    }
}

void file_facts(int fd, struct file_facts *ret)
{
    _cleanup_(table_fini) struct section_table t = {0};

    *ret = (struct file_facts){0};
    if (!read_table(fd, &t))
        return;
    for (uint32_t i = 0; i < t.view.shnum; i++) {
        struct elf_section s = section(&t, i);

        if (s.type != SHT_NOBITS)
            note(&t, &s, ret);
    }
}
