/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/grouping/rules.h"

#include <string.h>

static const char *const actions[RULE_ACTIONS] = {
    [RULE_CUT] = "cut",       [RULE_SKIP] = "skip", [RULE_WAIT] = "wait",
    [RULE_BOTTOM] = "bottom", [RULE_WEAK] = "weak", [RULE_KEEP] = "keep",
    [RULE_TAG] = "tag",       [RULE_APP] = "app",   [RULE_SYSTEM] = "system",
};

static const char *const selectors[RULE_SELECTORS] = {
    [ON_FUNCTION] = "function", [ON_MODULE] = "module",   [ON_NAMELESS] = "nameless",
    [ON_FILE] = "file",         [ON_MESSAGE] = "message",
};

const char *rule_action_name(enum rule_action a)
{
    return actions[a];
}

const char *rule_selector_name(enum rule_selector s)
{
    return selectors[s];
}

struct search {
    const struct rules *rules;
    enum rule_family family;
    uint32_t best;
};

static void look(struct search *s, enum rule_selector selector, struct str text)
{
    uint32_t found = pattern_index_find(&s->rules->index[selector][s->family], text);

    if (found < s->best)
        s->best = found;
}

static void look_at_module(struct search *s, enum rule_selector selector, const char *path)
{
    const char *slash = strrchr(path, '/');

    look(s, selector, str_from(path));
    if (slash && slash[1])
        look(s, selector, str_from(slash + 1));
}

static const struct rule *search(const struct rules *r, enum rule_family family,
                                 const struct frame *f, const char *function)
{
    struct search s = {r, family, PATTERN_NONE};

    if (!cstr_empty(function))
        look(&s, ON_FUNCTION, str_from(function));
    if (!cstr_empty(f->module))
        look_at_module(&s, ON_MODULE, f->module);
    if (!cstr_empty(f->module) && cstr_empty(function))
        look_at_module(&s, ON_NAMELESS, f->module);
    if (!cstr_empty(f->file))
        look(&s, ON_FILE, str_from(f->file));
    return s.best == PATTERN_NONE ? NULL : &r->rules[s.best];
}

const struct rule *rules_decide(const struct rules *r, const struct frame *f, const char *function)
{
    return search(r, RULES_DECIDE, f, function);
}

const struct rule *rules_own(const struct rules *r, const struct frame *f, const char *function)
{
    return search(r, RULES_OWN, f, function);
}

const struct rule *rules_message(const struct rules *r, const char *message)
{
    struct search s = {r, RULES_DECIDE, PATTERN_NONE};

    look(&s, ON_MESSAGE, str_from(message));
    return s.best == PATTERN_NONE ? NULL : &r->rules[s.best];
}
