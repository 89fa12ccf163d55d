/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sidecar/debuglink.h"

#include <string.h>

#include "client/sidecar/sidecar.h"

#define SECTION ".gnu_debuglink"

struct sections {
    struct bytes file;
    struct elf_view view; /* over the header alone */
};

/* One row of the table. DEBUGLINK_NONE when it is outside of the file. */
static int section(const struct sections *t, uint32_t i, struct elf_section *ret)
{
    uint8_t row[sizeof(Elf64_Shdr)];
    const struct elf_view *v = &t->view;
    ssize_t n;

    if (!range_within(v->shoff, ((uint64_t)i + 1) * v->shentsize, t->file.size))
        return DEBUGLINK_NONE;
    n = bytes_read(&t->file, v->shoff + (uint64_t)i * v->shentsize, row, v->shentsize);
    if (n != (ssize_t)v->shentsize)
        return n < 0 ? (int)n : DEBUGLINK_NONE;
    *ret = elf_section_row(row, v->is64);
    return 0;
}

/* A text of at most size - 1 bytes that ends within the section; false when it does not. */
static bool read_text(const struct bytes *file, const struct elf_section *s, uint64_t offset,
                      char *ret, size_t size)
{
    uint64_t there = offset < s->size ? s->size - offset : 0;
    ssize_t n =
        there == 0 ? 0
                   : bytes_read(file, s->offset + offset, ret, there < size ? (size_t)there : size);

    return n > 0 && memchr(ret, '\0', (size_t)n);
}

static bool is_file_name(const char *name)
{
    return name[0] != '\0' && !strchr(name, '/') && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static int open_sections(struct bytes file, struct sections *ret)
{
    uint8_t header[sizeof(Elf64_Ehdr)];
    struct sections t = {.file = file};
    ssize_t n = bytes_read(&file, 0, header, sizeof(header));

    if (n < 0)
        return (int)n;
    if (elf_open(header, (size_t)n, &t.view) != 0 || t.view.shoff == 0 ||
        t.view.shnum > SIDECAR_SECTIONS_MAX || t.view.shstrndx >= t.view.shnum)
        return DEBUGLINK_NONE;
    t.view.data = NULL; /* the header goes with this function */
    *ret = t;
    return 0;
}

int debuglink_read(struct bytes file, char ret[static DEBUGLINK_SIZE])
{
    char name[sizeof(SECTION)], link[DEBUGLINK_SIZE];
    struct elf_section names, s;
    struct sections t;
    int r = open_sections(file, &t);

    if (r == 0)
        r = section(&t, t.view.shstrndx, &names);
    for (uint32_t i = 1; r == 0 && i < t.view.shnum; i++) {
        r = section(&t, i, &s);
        if (r != 0 || !read_text(&file, &names, s.name, name, sizeof(name)) ||
            strcmp(name, SECTION) != 0)
            continue;
        if (!read_text(&file, &s, 0, link, sizeof(link)) || !is_file_name(link))
            return DEBUGLINK_NONE;
        strcpy(ret, link);
        return 0;
    }
    return r != 0 ? r : DEBUGLINK_NONE;
}
