/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/ctl client/ctl/output client/ctl/server client/ctl/debug client/ctl/demo
 * client/transport client/spool */
/* What people type: options and words, names of groups and events, contexts. */
#include <errno.h>
#include <string.h>

#include "client/ctl/context.h"
#include "client/ctl/server/reference.h"
#include "client/ctl/verbs.h"
#include "tests/lib/unit.h"

#define WORDS_MAX 8

/* --- Options --- */

enum { WITH_VALUE, FLAG };

static const struct verb verb = {
    .word = "try",
    .arguments = "A [B]",
    .least = 1,
    .most = 2,
    .takes_rest = true,
    .options = {[WITH_VALUE] = {"--value", "V", ""}, [FLAG] = {"--flag", NULL, ""}},
};

static const struct {
    const char *line[WORDS_MAX];
    int status;
    const char *value;
    bool flag;
    const char *words, *rest; /* joined by commas */
} lines[] = {
    {{"a"}, CTL_OK, NULL, false, "a", ""},
    {{"a", "b"}, CTL_OK, NULL, false, "a,b", ""},
    {{"--flag", "a", "--value", "v", "b"}, CTL_OK, "v", true, "a,b", ""},
    {{"a", "--value=v=w"}, CTL_OK, "v=w", false, "a", ""},
    {{"a", "--value="}, CTL_OK, "", false, "a", ""},
    {{"a", "--value", "--flag"}, CTL_OK, "--flag", false, "a", ""},
    {{"-"}, CTL_OK, NULL, false, "-", ""},
    {{"a", "--", "--flag", "b"}, CTL_OK, NULL, false, "a", "--flag,b"},
    {{"a", "--"}, CTL_OK, NULL, false, "a", ""},
    {{NULL}, CTL_USAGE, NULL, false, "", ""},
    {{"--", "a"}, CTL_USAGE, NULL, false, "", ""},
    {{"a", "b", "c"}, CTL_USAGE, NULL, false, "", ""},
    {{"a", "--value"}, CTL_USAGE, NULL, false, "", ""},
    {{"a", "--flag=x"}, CTL_USAGE, NULL, false, "", ""},
    {{"a", "--other"}, CTL_USAGE, NULL, false, "", ""},
    {{"a", "--val"}, CTL_USAGE, NULL, false, "", ""},
};

static void check_list(char *const *list, int n, const char *expected)
{
    _cleanup_buf_ struct buf b = BUF_INIT(1000);

    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i > 0 ? "," : "", list[i]);
    ck_assert_str_eq(buf_text(&b), expected);
}

START_TEST(options_are_told_from_words)
{
    char copies[WORDS_MAX][32], *argv[WORDS_MAX + 1] = {NULL};
    struct arguments args = {.n_words = -1};
    int argc = 0;

    for (; argc < WORDS_MAX && lines[_i].line[argc]; argc++) {
        strcpy(copies[argc], lines[_i].line[argc]);
        argv[argc] = copies[argc];
    }
    ck_assert_int_eq(arguments_read(&verb, argc, argv, &args), lines[_i].status);
    if (lines[_i].status != CTL_OK)
        return;
    ck_assert_pstr_eq(args.option[WITH_VALUE], lines[_i].value);
    ck_assert_int_eq(args.option[FLAG] != NULL, lines[_i].flag);
    check_list(args.words, args.n_words, lines[_i].words);
    check_list(args.rest, args.n_rest, lines[_i].rest);
}
END_TEST

START_TEST(every_verb_can_be_found)
{
    for (size_t i = 0; i < n_verbs; i++) {
        ck_assert_ptr_nonnull(verbs[i]->run);
        ck_assert_int_ge(verbs[i]->most < 0 ? verbs[i]->least : verbs[i]->most, verbs[i]->least);
        for (size_t k = 0; k < i; k++)
            ck_assert(strcmp(verbs[i]->word, verbs[k]->word) != 0 ||
                      (verbs[i]->second && verbs[k]->second &&
                       strcmp(verbs[i]->second, verbs[k]->second) != 0));
    }
}
END_TEST

START_TEST(numbers)
{
    ck_assert_int_eq(arguments_number("--n", NULL, 7, 10), 7);
    ck_assert_int_eq(arguments_number("--n", "10", 7, 10), 10);
    ck_assert_int_eq(arguments_number("--n", "11", 7, 10), -1);
    ck_assert_int_eq(arguments_number("--n", "0", 7, 10), -1);
    ck_assert_int_eq(arguments_number("--n", "-1", 7, 10), -1);
    ck_assert_int_eq(arguments_number("--n", "1x", 7, 10), -1);
}
END_TEST

