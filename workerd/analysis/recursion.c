/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/analysis/recursion.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"

#define PERIOD_MAX     16u /* functions in one round */
#define ROUNDS_LEAST   3u  /* before a repetition is called one */
#define TEXT_MAX       1024u
#define NAME_MAX_SHOWN 200u /* bytes of one name; longer ones keep their start */

static bool same_function(const struct frame *a, const struct frame *b)
{
    if (!a->function || !b->function)
        return a->function == b->function && a->pc == b->pc;
    return strcmp(a->function, b->function) == 0;
}

/* Whether the n frames that end at last repeat after every `period` of them. */
static bool repeats(const struct frame *last, size_t n, size_t period)
{
    for (size_t i = 0; i + period < n; i++)
        if (!same_function(last - i, last - i - period))
            return false;
    return true;
}

static size_t find_period(const struct frame *last, size_t n)
{
    for (size_t period = 1; period <= PERIOD_MAX && period * ROUNDS_LEAST <= n; period++)
        if (repeats(last, period * ROUNDS_LEAST, period))
            return period;
    return 0;
}

static void add_name(const struct frame *f, struct buf *b)
{
    size_t n = f->function ? strcspn(f->function, "(<") : 0;

    if (n == 0) {
        buf_printf(b, "0x%llx", (unsigned long long)f->pc);
        return;
    }
    buf_add(b, f->function, n < NAME_MAX_SHOWN ? n : NAME_MAX_SHOWN);
    buf_adds(b, "()");
}

/* Where a round begins is anybody's guess: with the frame before the gap. */
const char *recursion_name(const struct thread *t, struct arena *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);

    if (t->frames_left_out == 0 || t->gap_after >= t->n_frames)
        return NULL;
    const struct frame *last = &t->frames[t->gap_after];
    size_t period = find_period(last, t->gap_after + 1);

    if (period == 0)
        return NULL;
    for (size_t i = 0; i < period; i++) {
        if (i > 0)
            buf_adds(&b, " → ");
        add_name(last - i, &b);
    }
    return buf_error(&b) ? NULL : arena_strndup(a, buf_text(&b), b.len);
}
