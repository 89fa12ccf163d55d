/* SPDX-License-Identifier: Apache-2.0 */
/* Thousands of patterns against one text. A pattern is the whole text, in which `*` stands for any
 * bytes; of those that match, the one with the lowest number is the answer. What is tried hardly
 * grows with the number of patterns: each stands in a hash table under its whole text, its
 * beginning or three bytes of it, and is tried at most once. A trial goes once through the text.
 * Pure; everything lives in the arena that was given. */
#ifndef CORRAL_WORKERD_GROUPING_PATTERNS_H
#define CORRAL_WORKERD_GROUPING_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#define PATTERN_MAX       512 /* bytes */
#define PATTERN_STARS_MAX 8
#define PATTERN_NONE      UINT32_MAX

/* The text between the stars: "a*b" is {"a", "b"}, "*" is {"", ""}. */
struct pattern {
    struct str *segments;
    size_t n_segments;
    uint32_t number; /* the answer when it matches */
};

enum pattern_mistake {
    PATTERN_GOOD = 0,
    PATTERN_EMPTY,
    PATTERN_LONG,
    PATTERN_STARS,
    PATTERN_ESCAPE, /* a backslash before anything but * " and \ */
};

/* From its text, in which a backslash takes the meaning from a star. */
enum pattern_mistake pattern_parse(struct str text, struct arena *a, struct pattern *ret);
bool pattern_matches(const struct pattern *p, struct str text);

#define PATTERN_GRAMS 4096

struct pattern_index {
    const struct pattern *patterns;
    size_t n;
    /* Chains of indexes of patterns plus one, by rising number. */
    uint32_t *next;
    uint32_t *heads; /* by hash of a whole text or a beginning */
    uint32_t mask;
    bool *lengths;   /* of those beginnings */
    size_t longest;  /* of them */
    uint32_t *grams; /* by three bytes that the text must have */
    uint32_t loose;  /* the rest: nothing in them is so long */
};

/* patterns, by rising number, are borrowed. */
void pattern_index_make(const struct pattern *patterns, size_t n, struct arena *a,
                        struct pattern_index *ret);
/* The lowest number, or PATTERN_NONE. */
uint32_t pattern_index_find(const struct pattern_index *index, struct str text);

#endif
