/* SPDX-License-Identifier: Apache-2.0 */
/* Where a file has its call frame information. A program that was stripped of its section table,
 * and a slim image of one, still say through PT_GNU_EH_FRAME where .eh_frame begins; where it ends,
 * only its terminator tells. */
#include "workerd/indexer/cfi.h"
#include "workerd/indexer/ehpointer.h"

static uint64_t address_of(struct container *c, const char *name)
{
    const struct container_section *s = container_find(c, name);

    return s ? s->header.address : 0;
}

static struct cfi_section begin(struct container *c)
{
    return (struct cfi_section){
        .text = address_of(c, ".text"),
        .data = address_of(c, ".got"),
        .is64 = c->view.is64,
        .keep_zero = container_has_zero(c),
        .machine = c->view.machine,
    };
}

/* Each entry begins with the length of what follows; 0 ends them. */
static struct span cut_at_terminator(struct span bytes)
{
    struct cursor c = cursor_of(bytes.data, bytes.size);

    while (cursor_left(&c) > 0) {
        uint64_t length = cursor_u32(&c);

        if (length == 0)
            break;
        if (length == UINT32_MAX)
            length = cursor_u64(&c);
        cursor_bytes(&c, length);
    }
    return (struct span){bytes.data, (size_t)(c.p - bytes.data)};
}

/* LSB, "The .eh_frame_hdr section": version, three encodings, eh_frame_ptr. */
static bool find_by_header(const struct container *c, struct cfi_section *s)
{
    struct elf_segment segment;

    if (!container_segment(c, PT_GNU_EH_FRAME, &segment))
        return false;
    struct span header = container_mapped(c, segment.vaddr);
    struct cursor at = cursor_of(header.data, header.size);
    const struct eh_bases bases = {
        .start = header.data,
        .address = segment.vaddr,
        .data = segment.vaddr,
        .word = s->is64 ? 8 : 4,
    };
    uint8_t version = cursor_u8(&at), encoding = cursor_u8(&at);

    cursor_bytes(&at, 2); /* of the table, which is not needed */
    if (version != 1 || !eh_pointer(&at, encoding, &bases, &s->address))
        return false;
    s->bytes = cut_at_terminator(container_mapped(c, s->address));
    return s->bytes.size > 0;
}

bool cfi_find_eh_frame(struct container *c, struct cfi_section *ret)
{
    struct container_section *section = container_find(c, ".eh_frame");
    struct cfi_section s = begin(c);

    s.eh = true;
    s.bytes = container_contents(c, section);
    if (s.bytes.size > 0)
        s.address = section->header.address;
    else if (section || !find_by_header(c, &s))
        return false;
    *ret = s;
    return true;
}

bool cfi_find_debug_frame(struct container *c, struct cfi_section *ret)
{
    struct cfi_section s = begin(c);

    s.bytes = container_named(c, ".debug_frame");
    if (s.bytes.size == 0)
        return false;
    *ret = s;
    return true;
}
