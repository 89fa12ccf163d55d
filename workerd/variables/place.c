/* SPDX-License-Identifier: Apache-2.0 */
/* A value is a run of bits that its pieces make up one behind the other, the lowest first. Where
 * pieces are whole bytes, as nearly all are, runs of bytes are copied, and bits elsewhere. */
#include "workerd/variables/place.h"

#include <elf.h>
#include <string.h>

#include "workerd/variables/evaluate.h"
#include "workerd/variables/locations.h"
#include "workerd/variables/memory.h"

#define TEXT_MAX 65536u /* bytes of a constant, before its NUL */

/* --- Finding it --- */

static void in_one_piece(const struct frame_view *f, struct place_piece piece, struct arena *a,
                         struct place *ret)
{
    *ret = (struct place){
        .frame = f, .pieces = arena_memdup(a, &piece, sizeof piece), .n = 1, .problem = NULL};
}

/* DW_AT_const_value: false when there is none that can be read. */
static bool constant_of(const struct entry *variable, struct place_piece *ret)
{
    const char *text = entry_text(variable, SLOT_CONST_VALUE);
    int64_t number;

    *ret = (struct place_piece){.kind = PLACE_BYTES};
    if (text) {
        ret->bytes = (struct span){(const uint8_t *)text, strnlen(text, TEXT_MAX) + 1};
        return true;
    }
    if (entry_bytes(variable, SLOT_CONST_VALUE, &ret->bytes))
        return true;
    if (!entry_signed(variable, SLOT_CONST_VALUE, &number))
        return false;
    *ret = (struct place_piece){.kind = PLACE_VALUE, .number = (uint64_t)number};
    return true;
}

/* The registers that a call need not preserve, a bit each (System V and AArch64 ABIs). */
static uint64_t left_by_calls(uint16_t machine)
{
    switch (machine) {
    case EM_X86_64:
        return 0xf37;
    case EM_386:
        return 0x7;
    case EM_AARCH64:
        return 0x4007ffff;
    default:
        return 0;
    }
}

/* The frame without what the call at which it stands may have changed. */
static const struct frame_view *without_call(const struct frame_view *f, struct arena *a)
{
    struct frame_view *view = arena_memdup(a, f, sizeof *f);
    struct registers *registers = arena_memdup(a, f->registers, sizeof *registers);

    registers->known &= ~left_by_calls(f->image->layout->machine);
    view->registers = registers;
    view->vectors = NULL;
    return view;
}

void place_of_variable(const struct frame_view *f, const struct entry *function,
                       const struct entry *variable, struct arena *a, struct place *ret)
{
    struct evaluation e = {f, function, variable, 0};
    struct place_piece constant;
    struct location location;

    if (constant_of(variable, &constant)) {
        in_one_piece(f, constant, a, ret);
        return;
    }
    const char *problem = location_at(variable, SLOT_LOCATION, f, &location);

    *ret = (struct place){.frame = f, .problem = problem};
    if (problem)
        return;
    if (location.ends_with_call)
        e.frame = without_call(f, a);
    evaluate_place(&e, location.expression, a, ret);
    if (ret->n == 1 && ret->pieces[0].kind == PLACE_NOWHERE)
        *ret = (struct place){.frame = f, .problem = PLACE_OPTIMIZED_OUT};
}

void place_of_memory(const struct frame_view *f, uint64_t address, struct arena *a,
                     struct place *ret)
{
    in_one_piece(f, (struct place_piece){.kind = PLACE_MEMORY, .address = address}, a, ret);
}

bool place_address(const struct place *p, uint64_t *ret)
{
    if (p->n != 1 || p->pieces[0].kind != PLACE_MEMORY || p->pieces[0].bits != 0 ||
        p->pieces[0].skip != 0)
        return false;
    *ret = p->pieces[0].address;
    return true;
}

/* --- Reading it --- */

static bool read_number(uint64_t value, uint64_t at, uint8_t *to, size_t n, const char **ret_why)
{
    if (at > sizeof value || n > sizeof value - at) {
        *ret_why = PLACE_UNREADABLE;
        return false;
    }
    if (n > 0)
        memcpy(to, (const uint8_t *)&value + at, n);
    return true;
}

static bool is_vector(const struct core_vectors *v, unsigned reg)
{
    return reg >= v->dwarf && reg - v->dwarf < v->count;
}

