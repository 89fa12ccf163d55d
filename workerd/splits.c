/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/splits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/jsontree.h"

#include "workerd/grouping/normalise.h"

#define SELECTOR_VALUES_MAX 8

/* --- Selectors --- */

int selector_of_json(const json_t *root, struct selector *ret)
{
    const json_t *frame = json_object_get(root, "frame");
    json_int_t n = json_integer_value(frame);

    if (json_object_size(root) != 1)
        return -EBADMSG;
    if (json_is_integer(frame) && n >= 1 && n <= SPLIT_FRAME_MAX)
        *ret = (struct selector){.kind = SELECT_FRAME, .frame = (unsigned)n};
    else if (json_is_true(json_object_get(root, "signal")))
        *ret = (struct selector){.kind = SELECT_SIGNAL};
    else if (json_is_true(json_object_get(root, "executable")))
        *ret = (struct selector){.kind = SELECT_EXECUTABLE};
    else
        return -EBADMSG;
    return 0;
}

int selector_parse(struct str json, struct selector *ret)
{
    _cleanup_json_ json_t *root = jsontree_object(json, SELECTOR_VALUES_MAX, NULL);

    return selector_of_json(root, ret);
}

/* The n-th one that would have taken part if more did. */
static const char *frame_value(unsigned n, const struct crash_stack *s, const struct verdict *v,
                               struct arena *a)
{
    for (size_t i = 0; i < s->n_frames; i++) {
        if (v[i].kind == VERDICT_LIMIT && --n == 0)
            return v[i].name ? v[i].name : normalise_module(s->frames[i].module, a);
    }
    return "";
}

const char *selector_value(const struct selector *s, const struct crash_stack *stack,
                           const struct verdict *verdicts, struct arena *a)
{
    switch (s->kind) {
    case SELECT_FRAME:
        return frame_value(s->frame, stack, verdicts, a);
    case SELECT_SIGNAL:
        return arena_printf(a, "%lld", (long long)stack->signal);
    case SELECT_EXECUTABLE:
        return normalise_module(stack->executable, a);
    }
    return "";
}

/* --- Keys --- */

const struct key_split *splits_find(const struct key_splits *splits,
                                    const uint8_t key[static SHA256_SIZE])
{
    for (size_t i = 0; i < splits->n; i++) {
        if (memcmp(splits->rows[i].base, key, SHA256_SIZE) == 0)
            return &splits->rows[i];
    }
    return NULL;
}

void split_key(int64_t decision, const char *value, uint8_t ret[static SHA256_SIZE])
{
    struct digest *d = digest_new();
    char head[48];
    int n = snprintf(head, sizeof(head), "corral split %lld", (long long)decision);

    digest_add(d, head, (size_t)n + 1);
    digest_add(d, value, strlen(value));
    digest_finish(d, ret);
    digest_free(d);
}

/* Where the selector says nothing, what had different keys before still has. */
static const char *value_or_key(const struct key_split *split, const struct crash_stack *stack,
                                const struct verdict *verdicts,
                                const uint8_t key[static SHA256_SIZE], struct arena *a)
{
    const char *value = selector_value(&split->selector, stack, verdicts, a);
    char *text;

    if (value[0])
        return value;
    text = arena_alloc(a, 2 * SHA256_SIZE + 2);
    text[0] = ' ';
    hex_encode(key, SHA256_SIZE, text + 1);
    return text;
}

/* decisions: by which it was split, in this order. */
static size_t effective(const struct key_splits *splits, const struct crash_stack *stack,
                        const struct verdict *verdicts, const uint8_t base[static SHA256_SIZE],
                        struct arena *a, uint8_t ret[static SHA256_SIZE],
                        int64_t decisions[static SPLIT_DEPTH_MAX])
{
    const struct key_split *s;
    size_t n = 0;

    memcpy(ret, base, SHA256_SIZE);
    while (n < SPLIT_DEPTH_MAX && (s = splits_find(splits, ret))) {
        split_key(s->decision, value_or_key(s, stack, verdicts, ret, a), ret);
        decisions[n++] = s->decision;
    }
    return n;
}

static bool has_key(const struct stack_keys *k, const uint8_t key[static SHA256_SIZE])
{
    bool has = memcmp(k->key, key, SHA256_SIZE) == 0;

    for (size_t i = 0; i < k->n_more && !has; i++)
        has = memcmp(k->more[i], key, SHA256_SIZE) == 0;
    return has;
}

void stack_keys_make(const struct key_splits *splits, const struct crash_stack *stack,
                     const struct verdict *verdicts, const struct grouping_key *keys, size_t n,
                     struct arena *a, struct stack_keys *ret)
{
    *ret = (struct stack_keys){.n_more = 0};
    memcpy(ret->base, keys[0].digest, SHA256_SIZE);
    ret->n_splits = effective(splits, stack, verdicts, ret->base, a, ret->key, ret->splits);
    for (size_t i = 1; i < n; i++) {
        uint8_t key[SHA256_SIZE];
        int64_t none[SPLIT_DEPTH_MAX];

        effective(splits, stack, verdicts, keys[i].digest, a, key, none);
        if (!has_key(ret, key))
            memcpy(ret->more[ret->n_more++], key, SHA256_SIZE);
    }
}
