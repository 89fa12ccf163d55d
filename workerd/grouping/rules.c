/* SPDX-License-Identifier: Apache-2.0 */
/* frames.def is expanded three times, once for each of its row types. Tables are walked from the
 * top, for the first match wins; a comparison of first bytes turns nearly every row away. */
#include "workerd/grouping/rules.h"

#include <stddef.h>
#include <string.h>

#include "common/base/cleanup.h"

#define FRAME(rule, action, tag, pattern)
#define MODULE(rule, pattern)
#define MESSAGE(rule, tag, pattern)

#undef FRAME
#define FRAME(rule, action, tag, pattern) {#rule, RULE_##action, CRASH_##tag, pattern},
static const struct rule frame_rules[] = {
#include "workerd/grouping/frames.def"
};
#undef FRAME
#define FRAME(rule, action, tag, pattern)

#undef MODULE
#define MODULE(rule, pattern) {#rule, RULE_SKIP, CRASH_NONE, pattern},
static const struct rule module_rules[] = {
#include "workerd/grouping/frames.def"
};
#undef MODULE
#define MODULE(rule, pattern)

#undef MESSAGE
#define MESSAGE(rule, tag, pattern) {#rule, RULE_KEEP, CRASH_##tag, pattern},
static const struct rule message_rules[] = {
#include "workerd/grouping/frames.def"
};

static const struct {
    const char *tag, *words;
} kinds[] = {
    [CRASH_NONE] = {NULL, NULL},
    [CRASH_HEAP] = {"heap-corruption", "heap corruption"},
    [CRASH_STACK_OVERFLOW] = {"stack-overflow", "stack overflow"},
    [CRASH_FORTIFY] = {"buffer-overflow", "buffer overflow"},
    [CRASH_STACK_SMASH] = {"stack-smashing", "stack smashing"},
    [CRASH_EXCEPTION] = {"uncaught-exception", "uncaught exception"},
    [CRASH_PURE_VIRTUAL] = {"pure-virtual-call", "pure virtual call"},
    [CRASH_PANIC] = {"panic", "panic"},
    [CRASH_ASSERTION] = {"assertion", "assertion failed"},
    [CRASH_SANITIZER] = {"sanitizer", "sanitizer error"},
};

const char *crash_kind_tag(enum crash_kind k)
{
    return kinds[k].tag;
}

const char *crash_kind_words(enum crash_kind k)
{
    return kinds[k].words;
}

bool rule_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL; /* the last star, and where its text may end next */

    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static const struct rule *find(const struct rule *rules, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        char first = rules[i].pattern[0];

        if ((first == text[0] || first == '*') && rule_matches(rules[i].pattern, text))
            return &rules[i];
    }
    return NULL;
}

const struct rule *rule_for_function(const char *normalised)
{
    return find(frame_rules, ARRAY_SIZE(frame_rules), normalised);
}

const struct rule *rule_for_module(const char *name)
{
    return find(module_rules, ARRAY_SIZE(module_rules), name);
}

const struct rule *rule_for_message(const char *message)
{
    return find(message_rules, ARRAY_SIZE(message_rules), message);
}
