/* SPDX-License-Identifier: Apache-2.0 */
/* Entries: CIEs, which say what functions have in common, and FDEs, one for each function. A CIE is
 * read when an FDE refers to it; only the last one is kept, for neighbours mostly share one. */
#include "workerd/indexer/cfi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/core/layout.h"
#include "workerd/indexer/cfiprogram.h"

#define CIE_SIZE_MAX 1024u /* bytes; the longest ones are of signal trampolines, about 200 */
#define CIE_COST     8u  /* of reading a byte of one again, beside that of writing one of a rule */
#define WORK_FACTOR  64u /* bytes of rules for one of the section; functions have a handful */
#define WORK_LEAST   65536u

/* The augmentation of a CIE, and what else FDEs need of it. */
struct cie {
    size_t offset;          /* in the section */
    bool usable, has_data;  /* 'z': FDEs have augmentation data as well */
    uint8_t encoding, word; /* of addresses in FDEs */
    uint8_t segment_size;
};

struct reader {
    const struct cfi_section *section;
    struct index_writer *writer;
    struct cie cie; /* the last one; offset SIZE_MAX: none yet */
    struct cfi_program program;
};

/* An entry of either kind. */
struct entry {
    size_t offset;
    struct cursor body; /* behind the id */
    bool is_cie;
    size_t cie; /* of an FDE: where its CIE is; SIZE_MAX: outside */
};

/* --- Entries --- */

static const uint8_t *bytes_at(const struct reader *r, size_t offset)
{
    return r->section->bytes.data + offset;
}

static size_t offset_of(const struct reader *r, const uint8_t *p)
{
    return (size_t)(p - r->section->bytes.data);
}

/* .eh_frame counts back from the id to the CIE and has 0 in a CIE itself, .debug_frame counts from
 * its start and has all ones. */
static void identify(const struct reader *r, struct entry *e, uint64_t id, size_t id_size,
                     size_t id_at)
{
    uint64_t none = id_size == 4 ? UINT32_MAX : UINT64_MAX;

    e->is_cie = id == (r->section->eh ? 0 : none);
    if (r->section->eh)
        e->cie = id <= id_at ? id_at - (size_t)id : SIZE_MAX;
    else
        e->cie = id < r->section->bytes.size ? (size_t)id : SIZE_MAX;
}

/* The entry at *c, which moves behind it. False at the end of all that makes sense. An empty one,
 * which ends what one object file brought, is a CIE of no use. */
static bool next_entry(const struct reader *r, struct cursor *c, struct entry *ret)
{
    struct entry e = {.offset = offset_of(r, c->p), .is_cie = true, .cie = SIZE_MAX};
    size_t id_size = 4;
    uint64_t length = cursor_u32(c);

    if (length == UINT32_MAX) {
        id_size = 8;
        length = cursor_u64(c);
    }
    const uint8_t *body = cursor_bytes(c, length);

    if (c->bad || !body)
        return false;
    e.body = cursor_of(body, length);
    if (length >= id_size) {
        uint64_t id = cursor_number(&e.body, id_size);

        identify(r, &e, id, id_size, offset_of(r, body));
    }
    *ret = e;
    return true;
}

/* --- CIEs --- */

static struct eh_bases bases_of(const struct reader *r, uint8_t word)
{
    return (struct eh_bases){
        .start = r->section->bytes.data,
        .address = r->section->address,
        .text = r->section->text,
        .data = r->section->data,
        .word = word,
    };
}

/* One letter of the augmentation; false when it is unknown. */
static bool read_letter(struct reader *r, char letter, struct cursor *c, struct cie *cie)
{
    struct eh_bases bases = bases_of(r, cie->word);
    uint64_t personality;

    switch (letter) {
    case 'L':
        cursor_u8(c);
        return true;
    case 'P':
        eh_pointer(c, cursor_u8(c), &bases, &personality);
        return true;
    case 'R':
        cie->encoding = cursor_u8(c);
        return true;
    case 'S':
        r->program.now.rule.signal = true;
        return true;
    case 'B': /* which of two keys signed the return address */
    case 'G': /* the function's frame has tagged memory */
        return true;
    default:
        return false;
    }
}

/* What 'z' tells the length of. A letter that is unknown ends it, and hides how addresses are
 * written if 'R' follows. */
static bool read_augmentation_data(struct reader *r, const char *letters, struct cursor *c,
                                   struct cie *cie)
{
    uint64_t size = cursor_uleb(c);
    const uint8_t *bytes = cursor_bytes(c, size);
    struct cursor data = cursor_of(bytes, bytes ? size : 0);

    cie->has_data = true;
    for (; *letters; letters++)
        if (!read_letter(r, *letters, &data, cie))
            return !strchr(letters, 'R') && !c->bad;
    return !data.bad && !c->bad;
}

/* Without 'z' nothing unknown can be passed. */
static bool is_plain(struct reader *r, const char *letters, struct cie *cie)
{
    struct cursor none = {0};

    for (; *letters; letters++)
        if (strchr("LPR", *letters) || !read_letter(r, *letters, &none, cie))
            return false;
    return true;
}

