/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index workerd/indexer */
/* Any bytes as an ELF file with sections: what is handed out lies in them, or was paid for out of
 * the budget; call frame information is found in them or not at all. */
#include "workerd/indexer/container.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "workerd/indexer/cfi.h"
#include "workerd/indexer/decompress.h"
#include "workerd/indexer/symtab.h"

#define BUDGET (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(const void *part, size_t n, const uint8_t *data, size_t size)
{
    const uint8_t *p = part;

    return n == 0 || (p >= data && p <= data + size && n <= (size_t)(data + size - p));
}

static void check_section(struct container *c, struct container_section *s)
{
    const struct elf_view *v = &c->view;
    uint64_t before = c->budget->left;
    struct span contents = container_contents(c, s);

    assert(*s->name == '\0' || is_within(s->name, strlen(s->name) + 1, v->data, v->size));
    assert(is_within(s->raw.data, s->raw.size, v->data, v->size));
    assert(c->budget->left <= before);
    if (s->owned)
        assert(contents.data == s->owned && contents.size <= before - c->budget->left);
    else
        assert(is_within(contents.data, contents.size, v->data, v->size));
    assert(container_contents(c, s).data == contents.data);
    if (*s->name != '\0')
        assert(container_find(c, s->name));
}

static void check_symbols(struct symtab *t)
{
    for (size_t i = 0; i < t->n; i++) {
        uint32_t section;
        Elf64_Sym row = symtab_row(t, i, &section);
        const char *name = symtab_name(t, &row);

        assert(!name || is_within(name, strlen(name) + 1, t->names.data, t->names.size));
    }
}

static void check(struct container *c)
{
    const struct elf_view *v = &c->view;
    struct cfi_section cfi;
    struct symtab t;

    for (size_t i = 0; i < c->n; i++) {
        check_section(c, &c->sections[i]);
        if (symtab_open(c, &c->sections[i], &t))
            check_symbols(&t);
    }
    if (symtab_open_dynamic(c, &t))
        check_symbols(&t);
    if (cfi_find_eh_frame(c, &cfi))
        assert(cfi.bytes.size > 0 && cfi.eh);
    struct span mapped = container_mapped(c, v->entry);

    assert(is_within(mapped.data, mapped.size, v->data, v->size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory_budget budget = {.left = BUDGET};
    struct container c;
    struct span unpacked = decompress_xz((struct span){data, size}, &budget);

    assert(unpacked.size <= BUDGET - budget.left);
    free((void *)(uintptr_t)unpacked.data);
    if (container_open(data, size, &budget, &c) != 0)
        return 0;
    check(&c);
    container_close(&c);
    return 0;
}
