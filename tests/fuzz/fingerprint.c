/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Any bytes as the JSON of a stack, through grouping to the output: each frame has a verdict, at
 * most KEPT_MAX are kept, the title is one line of UTF-8, and the same input groups the same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/ruleset.h"
#include "workerd/grouping/stackjson.h"
#include "workerd/grouping/title.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_kept(const struct crash_stack *s, const struct grouping *g)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->n_frames; i++)
        kept += g->verdicts[i].kind == VERDICT_KEPT;
    assert(kept == g->n_kept && kept <= FINGERPRINT_KEPT_MAX);
    assert(!g->has_culprit || g->culprit < s->n_frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a;
    _cleanup_buf_ struct buf b;
    struct stackjson_error error;
    struct crash_stack s;
    struct grouping g, again;
    const char *title;

    arena_init(&a, 0);
    buf_init(&b, 2 * STACKJSON_MAX);
    if (stackjson_parse((struct str){(const char *)data, size}, &a, &s, &error) < 0) {
        assert(error.message[0]);
        return 0;
    }
    fingerprint_make(ruleset_shipped(), &s, &a, &g);
    fingerprint_make(ruleset_shipped(), &s, &a, &again);
    assert(g.n_keys >= 1 && g.n_keys <= GROUPING_KEYS_MAX && g.n_keys == again.n_keys);
    for (size_t i = 0; i < g.n_keys; i++)
        assert(memcmp(g.keys[i].digest, again.keys[i].digest, SHA256_SIZE) == 0);
    check_kept(&s, &g);
    title = title_make(&s, &g, &a);
    assert(strlen(title) <= TITLE_MAX && utf8_valid_prefix(title, strlen(title)) == strlen(title));
    assert(!strpbrk(title, "\n\r\t"));
    stackjson_format(&s, &g, title, &b);
    return 0;
}
