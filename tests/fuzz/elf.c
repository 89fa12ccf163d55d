/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* Any bytes as an ELF file: headers, segments and notes stay within them, and a build-id is
 * hexadecimal. */
#include <assert.h>
#include <string.h>

#include "common/base/id.h"
#include "common/core/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_notes(const uint8_t *data, size_t size, size_t align)
{
    struct elf_note n;
    size_t offset = 0, last = 0;

    while (elf_note_next(data, size, align, &offset, &n) == 0) {
        assert(offset > last);
        assert(n.desc + n.desc_size <= data + size);
        assert(n.name_size == 0 || memchr(n.name, n.name[0], n.name_size) == n.name);
        last = offset;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[ELF_BUILD_ID_TEXT];
    struct elf_segment s;
    struct elf_view v;

    walk_notes(data, size, 4);
    walk_notes(data, size, 8);
    if (elf_open(data, size, &v) != 0)
        return 0;
    for (uint32_t i = 0; i < v.phnum && elf_segment(&v, i, &s) == 0; i++)
        continue;
    if (elf_build_id(&v, text) == 0)
        assert(hex_valid(str_from(text), 2 * ELF_BUILD_ID_MAX));
    return 0;
}
