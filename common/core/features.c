/* SPDX-License-Identifier: Apache-2.0 */
#include "common/core/features.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/core/bytes.h"
#include "common/core/elf.h"

#define NAME_MAX_BYTES 32

static const struct {
    const char *name;
    unsigned feature;
} sections[] = {
    {".text", FEATURE_CODE},
    {".dynsym", FEATURE_EXPORTS},
    {".symtab", FEATURE_SYMBOLS},
    {".eh_frame", FEATURE_UNWIND},
    {".debug_frame", FEATURE_UNWIND},
    {".zdebug_frame", FEATURE_UNWIND},
    {".debug_info", FEATURE_DEBUG},
    {".zdebug_info", FEATURE_DEBUG},
    {".debug_line", FEATURE_LINES},
    {".zdebug_line", FEATURE_LINES},
    {".gnu_debugaltlink", FEATURE_ALT},
};

static unsigned feature_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
        if (strcmp(sections[i].name, name) == 0)
            return sections[i].feature;
    return 0;
}

/* "" for one that cannot be read. */
static void name_of(const struct bytes *b, const struct elf_section *names,
                    const struct elf_section *s, char ret[static NAME_MAX_BYTES])
{
    ssize_t n = 0;

    if (s->name < names->size && range_within(names->offset, names->size, b->size))
        n = bytes_read(b, names->offset + s->name, ret, NAME_MAX_BYTES - 1);
    ret[n > 0 ? n : 0] = '\0';
}

static unsigned features_of(const struct bytes *b, const struct elf_view *v, const uint8_t *table)
{
    struct elf_section names = elf_section_row(table + (size_t)v->shstrndx * v->shentsize, v->is64);
    unsigned found = 0;

    for (uint32_t i = 0; i < v->shnum; i++) {
        struct elf_section s = elf_section_row(table + (size_t)i * v->shentsize, v->is64);
        char name[NAME_MAX_BYTES];

        if (s.type == SHT_NOBITS || s.size == 0)
            continue;
        name_of(b, &names, &s, name);
        found |= feature_of(name);
    }
    return found;
}

int features_read(int fd, unsigned *ret, uint16_t *ret_type)
{
    _cleanup_free_ void *holder = NULL;
    uint8_t header[sizeof(Elf64_Ehdr)];
    const uint8_t *table;
    struct elf_view v;
    struct bytes b;
    ssize_t n;
    int r = bytes_of_file(fd, &b);

    if (r != 0)
        return r < 0 ? r : ELF_NOT_ELF;
    n = bytes_read(&b, 0, header, sizeof(header));
    r = n < 0 ? (int)n : elf_open(header, (size_t)n, &v);
    if (r != 0)
        return r;
    *ret_type = v.type;
    *ret = 0;
    if (v.shoff == 0 || v.shnum == 0)
        return 0;
    if (v.shnum > FEATURES_SECTIONS_MAX || v.shstrndx >= v.shnum ||
        v.shentsize < (v.is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)))
        return ELF_MALFORMED;
    r = bytes_borrow(&b, v.shoff, (size_t)v.shnum * v.shentsize, &holder, &table);
    if (r != 0)
        return r < 0 ? r : ELF_MALFORMED;
    *ret = features_of(&b, &v, table);
    return 0;
}
