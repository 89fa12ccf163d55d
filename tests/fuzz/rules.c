/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
/* Any bytes as a site's rules, before the shipped ones. A mistake has its place in the text; rules
 * that were made answer for names that stand in it as a look at each pattern would. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/grouping/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first pattern of the index that matches. */
static uint32_t look_at_each(const struct pattern_index *index, struct str text)
{
    for (size_t i = 0; i < index->n; i++) {
        if (pattern_matches(&index->patterns[i], text))
            return index->patterns[i].number;
    }
    return PATTERN_NONE;
}

static void check_index(const struct rules *rules, struct str text)
{
    for (int s = 0; s < RULE_SELECTORS; s++) {
        for (int f = 0; f < RULE_FAMILIES; f++) {
            const struct pattern_index *index = &rules->index[s][f];
            uint32_t found = pattern_index_find(index, text);

            assert(found == PATTERN_NONE || found < rules->n);
            assert(found == look_at_each(index, text));
        }
    }
}

static void check_mistake(const struct rules_error *e, const uint8_t *data, size_t size)
{
    unsigned lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    assert(e->message[0] && e->line <= lines && e->column <= size + 1);
    assert(strcmp(e->file, "fuzz.rules") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rules_text texts[] = {
        {"fuzz.rules", {(const char *)data, size}},
        {"shipped.rules",
         str_from("glibc-abort cut - function abort raise\nx skip - module *.so*\n")}};
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct str rest = {(const char *)data, size}, word;
    struct rules_error error;
    struct rules rules;

    if (rules_make(texts, 2, &a, &rules, &error) < 0) {
        check_mistake(&error, data, size);
        return 0;
    }
    check_index(&rules, STR(""));
    for (unsigned n = 0; n < 64 && str_split(&rest, ' ', &word); n++)
        check_index(&rules, word);
    return 0;
}