/* --- Names --- */

#define EVENT "019a0c5e-0000-7000-8000-000000000001"

static const struct {
    const char *text;
    enum reference_kind kind;
    const char *id;
} references[] = {
    {"G-142", REFERENCE_GROUP, "G-142"},
    {"g-142", REFERENCE_GROUP, "G-142"},
    {"142", REFERENCE_GROUP, "G-142"},
    {EVENT, REFERENCE_EVENT, EVENT},
    {" " EVENT "\n", REFERENCE_EVENT, EVENT},
    {"https://h.example/groups/G-142", REFERENCE_GROUP, "G-142"},
    {"https://h.example/sub/groups/G-142/merge?into=G-1#top", REFERENCE_GROUP, "G-142"},
    {"http://h:8700/events/" EVENT "?threads=all", REFERENCE_EVENT, EVENT},
    {"/events/" EVENT "/text", REFERENCE_EVENT, EVENT},
    {"http://h/api/v1/groups/7", REFERENCE_GROUP, "G-7"},
    {"", REFERENCE_NONE, NULL},
    {"G-", REFERENCE_NONE, NULL},
    {"G-0", REFERENCE_NONE, NULL},
    {"G--1", REFERENCE_NONE, NULL},
    {"G-99999999999", REFERENCE_NONE, NULL},
    {"G-1/../2", REFERENCE_NONE, NULL},
    {"http://h/groups", REFERENCE_NONE, NULL},
    {"http://h/groups/", REFERENCE_NONE, NULL},
    {"019A0C5E-0000-7000-8000-000000000001", REFERENCE_NONE, NULL},
    {"019a0c5e", REFERENCE_NONE, NULL},
};

START_TEST(groups_and_events_are_told_apart)
{
    struct reference ref = reference_parse(references[_i].text);

    ck_assert_int_eq(ref.kind, references[_i].kind);
    if (references[_i].id)
        ck_assert_str_eq(ref.id, references[_i].id);
}
END_TEST

/* --- Contexts --- */

#define TWO                                                                                        \
    "cache_max = 5M\n[home]\nserver = http://h\ntoken_file = ~/t\n# x\n[ work ]\nserver = "        \
    "http://w\n"

static const struct {
    const char *text, *name;
    int r;
    unsigned line;
    const char *server, *token_file;
} contexts[] = {
    {"", NULL, 0, 0, NULL, NULL},
    {"", "home", CONTEXT_UNKNOWN, 0, NULL, NULL},
    {TWO, NULL, 0, 0, NULL, NULL},
    {TWO, "home", 0, 0, "http://h", "/root/t"},
    {TWO, "work", 0, 0, "http://w", NULL},
    {TWO, "wor", CONTEXT_UNKNOWN, 0, NULL, NULL},
    {"context = work\n" TWO, NULL, 0, 0, "http://w", NULL},
    {"context = work\n" TWO, "home", 0, 0, "http://h", "/root/t"},
    {"context = none\n" TWO, NULL, CONTEXT_UNKNOWN, 0, NULL, NULL},
    {"server = x\n", NULL, -EINVAL, 1, NULL, NULL},
    {TWO "tokenfile = x\n", "home", -EINVAL, 8, NULL, NULL},
    {TWO "[]\n", "home", -EINVAL, 8, NULL, NULL},
};

START_TEST(contexts_are_chosen)
{
    struct conf_error error = {0};
    struct ctl_conf c;

    ck_assert_int_eq(context_parse(str_from(contexts[_i].text), contexts[_i].name, &c, &error),
                     contexts[_i].r);
    ck_assert_uint_eq(error.line, contexts[_i].line);
    if (contexts[_i].r == 0) {
        context_expand(&c.chosen, "/root");
        ck_assert_pstr_eq(c.chosen.server, contexts[_i].server);
        ck_assert_pstr_eq(c.chosen.token_file, contexts[_i].token_file);
    }
    context_fini(&c);
}
END_TEST

UNIT_TABLES_MAIN("ctl/arguments", {options_are_told_from_words, ARRAY_SIZE(lines)},
                 {every_verb_can_be_found, 1}, {numbers, 1},
                 {groups_and_events_are_told_apart, ARRAY_SIZE(references)},
                 {contexts_are_chosen, ARRAY_SIZE(contexts)})