static bool read_vector(const struct frame_view *f, unsigned reg, uint64_t at, uint8_t *to,
                        size_t n)
{
    const struct core_vectors *v = &f->image->layout->vectors;

    if (!f->vectors || at > v->size || n > v->size - at)
        return false;
    memcpy(to, f->vectors + (size_t)(reg - v->dwarf) * v->size + at, n);
    return true;
}

/* A register that is not known was used for something else since. */
static bool read_register(const struct frame_view *f, unsigned reg, uint64_t at, uint8_t *to,
                          size_t n, const char **ret_why)
{
    const struct core_layout *l = f->image->layout;
    bool vector = is_vector(&l->vectors, reg);
    uint64_t value;

    if (vector && read_vector(f, reg, at, to, n))
        return true;
    if (!vector && registers_get(f->registers, reg, &value))
        return read_number(value, at, to, n, ret_why);
    *ret_why = vector || reg < l->unwind_registers ? PLACE_OPTIMIZED_OUT : PLACE_UNREADABLE;
    return false;
}

/* The n bytes of a piece's source from byte `at` on. */
static bool read_source(const struct frame_view *f, const struct place_piece *p, uint64_t at,
                        uint8_t *to, size_t n, const char **ret_why)
{
    switch (p->kind) {
    case PLACE_MEMORY:
        if (memory_of_process(f, p->address + at, to, n))
            return true;
        *ret_why = PLACE_NOT_IN_CORE;
        return false;
    case PLACE_REGISTER:
        return read_register(f, p->reg, at, to, n, ret_why);
    case PLACE_VALUE:
        return read_number(p->number, at, to, n, ret_why);
    case PLACE_BYTES:
        if (at > p->bytes.size || n > p->bytes.size - at) {
            *ret_why = PLACE_UNREADABLE;
            return false;
        }
        if (n > 0)
            memcpy(to, p->bytes.data + at, n);
        return true;
    default:
        *ret_why = PLACE_OPTIMIZED_OUT;
        return false;
    }
}

/* A run of bits: in the source, and in what is read. */
struct run {
    uint64_t from, to, n;
};

/* Fewer than 8 bits, or not at a byte of both. */
static bool copy_bits(const struct frame_view *f, const struct place_piece *p, struct run r,
                      uint8_t *to, const char **ret_why)
{
    uint8_t byte = 0;
    uint64_t have = UINT64_MAX; /* which byte of the source that is */

    for (uint64_t i = 0; i < r.n; i++) {
        uint64_t from = r.from + i, at = r.to + i;

        if (from / 8 != have && !read_source(f, p, from / 8, &byte, 1, ret_why))
            return false;
        have = from / 8;
        to[at / 8] = (uint8_t)((to[at / 8] & ~(1u << at % 8)) | (byte >> from % 8 & 1u) << at % 8);
    }
    return true;
}

static bool copy_run(const struct frame_view *f, const struct place_piece *p, struct run r,
                     uint8_t *to, const char **ret_why)
{
    if (r.from % 8 != 0 || r.to % 8 != 0 || r.n % 8 != 0)
        return copy_bits(f, p, r, to, ret_why);
    return read_source(f, p, r.from / 8, to + r.to / 8, (size_t)(r.n / 8), ret_why);
}

bool place_read(const struct place *p, uint64_t offset, void *to, size_t n, const char **ret_why)
{
    uint64_t begin, end, at = 0;                                     /* bits of the value */
    const char *why = p->problem ? p->problem : PLACE_OPTIMIZED_OUT; /* of what has no piece */
    bool good = true;

    if (offset > UINT64_MAX / 16 || n > UINT64_MAX / 16) {
        *ret_why = PLACE_UNREADABLE;
        return false;
    }
    begin = 8 * offset;
    end = begin + 8 * (uint64_t)n;
    for (size_t i = 0; i < p->n && good && begin < end; i++) {
        const struct place_piece *piece = &p->pieces[i];
        uint64_t stop =
            piece->bits == 0 || piece->bits > UINT64_MAX - at ? UINT64_MAX : at + piece->bits;
        uint64_t n_bits = (stop < end ? stop : end) - begin;

        if (stop > begin) {
            struct run r = {piece->skip + (begin - at), begin - 8 * offset, n_bits};

            good = r.from >= piece->skip && copy_run(p->frame, piece, r, to, &why);
            begin += n_bits;
        }
        at = stop;
    }
    if (!good || begin < end) {
        *ret_why = why;
        return false;
    }
    return true;
}
