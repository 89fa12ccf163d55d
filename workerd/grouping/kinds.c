/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/grouping/kinds.h"

#include <stddef.h>

static const struct {
    const char *tag, *words, *class;
} kinds[CRASH_KINDS] = {
    [CRASH_NONE] = {NULL, NULL, NULL},
    [CRASH_FATAL] = {"fatal-error", "fatal error", "abort"},
    [CRASH_HEAP] = {"heap-corruption", "heap corruption", "memory"},
    [CRASH_STACK_OVERFLOW] = {"stack-overflow", "stack overflow", "stack-overflow"},
    [CRASH_FORTIFY] = {"buffer-overflow", "buffer overflow", "memory"},
    [CRASH_STACK_SMASH] = {"stack-smashing", "stack smashing", "memory"},
    [CRASH_EXCEPTION] = {"uncaught-exception", "uncaught exception", "exception"},
    [CRASH_TERMINATE] = {"terminate", "std::terminate()", "exception"},
    [CRASH_PURE_VIRTUAL] = {"pure-virtual-call", "pure virtual call", "memory"},
    [CRASH_MEMORY_OUT] = {"out-of-memory", "out of memory", "out-of-memory"},
    [CRASH_DIVISION] = {"division-by-zero", "division by zero", "arithmetic"},
    [CRASH_PANIC] = {"panic", "panic", "panic"},
    [CRASH_ASSERTION] = {"assertion", "assertion failed", "assertion"},
    [CRASH_UNDEFINED] = {"undefined-behaviour", "undefined behaviour", "undefined-behaviour"},
    [CRASH_RACE] = {"data-race", "data race", "data-race"},
    [CRASH_LEAK] = {"memory-leak", "memory leak", "memory-leak"},
    [CRASH_SANITIZER] = {"sanitizer", "sanitizer error", "memory"},
};

const char *crash_kind_tag(enum crash_kind k)
{
    return kinds[k].tag;
}

const char *crash_kind_words(enum crash_kind k)
{
    return kinds[k].words;
}

const char *crash_kind_class(enum crash_kind k)
{
    return kinds[k].class;
}

bool crash_kind_parse(struct str tag, enum crash_kind *ret)
{
    for (int k = CRASH_NONE + 1; k < CRASH_KINDS; k++) {
        if (str_eq(tag, str_from(kinds[k].tag))) {
            *ret = (enum crash_kind)k;
            return true;
        }
    }
    return false;
}
