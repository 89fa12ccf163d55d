/* SPDX-License-Identifier: Apache-2.0 */
/* libiberty hands its output to a callback piece by piece and has no way to be stopped, so the
 * callback leaves by longjmp when the output has grown beyond all use: the demanglers that take a
 * callback keep their state on the stack. */
#include "workerd/indexer/demangle.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>
#undef ARRAY_SIZE /* ours says the same */

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/report/limits.h"
#include "workerd/indexer/mangled.h"

#define SYMBOL_MAX (32u * 1024) /* longer ones are not worth demangling */
#define OUTPUT_MAX (64u * 1024)
#define CUT_MARK   "..."

struct output {
    struct buf text;
    size_t written; /* in all */
    jmp_buf overflow;
};

static void collect(const char *piece, size_t n, void *arg)
{
    struct output *o = arg;

    o->written += n;
    buf_add(&o->text, piece, n);
    if (buf_error(&o->text))
        longjmp(o->overflow, 1);
}

typedef int demangler(const char *mangled, int options, demangle_callbackref callback, void *arg);

/* Rust first: its older symbols are valid C++ ones, with a hash for a name. */
static demangler *const demanglers[] = {rust_demangle_callback, cplus_demangle_v3_callback};

static bool run(demangler *f, const char *symbol, struct output *o)
{
    buf_clear(&o->text);
    if (setjmp(o->overflow) != 0)
        return false;
    return f(symbol, DMGL_ANSI, collect, o) != 0 && o->text.len > 0;
}

static const char *keep_end(const char *text, struct arena *a)
{
    size_t n = strlen(text), max = FUNCTION_NAME_MAX - 1;

    if (n <= max)
        return arena_strndup(a, text, n);
    return arena_printf(a, CUT_MARK "%s", text + n - (max - strlen(CUT_MARK)));
}

static const char *demangle_d(const char *symbol, struct arena *a)
{
    _cleanup_free_ char *text = dlang_demangle(symbol, 0);

    return text ? keep_end(text, a) : NULL;
}

static const char *demangle_mangled(const char *symbol, struct arena *a, size_t *count)
{
    _cleanup_free_ struct output *o = calloc(1, sizeof *o);
    const char *name = NULL;

    if (!o)
        return NULL;
    buf_init(&o->text, OUTPUT_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(demanglers) && !name; i++)
        if (run(demanglers[i], symbol, o))
            name = keep_end(buf_text(&o->text), a);
    *count += o->written;
    buf_fini(&o->text);
    return name;
}

/* foo@@VERSION: only the linker knows the version. A leading '@' would be the whole name. */
static const char *without_version(const char *symbol, struct arena *a)
{
    const char *at = strchr(symbol, '@');

    return at && at != symbol ? arena_strndup(a, symbol, (size_t)(at - symbol)) : symbol;
}

const char *demangle_counted(const char *symbol, struct arena *a, size_t *count)
{
    const char *name = NULL;
    size_t cost;

    if (!symbol)
        return NULL;
    symbol = without_version(symbol, a);
    if (strlen(symbol) > SYMBOL_MAX)
        return keep_end(symbol, a);
    if (!mangled_cost(symbol, &cost))
        return keep_end(symbol, a);
    *count += cost;
    if (cstr_starts(symbol, "_Z") || cstr_starts(symbol, "_R"))
        name = demangle_mangled(symbol, a, count);
    else if (cstr_starts(symbol, "_D"))
        name = demangle_d(symbol, a);
    return name ? name : keep_end(symbol, a);
}

const char *demangle(const char *symbol, struct arena *a)
{
    size_t unused = 0;

    return demangle_counted(symbol, a, &unused);
}
