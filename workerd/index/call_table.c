/* SPDX-License-Identifier: Apache-2.0 */
/* Which calls are worth keeping. A frame is missing between two others when a function was called
 * and left by a jump; so what is kept are the jumps between functions of this file, the names of
 * the functions that have some, and the calls that lead to such a function here or to one in
 * another file, about which nothing is known here. */
#include <errno.h>
#include <stdlib.h>

#include "common/base/cleanup.h"
#include "workerd/index/sort.h"
#include "workerd/index/tables.h"

#define AMBIGUOUS (INDEX_NONE - 1) /* a name that several functions have */

/* Names and where they are: text << 32 | address, sorted, each once. */
struct name_list {
    struct sort_key *list;
    size_t n;
};

/* Who says what a name means: who comes first is asked first. */
enum authority {
    SYMBOLS,
    FUNCTIONS,   /* of DWARF */
    OLD_SYMBOLS, /* name@VERSION: kept for programs that were linked long ago */
    AUTHORITIES
};

struct names {
    struct name_list lists[AUTHORITIES];
};

static void names_fini(struct names *names)
{
    for (size_t i = 0; i < AUTHORITIES; i++)
        free(names->lists[i].list);
}

static void add_name(struct name_list *l, uint32_t text, uint32_t address)
{
    if (text != 0 && text != INDEX_NONE)
        l->list[l->n++] = (struct sort_key){.key = (uint64_t)text << 32 | address};
}

static int sort_names(struct name_list *l)
{
    size_t kept = 0;
    int r = sort_keys(l->list, l->n);

    for (size_t i = 0; i < l->n && r == 0; i++)
        if (kept == 0 || l->list[i].key != l->list[kept - 1].key)
            l->list[kept++] = l->list[i];
    l->n = kept;
    return r;
}

static int names_alloc(struct names *names, const size_t counts[static AUTHORITIES])
{
    *names = (struct names){0};
    for (size_t i = 0; i < AUTHORITIES; i++) {
        names->lists[i].list = reallocarray(NULL, counts[i] + 1, sizeof *names->lists[i].list);
        if (!names->lists[i].list)
            return -ENOMEM;
    }
    return 0;
}

static int names_init(struct names *names, const struct index_writer *w)
{
    const struct symbol_entry *s = TABLE_ROWS(&w->symbols, struct symbol_entry);
    const struct index_scope *f = TABLE_ROWS(&w->scopes.scopes, struct index_scope);
    size_t n_symbols = TABLE_COUNT(&w->symbols, struct symbol_entry);
    size_t n_scopes = TABLE_COUNT(&w->scopes.scopes, struct index_scope);

    const size_t counts[AUTHORITIES] = {n_symbols, n_scopes, n_symbols};
    int r = names_alloc(names, counts);

    if (r < 0)
        return r;
    for (size_t i = 0; i < n_symbols; i++)
        add_name(&names->lists[text_has_old_version(&w->texts, s[i].name) ? OLD_SYMBOLS : SYMBOLS],
                 text_find_unversioned(&w->texts, s[i].name), s[i].start);
    for (size_t i = 0; i < n_scopes; i++)
        if (f[i].parent == INDEX_NONE)
            add_name(&names->lists[FUNCTIONS], f[i].name, f[i].start);
    for (size_t i = 0; i < AUTHORITIES && r == 0; i++)
        r = sort_names(&names->lists[i]);
    return r;
}

/* INDEX_NONE when the list does not have the name. */
static uint32_t look_up(const struct name_list *l, uint32_t text)
{
    size_t low = 0, high = l->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (l->list[middle].key >> 32 < text)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == l->n || l->list[low].key >> 32 != text)
        return INDEX_NONE;
    if (low + 1 < l->n && l->list[low + 1].key >> 32 == text)
        return AMBIGUOUS;
    return (uint32_t)l->list[low].key;
}

/* Where the function is; INDEX_NONE: not in this file; AMBIGUOUS. */
static uint32_t resolve(const struct names *names, uint32_t text)
{
    uint32_t address = INDEX_NONE;

    for (size_t i = 0; i < AUTHORITIES && address == INDEX_NONE; i++)
        address = look_up(&names->lists[i], text);
    return address;
}

static uint32_t callee_of(const struct call_entry *c, const struct names *names)
{
    return c->callee != INDEX_NONE ? c->callee : resolve(names, c->symbol);
}

/* --- Jumps --- */

static bool same_jump(const struct index_jump *a, const struct index_jump *b)
{
    return a->function == b->function && a->return_address == b->return_address &&
           a->target == b->target;
}

