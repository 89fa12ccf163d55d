/* SPDX-License-Identifier: Apache-2.0 */
/* Words are cut out of one line at a time; the first word's place decides what the line is.
 * Patterns are collected in the order of the texts, each with the number of its rule, and handed to
 * the indexes at the end. After the first mistake nothing more is read. */
#include "workerd/grouping/rulefile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/id.h"

#define OFF_MAX   1000 /* names after `off`, in all texts together */
#define SHOWN_MAX 60   /* bytes of a wrong word in a message */

/* A name after `off`. */
struct off {
    struct str name;
    const char *file;
    unsigned line, column;
    size_t text; /* counts for the texts after this one */
    bool used;
};

struct reader {
    struct arena *arena;
    struct rules_error *error;
    const struct rules_text *texts;
    size_t text; /* that is being read */

    unsigned line;
    struct str rest;        /* of the line */
    const char *line_start; /* columns are counted from there */
    bool in_rule;           /* a continuation line has a rule to continue */
    bool off;               /* ... which is switched off */

    struct rule *rules;
    size_t n_rules, rules_capacity;
    struct pattern *patterns;
    size_t n_patterns, patterns_capacity, n_seen;
    struct off *offs;
    size_t n_offs, offs_capacity;
};

static int fail(struct reader *r, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct reader *r, const char *at, const char *format, ...)
{
    va_list ap;

    r->error->file = r->texts[r->text].name;
    r->error->line = r->line;
    r->error->column = at ? (unsigned)(at - r->line_start) + 1 : 0;
    va_start(ap, format);
    vsnprintf(r->error->message, sizeof(r->error->message), format, ap);
    va_end(ap);
    utf8_repair(r->error->message, strlen(r->error->message));
    return -EINVAL;
}

static int shown(struct str word)
{
    return word.n < SHOWN_MAX ? (int)word.n : SHOWN_MAX;
}

/* One more element at the end of an array that doubles as it grows; the arena keeps the old ones.
 */
static void *grow(struct arena *a, void *array, size_t n, size_t *capacity, size_t size)
{
    void *larger;

    if (n < *capacity)
        return array;
    *capacity = *capacity ? 2 * *capacity : 64;
    larger = arena_calloc(a, *capacity, size);
    if (n > 0)
        memcpy(larger, array, n * size);
    return larger;
}

/* --- Words --- */

struct word {
    struct str text; /* without the quotes; backslashes as they stand */
    const char *at;  /* where it begins, quote included */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct str *s)
{
    while (s->n > 0 && is_blank(*s->p)) {
        s->p++;
        s->n--;
    }
}

/* 1: a word; 0: the line is at its end; -EINVAL. */
static int next_word(struct reader *r, struct word *ret)
{
    struct str *s = &r->rest;
    bool quoted;
    size_t n;

    skip_blanks(s);
    if (s->n == 0 || *s->p == '#')
        return 0;
    ret->at = s->p;
    quoted = *s->p == '"';
    for (n = quoted; n < s->n && (quoted ? s->p[n] != '"' : !is_blank(s->p[n])); n++)
        n += s->p[n] == '\\' && n + 1 < s->n;
    if (quoted && n >= s->n)
        return fail(r, ret->at, "the quote that begins here has no end on this line");
    ret->text = (struct str){s->p + quoted, n - quoted};
    *s = (struct str){s->p + n + quoted, s->n - n - quoted};
    if (quoted && s->n > 0 && !is_blank(*s->p))
        return fail(r, s->p, "a blank must follow the quote's end");
    return 1;
}

/* A word that has to be there. */
static int need_word(struct reader *r, const char *what, struct word *ret)
{
    int n = next_word(r, ret);

    if (n == 0)
        return fail(r, r->rest.p, "%s is missing: a rule is NAME ACTION TAG SELECTOR PATTERN...",
                    what);
    return n < 0 ? n : 0;
}

/* --- The columns of a rule --- */

static int read_name(struct reader *r, struct word w)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    if (w.text.n > RULE_NAME_MAX)
        return fail(r, w.at, "a rule's name has at most %d characters", RULE_NAME_MAX);
    for (size_t i = 0; i < w.text.n; i++) {
        if (!w.text.p[i] || !strchr(allowed, w.text.p[i]))
            return fail(r, w.at, "\"%.*s\" is no name of a rule: it has a-z, 0-9 and - only",
                        shown(w.text), w.text.p);
    }
    return w.text.n > 0 ? 0 : fail(r, w.at, "the name is empty");
}

