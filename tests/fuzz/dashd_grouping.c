/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
/* What the database has beside a stack and a group, as JSON that somebody else wrote: facts, hints,
 * selectors; and the rules' text. */
#include "common/base/cleanup.h"
#include "dashd/grouping/explanation.h"
#include "dashd/grouping/hint.h"
#include "dashd/grouping/rulenotes.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *text = arena_strndup(&a, (const char *)data, size);
    const struct stack_columns columns = {text, text, 1};
    const struct stack_view none = {.n = 0};
    struct selector s = selector_of_text(text), form = selector_from_form(text);
    struct explanation e;
    struct split_hint h;
    struct str heading;

    explanation_make(&columns, &none, &a, &e);
    hint_parse(text, &a, &h);
    for (size_t i = 0; i < h.n; i++)
        camp_words(&h.selector, h.camps[i].value, &a);
    selector_words(&s, &a);
    selector_json(&form, &a);
    heading = rule_heading(str_from(text), "rule", NULL);
    arena_strndup(&a, heading.p ? heading.p : "", heading.n);
    return 0;
}
