/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/variables workerd/unwind workerd/analysis workerd/indexer workerd/image
 * workerd/index */
/* Any bytes as a module with debug information: the first byte says which registers are known, the
 * rest is the file, which shares its debug information with itself. At addresses of its functions,
 * of each variable that is there its type, its place and its value are asked, in a frame whose
 * callers are frames of the same file. */
#include <assert.h>

#include "tests/unit/unwind_process.h"
#include "workerd/variables/opened.h"
#include "workerd/variables/print.h"
#include "workerd/variables/scope.h"

#define STACK         0x10000u
#define STACK_SIZE    256u
#define BIAS          0x20000u
#define MEMORY_MAX    (4u << 20)
#define FRAMES        4u
#define FUNCTIONS_MAX 8u
#define ADDRESSES_MAX 48u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct asker {
    struct debug *debug;
    struct arena arena;
    struct frame_view frames[FRAMES];
    uint64_t addresses[ADDRESSES_MAX];
    size_t n;
};

static void look_at_slots(const struct entry *e)
{
    struct entry other;
    struct span bytes;
    uint64_t number;
    int64_t with_sign;

    for (unsigned slot = 0; slot < SLOTS; slot++) {
        const char *text = entry_text(e, (enum die_slot)slot);

        assert(!text || strlen(text) < SIZE_MAX);
        entry_number(e, (enum die_slot)slot, &number);
        entry_signed(e, (enum die_slot)slot, &with_sign);
        entry_flag(e, (enum die_slot)slot);
        entry_address(e, (enum die_slot)slot, &number);
        if (entry_bytes(e, (enum die_slot)slot, &bytes) && bytes.size > 0)
            assert(bytes.data[0] <= 255 && bytes.data[bytes.size - 1] <= 255);
        entry_follow(e, (enum die_slot)slot, &other);
    }
}

static void check_place(const struct place *p)
{
    uint8_t bytes[32];
    uint64_t address;
    const char *why = NULL;

    assert(p->problem ? p->n == 0 : p->n > 0 && p->n <= PLACE_PIECES_MAX);
    place_address(p, &address);
    for (uint64_t offset = 0; offset < 16; offset += 5)
        assert(place_read(p, offset, bytes, sizeof bytes / 2, &why) || why);
    assert(!place_read(p, UINT64_MAX, bytes, 1, &why));
}

static void ask_variable(struct asker *k, const struct scopes *s, const struct scope_variable *v)
{
    const struct entry *function = &s->list[s->n - 1].function;
    const char *why = NULL;
    struct place p;

    look_at_slots(&v->entry);
    print_type(&v->named, &k->arena);
    place_of_variable(&k->frames[0], function, &v->entry, &k->arena, &p);
    check_place(&p);
    if (!p.problem)
        assert(print_value(&v->named, &p, &k->arena, &why) || why);
}

static void ask(struct asker *k, uint64_t address)
{
    struct scopes s;

    k->frames[0].address = k->frames[0].pc = address + BIAS;
    if (!scopes_at(k->debug, address, &k->arena, &s))
        return;
    assert(s.n > 0 && s.n <= SCOPE_DEPTH_MAX + 1);
    for (size_t i = 0; i < s.n; i++) {
        assert(s.list[i].n <= SCOPE_VARIABLES_MAX);
        for (size_t j = 0; j < s.list[i].n; j++)
            ask_variable(k, &s, &s.list[i].variables[j]);
    }
}

/* Where calls of a function return to. */
static void find_calls(struct asker *k, const struct entry *e, unsigned depth)
{
    struct entry c;
    uint64_t pc;

    for (bool more = entry_child(e, &c); more && k->n < ADDRESSES_MAX; more = entry_sibling(&c)) {
        if (entry_address(&c, SLOT_RETURN_PC, &pc))
            k->addresses[k->n++] = pc;
        if (depth < 4)
            find_calls(k, &c, depth + 1);
    }
}

static void find_addresses(struct asker *k)
{
    struct entry e;

    debug_unit_of(k->debug, 0, &e); /* brings in the units */
    for (size_t i = 0; i < k->debug->units.n && i < FUNCTIONS_MAX; i++)
        debug_function_at(k->debug, k->debug->units.list[i].low, &e);
    for (size_t i = 0; i < k->debug->n_functions && i < FUNCTIONS_MAX; i++) {
        const struct debug_codes *c = &k->debug->functions[i].codes;

        for (size_t j = 0; j < c->n && j < FUNCTIONS_MAX && k->n + 2 < ADDRESSES_MAX; j++) {
            k->addresses[k->n++] = c->list[j].low;
            k->addresses[k->n++] = c->list[j].low + (c->list[j].high - c->list[j].low) / 2;
            if (entry_at(k->debug, &k->debug->own.info, c->list[j].offset, &e))
                find_calls(k, &e, 0);
        }
    }
}

static void ask_all(struct asker *k)
{
    find_addresses(k);
    for (size_t i = 0; i < k->n; i++) {
        for (size_t j = 1; j < FRAMES; j++) {
            k->frames[j].pc = k->addresses[(i + 3 * j) % k->n] + BIAS;
            k->frames[j].address = k->frames[j].pc - 1;
        }
        ask(k, k->addresses[i]);
    }
}

static void make_frames(struct asker *k, struct process *p, const struct registers *registers)
{
    for (size_t i = 0; i < FRAMES; i++)
        k->frames[i] = (struct frame_view){.image = &p->image,
                                           .registers = registers,
                                           .bias = BIAS,
                                           .has_cfa = i % 3 != 2,
                                           .cfa = STACK + 64 + 32 * i,
                                           .debug = k->debug,
                                           .caller = i + 1 < FRAMES ? &k->frames[i + 1] : NULL};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_process_ struct process p = {0};
    struct memory_budget budget = {MEMORY_MAX};
    struct registers registers = {0};
    struct asker k = {0};

    if (size < 65)
        return 0;
    const struct span file = {data + 1, size - 1};
    const struct debug_files files = {.module = file, .shared = file};

    process_init(&p, EM_X86_64, true);
    memcpy(process_piece(&p, STACK, STACK_SIZE, false)->bytes, data + 1, 64);
    for (unsigned i = 0; i < 17; i++)
        if (i % 4 != data[0] % 8)
            registers_set(&registers, i, STACK + 8 * i);
    k.debug = debug_open(&files, &budget, &k.arena);
    if (k.debug) {
        make_frames(&k, &p, &registers);
        ask_all(&k);
    }
    debug_close(k.debug);
    arena_fini(&k.arena);
    return 0;
}