static int read_action(struct reader *r, struct rule *rule)
{
    struct word w;
    int e = need_word(r, "the action", &w);

    if (e < 0)
        return e;
    for (int k = 0; k < RULE_ACTIONS; k++) {
        rule->action = (enum rule_action)k;
        if (str_eq(w.text, str_from(rule_action_name(rule->action))))
            return 0;
    }
    return fail(r, w.at,
                "\"%.*s\" is no action: write cut, skip, wait, bottom, weak, keep, app, system or "
                "tag",
                shown(w.text), w.text.p);
}

static int read_tag(struct reader *r, struct rule *rule)
{
    struct word w;
    int e = need_word(r, "the tag (- for none)", &w);
    bool none;

    if (e < 0)
        return e;
    none = str_eq(w.text, STR("-"));
    if (!none && !crash_kind_parse(w.text, &rule->kind))
        return fail(r, w.at, "\"%.*s\" is no tag: see etc/grouping.rules for them, or write -",
                    shown(w.text), w.text.p);
    if (none && rule->action == RULE_TAG)
        return fail(r, w.at, "a rule with the action tag needs a tag");
    if (!none && (rule->action == RULE_APP || rule->action == RULE_SYSTEM))
        return fail(r, w.at, "whose code it is says nothing of the crash: the tag must be -");
    return 0;
}

static int read_selector(struct reader *r, struct rule *rule)
{
    struct word w;
    int e = need_word(r, "the selector", &w);
    bool known = false;

    if (e < 0)
        return e;
    for (int k = 0; k < RULE_SELECTORS && !known; k++) {
        rule->selector = (enum rule_selector)k;
        known = str_eq(w.text, str_from(rule_selector_name(rule->selector)));
    }
    if (!known)
        return fail(r, w.at,
                    "\"%.*s\" is no selector: write function, module, nameless, file or message",
                    shown(w.text), w.text.p);
    if ((rule->selector == ON_MESSAGE) != (rule->action == RULE_TAG))
        return fail(r, w.at, "a message has only the action tag, and this action only messages");
    return 0;
}

/* --- Patterns --- */

static const char *mistake_text(enum pattern_mistake m)
{
    switch (m) {
    case PATTERN_EMPTY:
        return "a pattern may not be empty";
    case PATTERN_LONG:
        return "a pattern has at most 512 bytes";
    case PATTERN_STARS:
        return "a pattern has at most 8 stars";
    default:
        return "a backslash stands before *, \" or another backslash only";
    }
}

static int add_pattern(struct reader *r, struct word w)
{
    struct pattern p = {.number = (uint32_t)r->n_rules - 1};
    enum pattern_mistake m = pattern_parse(w.text, r->arena, &p);

    if (m != PATTERN_GOOD)
        return fail(r, w.at, "%s", mistake_text(m));
    if (r->n_seen++ == RULES_PATTERNS_MAX)
        return fail(r, w.at, "there are more than %d patterns", RULES_PATTERNS_MAX);
    if (r->off)
        return 0;
    r->patterns =
        grow(r->arena, r->patterns, r->n_patterns, &r->patterns_capacity, sizeof(*r->patterns));
    r->patterns[r->n_patterns++] = p;
    return 0;
}

/* Returns how many there were, or -EINVAL. */
static int read_patterns(struct reader *r)
{
    struct word w;
    int n = 0, e;

    while ((e = next_word(r, &w)) > 0) {
        e = add_pattern(r, w);
        if (e < 0)
            return e;
        n++;
    }
    return e < 0 ? e : n;
}

/* --- Lines --- */

static bool switched_off(struct reader *r, struct str name)
{
    bool off = false;

    for (size_t i = 0; i < r->n_offs; i++) {
        if (r->offs[i].text < r->text && str_eq(r->offs[i].name, name))
            off = r->offs[i].used = true;
    }
    return off;
}

static int read_rule(struct reader *r, struct word name)
{
    struct rule rule = {.kind = CRASH_NONE};
    int e = read_name(r, name);

    if (e == 0)
        e = read_action(r, &rule);
    if (e == 0)
        e = read_tag(r, &rule);
    if (e == 0)
        e = read_selector(r, &rule);
    if (e < 0)
        return e;
    rule.name = arena_strndup(r->arena, name.text.p, name.text.n);
    r->rules = grow(r->arena, r->rules, r->n_rules, &r->rules_capacity, sizeof(*r->rules));
    r->rules[r->n_rules++] = rule;
    r->in_rule = true;
    r->off = switched_off(r, name.text);
    e = read_patterns(r);
    if (e == 0)
        return fail(r, r->rest.p, "the pattern is missing: write at least one on the rule's line");
    return e < 0 ? e : 0;
}

