/* SPDX-License-Identifier: Apache-2.0 */
/* Three quarters of the bytes are the crashing thread's, so that its stack, full of pointers, does
 * not take all of them. */
#include "client/slim/pointers.h"

#include <string.h>

#include "client/slim/stacks.h"

#define AROUND         256u /* bytes before and behind */
#define CRASHING_WORDS (16u * 1024 / 8)
#define OTHER_WORDS    512u
#define OTHERS_WORDS   8192u /* of all other threads together */

static void keep_around(struct choice *c, uint64_t address)
{
    const struct core_segment *s = corefile_segment(c->core, address);

    if (s && address - s->start < s->filesz && address > AROUND)
        choice_keep(c, address - AROUND, 2 * AROUND);
}

static void keep_registers(struct choice *c, size_t thread)
{
    const struct core_layout *l = c->core->layout;

    for (size_t i = 0; i < l->n_registers; i++)
        if (l->registers[i].dwarf >= 0 && (unsigned)l->registers[i].dwarf < l->unwind_registers)
            keep_around(c, stack_register(c->core, thread, i));
}

/* What the first words of the stack from sp on point at, where it can be written: constants come
 * from the files. */
static void keep_words(struct choice *c, const struct held *h, uint64_t sp, size_t words)
{
    const struct core_layout *l = c->core->layout;
    size_t word = l->is64 ? 8 : 4, n;
    const uint8_t *p = held_at(h, sp & ~(uint64_t)(word - 1), &n);

    if (!p)
        return;
    if (n / word < words)
        words = n / word;
    for (size_t i = 0; i < words && c->allowance > 0; i++) {
        uint64_t value = layout_word(l, p + i * word);
        const struct core_segment *s =
            value >= PAGE_BYTES ? corefile_segment(c->core, value) : NULL;

        if (s && (s->flags & PF_W))
            keep_around(c, value);
    }
}

static void keep_interrupted(struct choice *c, const struct held *h, const struct interruption *i,
                             size_t words)
{
    for (size_t k = 0; k < SIGFRAME_REGISTERS; k++)
        keep_around(c, i->frame.registers[k]);
    keep_words(c, h, i->frame.sp, words);
}

static uint64_t sp_of(const struct choice *c, size_t thread)
{
    return stack_register(c->core, thread, c->core->layout->sp);
}

static void keep_others(struct choice *c, const struct held *h, const struct interrupted *in)
{
    size_t n = c->core->n_threads, words = OTHERS_WORDS / n;

    if (words > OTHER_WORDS)
        words = OTHER_WORDS;
    for (size_t t = 1; t < n && c->allowance > 0; t++)
        keep_registers(c, t);
    for (size_t i = 0; i < in->n && c->allowance > 0; i++)
        if (in->list[i].thread != 0)
            keep_interrupted(c, h, &in->list[i], words);
    for (size_t t = 1; t < n && words > 0 && c->allowance > 0; t++)
        keep_words(c, h, sp_of(c, t), words);
}

void pointers_keep(struct choice *c, const struct held *h, const struct interrupted *in,
                   uint64_t max)
{
    size_t before = c->pages.n;

    if (c->core->n_threads == 0)
        return;
    choice_allow(c, max / 4 * 3);
    keep_registers(c, 0);
    for (size_t i = 0; i < in->n; i++)
        if (in->list[i].thread == 0)
            keep_interrupted(c, h, &in->list[i], CRASHING_WORDS);
    keep_words(c, h, sp_of(c, 0), CRASHING_WORDS);
    uint64_t used = (uint64_t)(c->pages.n - before) * PAGE_BYTES;

    choice_allow(c, max > used ? max - used : 0);
    keep_others(c, h, in);
}
