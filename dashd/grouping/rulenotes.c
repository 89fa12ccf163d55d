/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/grouping/rulenotes.h"

#include <string.h>

#include "common/base/cleanup.h"

/* templates.mk knows that this object depends on the file. */
__asm__(".section .rodata\n"
        "shipped_rules:\n.incbin \"etc/grouping.rules\"\n"
        "shipped_rules_end:\n.byte 0\n.previous\n");
extern const char shipped_rules[], shipped_rules_end[];

#define HEADING_BEGIN "# --- "
#define HEADING_END   " ---"

/* What the algorithm decides without a rule of the text. */
static const struct {
    const char *name, *note;
} built_in[] = {
    {"no-name", "Neither a function nor what comes after it is known here."},
    {"signal-handler", "The kernel called a handler here."},
    {"outside-recursion", "It is not part of the functions that call one another in a circle."},
};

static const struct {
    const char *verdict;
    const char *actions[3];
} actions_of[] = {
    {"cut", {"cut"}},
    {"skipped", {"skip", "wait"}},
    {"bottom", {"bottom"}},
};

static struct str word(struct str *line)
{
    struct str w;

    *line = str_trim(*line);
    while (str_split(line, ' ', &w))
        if (w.n > 0)
            return w;
    return (struct str){NULL, 0};
}

static bool is_one_of(struct str s, const char *const *texts)
{
    for (; texts && *texts; texts++)
        if (str_eq(s, str_from(*texts)))
            return true;
    return !texts;
}

static struct str heading_of(struct str line, struct str former)
{
    if (line.n < strlen(HEADING_BEGIN) + strlen(HEADING_END) ||
        !str_starts(line, STR(HEADING_BEGIN)) || !str_ends(line, STR(HEADING_END)))
        return former;
    return (struct str){line.p + strlen(HEADING_BEGIN),
                        line.n - strlen(HEADING_BEGIN) - strlen(HEADING_END)};
}

struct str rule_heading(struct str text, const char *rule, const char *const *actions)
{
    struct str line, heading = {"", 0};

    while (str_split(&text, '\n', &line)) {
        heading = heading_of(line, heading);
        if (line.n == 0 || line.p[0] == ' ' || line.p[0] == '#' ||
            !str_eq(word(&line), str_from(rule)))
            continue;
        if (is_one_of(word(&line), actions))
            return heading;
    }
    return (struct str){NULL, 0};
}

static const char *const *actions_for(const char *verdict)
{
    for (size_t i = 0; verdict && i < ARRAY_SIZE(actions_of); i++)
        if (strcmp(actions_of[i].verdict, verdict) == 0)
            return actions_of[i].actions;
    return NULL;
}

const char *rule_note(const char *rule, const char *verdict, struct arena *a)
{
    struct str text = {shipped_rules, (size_t)(shipped_rules_end - shipped_rules)}, heading;

    for (size_t i = 0; i < ARRAY_SIZE(built_in); i++)
        if (strcmp(built_in[i].name, rule) == 0)
            return built_in[i].note;
    heading = rule_heading(text, rule, actions_for(verdict));
    if (!heading.p)
        heading = rule_heading(text, rule, NULL);
    if (!heading.p)
        return "The rule is this site's own, or of another version.";
    return arena_printf(a, "The shipped rule is under “%.*s”.", (int)heading.n, heading.p);
}
