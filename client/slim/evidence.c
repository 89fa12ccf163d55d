/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes are those of the Itanium C++ ABI, as workerd/cause/exception.c reads them. What does
 * not look like them costs nothing but the look; what does, is the process' own word. */
#include "client/slim/evidence.h"

#include <elf.h>

#include "client/slim/stacks.h"

#define AROUND 16u /* bytes of code before and behind: an instruction has at most 15 */

#define SIGABRT_NUMBER 6
#define WORDS_SEARCHED 512u /* of the stack, for the exception */
#define BASES_MAX      3u
#define NAME_MAX_KEPT  256u /* bytes of a type's name */
#define TEXT_MAX_KEPT  200u

/* "GNUCC++\0", "CLNGC++\0". */
#define CLASS_GNU   UINT64_C(0x474e5543432b2b00)
#define CLASS_CLANG UINT64_C(0x434c4e47432b2b00)

/* Of struct __cxa_exception, from its struct _Unwind_Exception on; of a type_info. */
enum { TYPE_BEFORE_HEADER = 80, TEXT_BEHIND_HEADER = 40 };
enum { TYPE_NAME = 8, TYPE_BASE = 16, TYPE_SIZE = 24 };

/* --- Code --- */

static bool is_executable(const struct choice *c, uint64_t address)
{
    const struct core_segment *s = corefile_segment(c->core, address);

    return s && (s->flags & PF_X);
}

static void keep_code(struct choice *c, uint64_t address)
{
    if (address > AROUND && is_executable(c, address))
        choice_keep_constant(c, address - AROUND, 2 * AROUND);
}

/* Where nothing can be executed, the call that led there is before the return address. */
static void keep_place(struct choice *c, uint64_t pc, uint64_t sp)
{
    uint64_t back;

    if (is_executable(c, pc))
        keep_code(c, pc);
    else if (choice_read_word(c, sp, &back))
        keep_code(c, back);
}

void evidence_keep_code(struct choice *c)
{
    const struct core_layout *l = c->core->layout;

    if (c->core->n_threads == 0)
        return;
    choice_allow(c, CHOICE_CONSTANTS_MAX * PAGE_BYTES);
    keep_place(c, stack_register(c->core, 0, l->pc), stack_register(c->core, 0, l->sp));
}

void evidence_keep_interrupted(struct choice *c, const struct interrupted *in)
{
    choice_allow(c, CHOICE_CONSTANTS_MAX * PAGE_BYTES);
    for (size_t i = 0; i < in->n; i++)
        if (in->list[i].thread == 0)
            keep_place(c, in->list[i].frame.registers[SIGFRAME_PC], in->list[i].frame.sp);
}

/* --- Exceptions --- */

static bool word_at(const struct choice *c, const struct held *h, uint64_t address, uint64_t *ret)
{
    uint8_t raw[8];

    if (address == 0 || held_read(h, address, raw, sizeof raw) != sizeof raw)
        return false;
    *ret = layout_word(c->core->layout, raw);
    return true;
}

/* It is on the heap, where the stack points at it: copied with all that the stack points at. */
static uint64_t find_exception(const struct choice *c, const struct held *h)
{
    uint64_t sp = stack_register(c->core, 0, c->core->layout->sp) & ~(uint64_t)7, at, class;

    for (size_t i = 0; i < WORDS_SEARCHED && word_at(c, h, sp + 8 * i, &at); i++)
        if (at % 16 == 0 && word_at(c, h, at, &class) &&
            (class == CLASS_GNU || class == CLASS_CLANG))
            return at;
    return 0;
}

static void keep_text(struct choice *c, const struct held *h, uint64_t exception)
{
    uint64_t text;

    if (word_at(c, h, exception + TEXT_BEHIND_HEADER, &text))
        choice_keep(c, text, TEXT_MAX_KEPT);
}

/* The type, then its name, and so the first of its bases. */
static int keep_types(struct choice *c, struct held *h, uint64_t type)
{
    int r = 0;

    for (unsigned i = 0; i <= BASES_MAX && r == 0; i++) {
        uint64_t name;

        choice_keep_constant(c, type, TYPE_SIZE);
        r = held_copy(h, c);
        if (r < 0 || !word_at(c, h, type + TYPE_NAME, &name))
            break;
        choice_keep_constant(c, name, NAME_MAX_KEPT);
        if (!word_at(c, h, type + TYPE_BASE, &type))
            break;
    }
    return r < 0 ? r : held_copy(h, c);
}

int evidence_keep_exception(struct choice *c, struct held *h)
{
    uint64_t exception, type;

    if (c->core->n_threads == 0 || c->core->signal != SIGABRT_NUMBER || !c->core->layout->is64)
        return 0;
    exception = find_exception(c, h);
    if (exception == 0 || !word_at(c, h, exception - TYPE_BEFORE_HEADER, &type))
        return 0;
    choice_allow(c, CHOICE_CONSTANTS_MAX * PAGE_BYTES);
    keep_text(c, h, exception);
    return keep_types(c, h, type);
}
