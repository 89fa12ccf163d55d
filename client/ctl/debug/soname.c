/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/debug/soname.h"

#include <string.h>

#include "common/core/bytes.h"
#include "common/core/elf.h"

#define HEAD_BYTES   (64u * 1024) /* the program headers of libraries follow the header */
#define ENTRIES_MAX  4096         /* of a dynamic section */
#define SEGMENTS_MAX 256

struct library {
    struct bytes bytes;
    struct elf_view view;
    uint8_t head[HEAD_BYTES];
};

static bool find_segment(const struct library *l, uint32_t type, uint64_t address,
                         struct elf_segment *ret)
{
    for (uint32_t i = 0; i < l->view.phnum && i < SEGMENTS_MAX; i++)
        if (elf_segment(&l->view, i, ret) == 0 && ret->type == type &&
            (type != PT_LOAD || (address >= ret->vaddr && address - ret->vaddr < ret->filesz)))
            return true;
    return false;
}

/* One entry of the dynamic section, which has the same shape as a pair of words. */
static bool read_entry(const struct library *l, uint64_t offset, int64_t *ret_tag,
                       uint64_t *ret_value)
{
    uint32_t words[2];

    if (l->view.is64) {
        Elf64_Dyn d;

        if (bytes_read(&l->bytes, offset, &d, sizeof(d)) != sizeof(d))
            return false;
        *ret_tag = d.d_tag;
        *ret_value = d.d_un.d_val;
        return true;
    }
    if (bytes_read(&l->bytes, offset, words, sizeof(words)) != sizeof(words))
        return false;
    *ret_tag = (int32_t)words[0];
    *ret_value = words[1];
    return true;
}

/* The offsets in the file of the table of strings and of the name in it. */
static bool find_name(const struct library *l, uint64_t *ret_strings, uint64_t *ret_name)
{
    size_t step = l->view.is64 ? sizeof(Elf64_Dyn) : 2 * sizeof(uint32_t);
    bool has_name = false, has_strings = false;
    struct elf_segment dynamic, load;
    uint64_t strings = 0, value;
    int64_t tag;

    if (!find_segment(l, PT_DYNAMIC, 0, &dynamic))
        return false;
    for (uint64_t at = 0; at < dynamic.filesz && at < ENTRIES_MAX * step; at += step) {
        if (!read_entry(l, dynamic.offset + at, &tag, &value) || tag == DT_NULL)
            break;
        if (tag == DT_SONAME)
            *ret_name = value, has_name = true;
        if (tag == DT_STRTAB)
            strings = value, has_strings = true;
    }
    if (!has_name || !has_strings || !find_segment(l, PT_LOAD, strings, &load))
        return false;
    *ret_strings = strings - load.vaddr + load.offset;
    return true;
}

bool soname_read(int fd, char ret[static NAME_MAX + 1])
{
    struct library l;
    uint64_t strings = 0, name = 0;
    char text[NAME_MAX + 2];
    ssize_t n;

    if (bytes_of_file(fd, &l.bytes) != 0 || bytes_read_head(&l.bytes, l.head, sizeof(l.head)) < 0 ||
        elf_open(l.head, l.bytes.n_head, &l.view) != 0 || !find_name(&l, &strings, &name))
        return false;
    n = bytes_read(&l.bytes, strings + name, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    if (!*text || strlen(text) > NAME_MAX || strchr(text, '/') || text[0] == '.')
        return false;
    strcpy(ret, text);
    return true;
}
