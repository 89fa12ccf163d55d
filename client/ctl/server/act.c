/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that change what people say of groups: state, assignee, labels, links, comments. Each
 * is a row of a table, for they differ in a word or two. Many groups are one request, and each has
 * its own result. */
#include "client/ctl/server/act.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/output/table.h"
#include "client/ctl/server/ask.h"
#include "client/ctl/server/reference.h"
#include "common/base/io.h"

#define COMMENT_MAX (8u * 1024)

static const struct column columns[] = {
    {"GROUP", "id", COLUMN_STATUS},
    {"RESULT", "result", COLUMN_STATUS},
    {"PROBLEM", "problem", COLUMN_NAME},
};

/* --- Requests --- */

static int meaning(const char *result)
{
    static const struct {
        const char *result;
        enum ctl_exit meaning;
    } meanings[] = {
        {"done", CTL_OK},
        {"unchanged", CTL_OK},
        {"not_found", CTL_NOT_FOUND},
        {"stale", CTL_CONFLICT},
    };

    for (size_t i = 0; result && i < ARRAY_SIZE(meanings); i++)
        if (strcmp(meanings[i].result, result) == 0)
            return meanings[i].meaning;
    return CTL_ERROR;
}

static int take_results(const json_t *answer, json_t *results)
{
    const json_t *rows = json_object_get(answer, "results"), *row;
    int worst = CTL_OK;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        int status = meaning(json_string_value(json_object_get(row, "result")));

        worst = status > worst ? status : worst;
    }
    json_array_extend(results, json_object_get(answer, "results"));
    return worst;
}

static int act_on_some(const struct access *a, struct connection *c, const json_t *ids,
                       size_t begin, const struct buf *action, json_t *results)
{
    _cleanup_buf_ struct buf form = BUF_INIT(ACT_FORM_MAX);
    _cleanup_json_ json_t *answer = NULL;
    int status;

    buf_add(&form, action->data, action->len);
    for (size_t i = begin; i < json_array_size(ids) && i < begin + ACT_GROUPS_MAX; i++)
        ask_add(&form, "id", json_string_value(json_array_get(ids, i)));
    if (buf_error(&form))
        return ctl_complain(CTL_USAGE, "the text is too long");
    status = ask_post(a, c, "/api/v1/groups/act", buf_text(&form), &answer);
    return status == CTL_OK ? take_results(answer, results) : status;
}

int act_on(const struct access *a, struct connection *c, const json_t *ids, const char *action,
           const char *field, const char *value, json_t *results)
{
    _cleanup_buf_ struct buf form = BUF_INIT(ACT_FORM_MAX);
    int worst = CTL_OK;

    ask_add(&form, "action", action);
    ask_add(&form, field, value);
    for (size_t i = 0; i < json_array_size(ids); i += ACT_GROUPS_MAX) {
        int status = act_on_some(a, c, ids, i, &form, results);

        worst = status > worst ? status : worst;
    }
    return worst;
}

/* One group, unless somebody has changed it since the caller looked. */
static int act_if(const struct access *a, struct connection *c, const json_t *ids,
                  const char *action, const char *field, const char *value, const char *revision,
                  json_t *results)
{
    _cleanup_buf_ struct buf form = BUF_INIT(ACT_FORM_MAX);
    const char *id = json_string_value(json_array_get(ids, 0));
    _cleanup_json_ json_t *group = NULL;
    char path[128];
    int status;

    if (json_array_size(ids) != 1)
        return ctl_complain(CTL_USAGE, "--if-match is about one group");
    ask_add(&form, "revision", revision);
    ask_add(&form, field, value);
    if (buf_error(&form))
        return ctl_complain(CTL_USAGE, "the text is too long");
    snprintf(path, sizeof(path), "/api/v1/groups/%s/%s", id, action);
    status = ask_post(a, c, path, buf_text(&form), &group);
    if (status == CTL_OK)
        json_array_append_new(results, json_pack("{s:s, s:s}", "id", id, "result", "done"));
    return status;
}

/* --- The verbs --- */

enum { ACT_IF_MATCH, ACT_VALUE };

struct action {
    const struct verb *verb;
    const char *action;
    const char *field; /* of the value; NULL: there is none */
    bool last_word;    /* the value is the last word, not an option */
};

