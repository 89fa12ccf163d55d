/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over a name is: read it if it is mangled, cut what stands around it (suffixes, versions,
 * prefixes), pair its brackets once, then walk from left to right and copy, drop or rewrite word by
 * word and group by group; a blank outside of all groups means that what was copied so far was a
 * return type. Passes are repeated until nothing changes, which makes the result idempotent by
 * construction: it is a fixed point. A name that does not settle within PASSES_MAX passes (nobody's
 * compiler makes one) is taken as it is, which is a fixed point too. */
#include "workerd/grouping/normalise.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/limits.h"
#include "workerd/grouping/name.h"

#define PASSES_MAX 6
#define INPUT_MAX  (64u * 1024) /* of a longer name its end is read */

static struct str keep_end(struct str s, size_t max)
{
    if (s.n <= max)
        return s;
    s = slice(s, s.n - max, s.n);
    while (s.n > 0 && ((unsigned char)s.p[0] & 0xc0) == 0x80)
        s = slice(s, 1, s.n);
    return s;
}

/* What would leave nothing leaves everything. */
static struct str run_pass(struct str in, struct arena *a)
{
    struct pass p = {0};
    struct str out, kept;

    p.in = cut_head(cut_tail(read_mangled(str_trim(in), a)), &kept);
    p.partner = arena_raw(a, 2 * (p.in.n + 1) * sizeof(p.partner[0]));
    p.capacity = NAME_GROWTH_MAX * p.in.n + NAME_ROOM;
    p.out = arena_raw(a, p.capacity);
    pair_brackets(&p, p.partner + p.in.n + 1);
    put(&p, kept);
    walk(&p, 0, p.in.n, 0);
    if (p.n_out == kept.n)
        return in;
    out = plain_name(str_trim((struct str){p.out, p.n_out}), a);
    return out.n > 0 ? keep_end(out, FUNCTION_NAME_MAX) : in;
}

static struct str settle(struct str raw, struct arena *a)
{
    struct str name = raw;

    for (unsigned i = 0; i < PASSES_MAX; i++) {
        struct str next = run_pass(name, a);

        if (str_eq(next, name))
            return name;
        name = next;
    }
    return raw;
}

const char *normalise_function(const char *name, struct arena *a)
{
    _cleanup_arena_ struct arena scratch = ARENA_INIT(0);
    struct str s = keep_end(str_from(name), INPUT_MAX);
    char *valid = arena_strndup(&scratch, s.p ? s.p : "", s.n);

    utf8_repair(valid, s.n);
    s.p = valid;
    if (s.n > FUNCTION_NAME_MAX)
        s = keep_end(run_pass(s, &scratch), FUNCTION_NAME_MAX);
    s = settle(s, &scratch);
    return arena_strndup(a, s.p, s.n);
}

const char *normalise_module(const char *path, struct arena *a)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    struct str name = str_from(slash ? slash + 1 : path);
    const struct str mark = STR(" (deleted)"); /* of a file that was replaced since */

    if (str_ends(name, mark))
        name.n -= mark.n;
    ptrdiff_t so = str_find(name, STR(".so."));

    if (so > 0)
        name.n = (size_t)so + strlen(".so");
    return arena_strndup(a, name.p ? name.p : "", name.n);
}
