/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/indexer/readable.h"

#include <string.h>

#include "workerd/indexer/demangle.h"

#define STUB_SUFFIX  "@plt"
#define LEAST        (4u << 20) /* bytes of symbols and of what they stand for */
#define PER_BYTE     4u         /* of the files */
#define ARENA_ENOUGH 65536u     /* after so much it begins anew */

static const char too_much[] = "its symbols stand for names that are too long";

static bool is_stub(const char *symbol, size_t n)
{
    size_t m = strlen(STUB_SUFFIX);

    return n > m && memcmp(symbol + n - m, STUB_SUFFIX, m) == 0;
}

static const char *read_symbol(void *arg, const char *symbol)
{
    struct readable *r = arg;
    size_t n = strlen(symbol), produced = 0;
    bool stub = is_stub(symbol, n);

    if (r->arena.used > ARENA_ENOUGH)
        arena_reset(&r->arena);
    if (r->effort.spent)
        return symbol;
    const char *name = demangle_counted(symbol, &r->arena, &produced);

    if (!effort_spend(&r->effort, n + produced))
        index_writer_problem(r->writer, too_much); /* which may move the symbol */
    return stub ? arena_printf(&r->arena, "%s" STUB_SUFFIX, name) : name;
}

void readable_init(struct readable *r, struct index_writer *w, uint64_t bytes)
{
    *r = (struct readable){.writer = w, .effort.left = LEAST + PER_BYTE * bytes};
    arena_init(&r->arena, 0);
    index_writer_readable(w, read_symbol, r);
}

void readable_fini(struct readable *r)
{
    arena_fini(&r->arena);
}