/* By function, then return address: order has the jumps among the calls in this order. */
static void put_jumps(const struct call_entry *calls, const struct sort_key *order, size_t n,
                      const struct names *names, struct buf *jumps)
{
    struct index_jump last = {.function = INDEX_NONE};

    for (size_t i = 0; i < n; i++) {
        const struct call_entry *c = &calls[order[i].value];
        struct index_jump j = {c->function, c->return_address, callee_of(c, names)};

        if (j.target == INDEX_NONE || j.target == AMBIGUOUS || same_jump(&j, &last))
            continue;
        table_add(jumps, &j, sizeof j);
        last = j;
    }
}

static bool has_jumps(const struct buf *jumps, uint32_t function)
{
    const struct index_jump *list = TABLE_ROWS(jumps, struct index_jump);
    size_t low = 0, high = TABLE_COUNT(jumps, struct index_jump);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (list[middle].function == function)
            return true;
        if (list[middle].function < function)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* --- Entries --- */

static void put_entry(const struct names *names, uint32_t text, const struct buf *jumps,
                      struct buf *entries)
{
    struct index_entry e = {.name = text, .start = resolve(names, text)};

    if (text != 0 && has_jumps(jumps, e.start))
        table_add(entries, &e, sizeof e);
}

/* All names of the functions that have jumps, as other files may call them. */
static int put_entries(struct index_writer *w, const struct buf *jumps, struct buf *entries)
{
    _cleanup_(names_fini) struct names names = {0};
    const struct symbol_entry *s = TABLE_ROWS(&w->symbols, struct symbol_entry);
    size_t n = TABLE_COUNT(&w->symbols, struct symbol_entry);

    for (size_t i = 0; i < n; i++)
        if (has_jumps(jumps, s[i].start))
            text_add_unversioned(&w->texts, s[i].name);
    int r = names_init(&names, w);

    if (r < 0)
        return r;
    for (size_t i = 0; i < AUTHORITIES; i++)
        for (size_t k = 0; k < names.lists[i].n; k++)
            put_entry(&names, (uint32_t)(names.lists[i].list[k].key >> 32), jumps, entries);
    n = sort_by_text(entries->data, TABLE_COUNT(entries, struct index_entry),
                     sizeof(struct index_entry), &w->texts);
    entries->len = n * sizeof(struct index_entry);
    return buf_error(entries);
}

/* --- Calls --- */

static void put_calls(const struct call_entry *calls, const struct sort_key *order, size_t n,
                      const struct names *names, const struct buf *jumps, struct buf *ret)
{
    uint32_t last = INDEX_NONE;

    for (size_t i = 0; i < n; i++) {
        const struct call_entry *c = &calls[order[i].value];
        struct index_call call = {.return_address = c->return_address,
                                  .start = callee_of(c, names)};

        if (c->return_address == last ||
            (call.start != INDEX_NONE && !has_jumps(jumps, call.start)))
            continue;
        if (call.start == INDEX_NONE)
            call.symbol = c->symbol;
        table_add(ret, &call, sizeof call);
        last = c->return_address;
    }
}

/* Indexes of the calls of one sort, in the order of their section. */
static int order_calls(const struct buf *calls, bool jumps, struct sort_key *ret, size_t *ret_n)
{
    const struct call_entry *c = TABLE_ROWS(calls, struct call_entry);
    size_t kept = 0;

    for (size_t i = 0; i < TABLE_COUNT(calls, struct call_entry); i++) {
        uint64_t function = jumps ? (uint64_t)c[i].function << 32 : 0;

        if (c[i].jump == jumps)
            ret[kept++] = (struct sort_key){function | c[i].return_address, (uint32_t)i};
    }
    *ret_n = kept;
    return sort_keys(ret, kept);
}

int call_table_build(struct index_writer *w, struct buf *calls, struct buf *jumps,
                     struct buf *entries)
{
    _cleanup_(names_fini) struct names names = {0};
    _cleanup_free_ struct sort_key *order = NULL;
    const struct call_entry *all = TABLE_ROWS(&w->calls, struct call_entry);
    size_t n = TABLE_COUNT(&w->calls, struct call_entry);

    if (n == 0)
        return 0;
    order = reallocarray(NULL, n, sizeof *order);
    int r = order ? names_init(&names, w) : -ENOMEM;

    if (r == 0)
        r = order_calls(&w->calls, true, order, &n);
    if (r < 0)
        return r;
    put_jumps(all, order, n, &names, jumps);
    r = order_calls(&w->calls, false, order, &n);
    if (r < 0)
        return r;
    put_calls(all, order, n, &names, jumps, calls);
    return jumps->len > 0 ? put_entries(w, jumps, entries) : 0;
}