static const struct action actions[] = {
    {&verb_resolve, "resolve", "in", false},    {&verb_reopen, "reopen", NULL, false},
    {&verb_unmute, "reopen", NULL, false},      {&verb_mute, "mute", "until", false},
    {&verb_assign, "assign", "to", true},       {&verb_label, "label", "label", true},
    {&verb_unlabel, "unlabel", "label", true},  {&verb_link, "link", "url", true},
    {&verb_unlink_link, "unlink", "url", true}, {&verb_comment, "comment", "text", true},
};

static int read_ids(char *const *words, int n, json_t *ids)
{
    for (int i = 0; i < n; i++) {
        struct reference ref;
        int status = reference_group(words[i], &ref);

        if (status != CTL_OK)
            return status;
        json_array_append_new(ids, json_string(ref.id));
    }
    return CTL_OK;
}

/* A comment may come from standard input. */
static int read_value(const struct action *what, const struct arguments *args,
                      char buffer[static COMMENT_MAX + 2], const char **ret)
{
    ssize_t n;

    *ret = what->last_word ? args->words[args->n_words - 1] : args->option[ACT_VALUE];
    if (what->verb != &verb_comment || strcmp(*ret, "-") != 0)
        return CTL_OK;
    n = io_read(STDIN_FILENO, buffer, COMMENT_MAX + 1);
    if (n < 0)
        return ctl_complain(CTL_ERROR, "standard input: %s", strerror((int)-n));
    if (n > (ssize_t)COMMENT_MAX)
        return ctl_complain(CTL_USAGE, "a comment has at most %u bytes", COMMENT_MAX);
    buffer[n] = '\0';
    *ret = buffer;
    return CTL_OK;
}

static int run_action(struct access *access, const struct arguments *args,
                      const struct action *what)
{
    _cleanup_connection_ struct connection *c = access_dash(access);
    _cleanup_json_ json_t *ids = json_array(), *results = json_array();
    const char *value, *revision = args->option[ACT_IF_MATCH];
    char comment[COMMENT_MAX + 2];
    int status = read_ids(args->words, args->n_words - what->last_word, ids);

    if (status == CTL_OK)
        status = read_value(what, args, comment, &value);
    if (status != CTL_OK)
        return status;
    if (revision)
        status = act_if(access, c, ids, what->action, what->field, value, revision, results);
    else
        status = act_on(access, c, ids, what->action, what->field, value, results);
    if (json_array_size(results) > 0)
        table_print(&access->output, columns, ARRAY_SIZE(columns), results);
    return status;
}

/* main starts a verb without saying which, so each has a function of its own. */
#define ACTION(index, symbol, name, words, text, fewest, ...)                                      \
    static int run_##symbol(struct access *access, const struct arguments *args)                   \
    {                                                                                              \
        return run_action(access, args, &actions[index]);                                          \
    }                                                                                              \
    const struct verb verb_##symbol = {                                                            \
        .word = name,                                                                              \
        .arguments = words,                                                                        \
        .help = text,                                                                              \
        .run = run_##symbol,                                                                       \
        .least = fewest,                                                                           \
        .most = -1,                                                                                \
        .options = {[ACT_IF_MATCH] = {"--if-match", "REVISION",                                    \
                                      "only if nobody has changed the group since"},               \
                    __VA_ARGS__},                                                                  \
    }

ACTION(0, resolve, "resolve", "GROUP...", "mark groups as resolved",
       1, [ACT_VALUE] = {"--in", "VERSION", "in a version, or in the `next` one"});
ACTION(1, reopen, "reopen", "GROUP...", "mark groups as not resolved after all, or end a mute", 1);
ACTION(2, unmute, "unmute", "GROUP...", "the same as reopen", 1);
ACTION(
    3, mute, "mute", "GROUP...", "hear no more of groups",
    1, [ACT_VALUE] = {"--until", "WHEN", "12h, 7d, 2026-12-24, 100, 100/24h, next; else for good"});
ACTION(4, assign, "assign", "GROUP... USER", "say who has groups; nobody: none has", 2);
ACTION(5, label, "label", "GROUP... LABEL", "give groups a label", 2);
ACTION(6, unlabel, "unlabel", "GROUP... LABEL", "take a label away", 2);
ACTION(7, link, "link", "GROUP... URL", "link groups to a ticket or whatever else has an address",
       2);
ACTION(8, unlink_link, "unlink", "GROUP... URL", "take a link away", 2);
ACTION(9, comment, "comment", "GROUP... TEXT", "say something about groups; -: from standard input",
       2);
