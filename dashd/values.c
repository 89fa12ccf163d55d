/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/values.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"

#define CUT_MARK "…"

const char *value_cut(const char *text, size_t max, struct arena *a)
{
    size_t n = strlen(text), keep = max > strlen(CUT_MARK) ? max - strlen(CUT_MARK) : 0;

    if (n <= max)
        return text;
    while (keep > 0 && ((unsigned char)text[keep] & 0xc0) == 0x80)
        keep--;
    return arena_printf(a, "%.*s" CUT_MARK, (int)keep, text);
}

const char *value_text(const struct variable *v, struct arena *a)
{
    return v->value ? v->value : arena_printf(a, "<%s>", v->problem ? v->problem : "unknown");
}

/* "name=value", cut. */
static const char *argument_text(const struct variable *v, struct arena *a)
{
    return arena_printf(a, "%s=%s", value_cut(v->name, VALUE_IN_LINE, a),
                        value_cut(value_text(v, a), VALUE_IN_LINE, a));
}

const char *values_arguments(const struct frame *f, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(LINE_SHOWN);

    if (f->n_variables == 0)
        return NULL;
    for (size_t i = 0; i < f->n_variables; i++) {
        const char *comma = b.len ? ", " : "", *text;

        if (!f->variables[i].argument)
            continue;
        text = argument_text(&f->variables[i], a);
        if (b.len + strlen(text) + strlen(", " CUT_MARK) * 2 > LINE_SHOWN) {
            buf_printf(&b, "%s" CUT_MARK, comma);
            break;
        }
        buf_printf(&b, "%s%s", comma, text);
    }
    return arena_printf(a, "(%s)", buf_text(&b));
}

const char *value_trust(enum frame_trust t)
{
    static const char *const words[] = {
        [TRUST_CONTEXT] = "the registers of the thread",
        [TRUST_CFI] = "call frame information",
        [TRUST_FRAME_POINTER] = "the chain of frame pointers: it may skip a frame",
        [TRUST_SCAN] = "looked like a return address on the stack: it may be wrong, and so may "
                       "all that follow",
    };

    return words[t];
}

static const struct module *module_of(const struct analysis *an, const struct frame *f)
{
    for (size_t i = 0; an && f->pc && i < an->n_modules; i++)
        if (an->modules[i].start <= f->pc && f->pc < an->modules[i].end)
            return &an->modules[i];
    return NULL;
}

/* What to send, by what is there. The event is analysed again when it arrives. */
static const struct {
    const char *lacks, *kind;
} lacking[] = {
    [MODULE_MISSING] = {"The server lacks this file", "executable"},
    [MODULE_STRIPPED] = {"The server lacks the debug information of this file", "debuginfo"},
    [MODULE_SYMBOLS] = {"The server lacks the debug information of this file", "debuginfo"},
};

const char *values_remedy(const struct analysis *an, const struct frame *f, struct arena *a)
{
    const struct module *m = module_of(an, f);

    if (f->signal || f->line)
        return NULL;
    if (!f->module)
        return "No file is mapped here: code that was made at run time, or a jump that went "
               "astray.";
    if (!m || m->status == MODULE_DEBUG)
        return m && m->problem ? arena_printf(a, "Of its debug information: %s.", m->problem)
                               : NULL;
    if (!m->build_id)
        return arena_printf(a, "%s, and it has no build-id by which it could be found.",
                            lacking[m->status].lacks);
    return arena_printf(
        a,
        "%s%s%s. Send it: PUT /api/v1/modules/%s/%s of corral-ingestd; this event is "
        "then analysed again.",
        lacking[m->status].lacks, m->problem ? ": " : "", m->problem ? m->problem : "", m->build_id,
        lacking[m->status].kind);
}