static bool is_width(uint8_t size)
{
    return size == 4 || size == 8;
}

/* From the version up to the instructions (DWARF 5 section 6.4.1). */
static bool read_cie(struct reader *r, struct cursor *c, struct cie *cie)
{
    struct cfi_program *p = &r->program;
    uint8_t version = cursor_u8(c);
    const char *letters = cursor_text(c);
    bool old = letters && strcmp(letters, "eh") == 0; /* gcc 2: a pointer follows */

    if (!letters || (version != 1 && version != 3 && version != 4))
        return false;
    if (old)
        cursor_bytes(c, cie->word);
    if (version == 4) {
        cie->word = cursor_u8(c);
        cie->segment_size = cursor_u8(c);
    }
    p->code_factor = cursor_uleb(c);
    p->data_factor = cursor_sleb(c);
    uint64_t column = version == 1 ? cursor_u8(c) : cursor_uleb(c);

    if (c->bad || !is_width(cie->word) || cie->segment_size > 8 || column >= p->registers)
        return false;
    p->now.rule.return_column = (uint16_t)column;
    if (letters[0] == 'z')
        return read_augmentation_data(r, letters + 1, c, cie);
    return old || is_plain(r, letters, cie);
}

/* Runs its instructions as well: what they leave is where each of its functions begins. */
static bool load_cie(struct reader *r, size_t offset)
{
    struct cie cie = {.offset = offset, .word = r->section->is64 ? 8 : 4};
    struct cursor c = cursor_of(bytes_at(r, offset), r->section->bytes.size - offset);
    struct entry e;

    if (offset == r->cie.offset)
        return r->cie.usable;
    r->cie = cie;
    if (!next_entry(r, &c, &e) || !e.is_cie || cursor_left(&e.body) > CIE_SIZE_MAX)
        return false;
    r->program.work += CIE_COST * cursor_left(&e.body);
    cfi_program_reset(&r->program);
    if (!read_cie(r, &e.body, &cie))
        return false;
    r->program.encoding = cie.encoding;
    r->program.bases = bases_of(r, cie.word);
    cie.usable = cfi_program_begin(&r->program, e.body);
    r->cie = cie;
    return cie.usable;
}

/* --- FDEs --- */

/* [start, end) of a function. */
static bool read_range(const struct reader *r, struct cursor *c, uint64_t *ret_start,
                       uint64_t *ret_end)
{
    const struct cfi_section *s = r->section;
    struct eh_bases bases = r->program.bases;
    uint64_t start, size;

    cursor_bytes(c, r->cie.segment_size);
    if (!eh_pointer(c, r->cie.encoding, &bases, &start) ||
        !eh_pointer(c, r->cie.encoding & EH_FORMAT, &bases, &size))
        return false;
    if (size == 0 || (start == 0 && !s->keep_zero) ||
        size > (s->is64 ? UINT64_MAX : UINT32_MAX) - start)
        return false;
    *ret_start = start;
    *ret_end = start + size;
    return true;
}

static void read_fde(struct reader *r, struct entry *e)
{
    struct cfi_program *p = &r->program;
    uint64_t start, end;

    if (e->cie == SIZE_MAX || !load_cie(r, e->cie) || !read_range(r, &e->body, &start, &end))
        return;
    if (r->cie.has_data)
        cursor_bytes(&e->body, cursor_uleb(&e->body));
    if (e->body.bad)
        return;
    p->bases.function = start;
    cfi_program_run(p, e->body, start, end);
    if (p->rows.n > 1 || (p->rows.n == 1 && p->rows.list[0].rule != INDEX_NONE))
        index_writer_cfi(r->writer, start, end, p->rows.list, p->rows.n);
}

static uint16_t registers_of(const struct cfi_section *s)
{
    const struct core_layout *l = core_layout_find(s->machine, s->is64);

    return l && l->unwind_registers < CFI_REGISTERS_MAX ? (uint16_t)l->unwind_registers
                                                        : CFI_REGISTERS_MAX;
}

int cfi_index(const struct cfi_section *s, struct index_writer *w)
{
    _cleanup_free_ struct reader *r = calloc(1, sizeof *r);
    struct cursor c = cursor_of(s->bytes.data, s->bytes.size);
    struct entry e;

    if (!r)
        return -ENOMEM;
    r->section = s;
    r->writer = w;
    r->cie.offset = SIZE_MAX;
    r->program.writer = w;
    r->program.work_max = WORK_LEAST + (uint64_t)WORK_FACTOR * s->bytes.size;
    r->program.machine = s->machine;
    r->program.registers = registers_of(s);
    while (cursor_left(&c) > 0 && r->program.work <= r->program.work_max &&
           !r->program.out_of_memory && next_entry(r, &c, &e))
        if (!e.is_cie)
            read_fde(r, &e);
    free(r->program.rows.list);
    return r->program.out_of_memory ? -ENOMEM : 0;
}