static int read_off(struct reader *r)
{
    struct word w;
    int n = 0, e;

    r->in_rule = false;
    while ((e = next_word(r, &w)) > 0) {
        if (r->n_offs == OFF_MAX)
            return fail(r, w.at, "there are too many names after off");
        r->offs = grow(r->arena, r->offs, r->n_offs, &r->offs_capacity, sizeof(*r->offs));
        r->offs[r->n_offs++] = (struct off){
            .name = {arena_strndup(r->arena, w.text.p, w.text.n), w.text.n},
            .file = r->texts[r->text].name,
            .line = r->line,
            .column = (unsigned)(w.at - r->line_start) + 1,
            .text = r->text,
        };
        n++;
    }
    if (e == 0 && n == 0)
        return fail(r, r->rest.p, "off needs the name of a rule");
    return e;
}

static int read_line(struct reader *r, struct str line)
{
    bool continues = line.n > 0 && is_blank(*line.p);
    struct word w;
    int e;

    r->rest = line;
    r->line_start = line.p;
    skip_blanks(&r->rest);
    if (r->rest.n == 0 || *r->rest.p == '#')
        return 0;
    if (memchr(line.p, '\0', line.n))
        return fail(r, memchr(line.p, '\0', line.n), "a NUL byte: this is no text");
    if (continues && !r->in_rule)
        return fail(r, r->rest.p, "this line begins with a blank, but there is no rule above it");
    if (continues) {
        e = read_patterns(r);
        return e < 0 ? e : 0;
    }
    e = next_word(r, &w);
    if (e < 0)
        return e;
    return str_eq(w.text, STR("off")) && *w.at != '"' ? read_off(r) : read_rule(r, w);
}

static int read_text(struct reader *r)
{
    struct str rest = r->texts[r->text].text, line;
    int e = 0;

    r->line = 0;
    r->in_rule = false;
    if (rest.n > RULES_TEXT_MAX)
        return fail(r, NULL, "is longer than %u bytes", RULES_TEXT_MAX);
    while (e == 0 && rest.n > 0 && str_split(&rest, '\n', &line)) {
        r->line++;
        e = read_line(r, line);
    }
    return e;
}

/* --- The whole --- */

static int check_offs(struct reader *r)
{
    for (size_t i = 0; i < r->n_offs; i++) {
        struct off *o = &r->offs[i];

        if (o->used)
            continue;
        fail(r, NULL, "no rule is called \"%.*s\" in what is read after this file", shown(o->name),
             o->name.p);
        r->error->file = o->file;
        r->error->line = o->line;
        r->error->column = o->column;
        return -EINVAL;
    }
    return 0;
}

static enum rule_family family_of(const struct rule *rule)
{
    return rule->action == RULE_APP || rule->action == RULE_SYSTEM ? RULES_OWN : RULES_DECIDE;
}

static void make_index(struct reader *r, struct rules *rules, enum rule_selector selector,
                       enum rule_family family)
{
    struct pattern *chosen = arena_array(r->arena, struct pattern, r->n_patterns);
    size_t n = 0;

    for (size_t i = 0; i < r->n_patterns; i++) {
        const struct rule *rule = &r->rules[r->patterns[i].number];

        if (rule->selector == selector && family_of(rule) == family)
            chosen[n++] = r->patterns[i];
    }
    pattern_index_make(chosen, n, r->arena, &rules->index[selector][family]);
}

/* Each text with its length, so that a line that moves from one to the next is a change. */
static void make_id(const struct rules_text *texts, size_t n, char ret[static RULES_ID_SIZE])
{
    struct digest *d = digest_new();
    uint8_t digest[SHA256_SIZE];

    for (size_t i = 0; i < n; i++) {
        uint64_t length = texts[i].text.n;

        digest_add(d, &length, sizeof(length));
        digest_add(d, texts[i].text.p, texts[i].text.n);
    }
    digest_finish(d, digest);
    digest_free(d);
    hex_encode(digest, RULES_ID_SIZE / 2, ret);
}

int rules_make(const struct rules_text *texts, size_t n, struct arena *a, struct rules *ret,
               struct rules_error *ret_error)
{
    struct reader r = {.arena = a, .error = ret_error, .texts = texts};
    int e = 0;

    *ret_error = (struct rules_error){0};
    for (r.text = 0; r.text < n && e == 0; r.text += e == 0)
        e = r.text < RULES_TEXTS_MAX ? read_text(&r) : fail(&r, NULL, "is one file too many");
    if (e == 0 && n > 0) {
        r.text = n - 1;
        e = check_offs(&r);
    }
    if (e < 0)
        return e;
    *ret = (struct rules){.rules = r.rules, .n = r.n_rules};
    make_id(texts, n, ret->id);
    for (int s = 0; s < RULE_SELECTORS; s++) {
        for (int f = 0; f < RULE_FAMILIES; f++)
            make_index(&r, ret, (enum rule_selector)s, (enum rule_family)f);
    }
    return 0;
}
