/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes that a person told apart: where the key of a stack is split, the key that counts is made
 * of the decision and of what its selector says of the stack, whichever key it had. Pure. */
#ifndef CORRAL_WORKERD_SPLITS_H
#define CORRAL_WORKERD_SPLITS_H

#include <jansson.h>

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/base/str.h"

#include "workerd/grouping/fingerprint.h"

#define SPLIT_FRAME_MAX 32 /* frames behind the kept ones */
#define SPLIT_DEPTH_MAX 8  /* splits of splits */

enum selector_kind { SELECT_FRAME, SELECT_SIGNAL, SELECT_EXECUTABLE };

struct selector {
    enum selector_kind kind;
    unsigned frame; /* the n-th one behind the kept ones, from 1 */
};

/* {"frame": 2}, {"signal": true}, {"executable": true}: as key_splits has it. -EBADMSG. */
int selector_parse(struct str json, struct selector *ret);
int selector_of_json(const json_t *object, struct selector *ret);
/* The function, or the module where it has none; a number; a program. "" when there is none. */
const char *selector_value(const struct selector *s, const struct crash_stack *stack,
                           const struct verdict *verdicts, struct arena *a);

struct key_split {
    uint8_t base[SHA256_SIZE];
    struct selector selector;
    int64_t decision;
};

struct key_splits {
    const struct key_split *rows;
    size_t n;
};

/* NULL when the key is not split. */
const struct key_split *splits_find(const struct key_splits *splits,
                                    const uint8_t key[static SHA256_SIZE]);
/* The key of all those that a decision tells by one value. */
void split_key(int64_t decision, const char *value, uint8_t ret[static SHA256_SIZE]);

/* The keys of a stack. */
struct stack_keys {
    uint8_t base[SHA256_SIZE]; /* before anybody's decision */
    uint8_t key[SHA256_SIZE];  /* that counts */
    uint8_t more[GROUPING_KEYS_MAX][SHA256_SIZE];
    size_t n_more;
    int64_t splits[SPLIT_DEPTH_MAX]; /* decisions that led from base to key */
    size_t n_splits;
};

void stack_keys_make(const struct key_splits *splits, const struct crash_stack *stack,
                     const struct verdict *verdicts, const struct grouping_key *keys, size_t n,
                     struct arena *a, struct stack_keys *ret);

#endif
