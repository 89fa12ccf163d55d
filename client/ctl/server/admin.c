/* SPDX-License-Identifier: Apache-2.0 */
/* What administrators do: tokens, users, and the log of who did what. A token and a password are
 * made by the server, and shown once. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/output/table.h"
#include "client/ctl/server/ask.h"

#define PATH_MAX_ 4096
#define LIMIT     100
#define LIMIT_MAX 100000

/* --- Lists --- */

static int print_rows(const struct access *a, const struct column *columns, size_t n,
                      const json_t *rows)
{
    if (json_array_size(rows) > 0 || a->output.format != OUTPUT_TEXT) {
        output_page(&a->output);
        table_print(&a->output, columns, n, rows);
    }
    return json_array_size(rows) > 0 ? CTL_OK : ctl_complain(CTL_NOT_FOUND, "nothing matches");
}

static int list(struct access *a, const char *path, const char *key, const struct column *columns,
                size_t n)
{
    _cleanup_connection_ struct connection *c = access_dash(a);
    _cleanup_json_ json_t *answer = NULL;
    int status = ask_get(a, c, path, &answer);

    return status == CTL_OK ? print_rows(a, columns, n, json_object_get(answer, key)) : status;
}

static int run_token_list(struct access *access, const struct arguments *args)
{
    static const struct column columns[] = {
        {"ID", "id", COLUMN_NUMBER},
        {"NAME", "name", COLUMN_TEXT},
        {"SCOPE", "scope", COLUMN_STATUS},
        {"MADE BY", "made_by", COLUMN_TEXT},
        {"LAST USED", "last_used_at", COLUMN_TIME},
        {"EXPIRES", "expires_at", COLUMN_TIME},
        {"REVOKED", "revoked_at", COLUMN_TIME},
    };

    (void)args;
    return list(access, "/api/v1/tokens", "tokens", columns, ARRAY_SIZE(columns));
}

static int run_user_list(struct access *access, const struct arguments *args)
{
    static const struct column columns[] = {
        {"NAME", "name", COLUMN_TEXT},
        {"ROLE", "role", COLUMN_STATUS},
        {"SESSIONS", "session_count", COLUMN_NUMBER},
        {"SEEN", "seen_at", COLUMN_TIME},
        {"DISABLED", "disabled_at", COLUMN_TIME},
    };

    (void)args;
    return list(access, "/api/v1/users", "users", columns, ARRAY_SIZE(columns));
}

/* --- Changes --- */

/* The answer is an object; of people's text only the secret that it may hold is shown. */
static int change(struct access *a, const char *path, const struct buf *form, const char *secret)
{
    _cleanup_connection_ struct connection *c = access_dash(a);
    _cleanup_json_ json_t *answer = NULL;
    int status = ask_post(a, c, path, buf_text(form), &answer);

    if (status != CTL_OK)
        return status;
    if (a->output.format != OUTPUT_TEXT) {
        output_json(&a->output, answer);
        return CTL_OK;
    }
    if (secret) {
        output_text(json_string_value(json_object_get(answer, secret)) ?: "");
        printf("\n");
    }
    return CTL_OK;
}

enum { TOKEN_DAYS };

static int run_token_add(struct access *access, const struct arguments *args)
{
    _cleanup_buf_ struct buf form = BUF_INIT(PATH_MAX_);

    ask_add(&form, "scope", args->words[0]);
    ask_add(&form, "name", args->words[1]);
    ask_add(&form, "days", args->option[TOKEN_DAYS]);
    return change(access, "/api/v1/tokens", &form, "token");
}

/* A word within an address: whatever is not of a name is encoded. */
static int change_named(struct access *access, const char *what, const char *name, const char *verb,
                        const struct buf *form, const char *secret)
{
    _cleanup_buf_ struct buf path = BUF_INIT(PATH_MAX_);

    buf_printf(&path, "/api/v1/%s/", what);
    ask_add_encoded(&path, name);
    buf_adds(&path, verb);
    if (buf_error(&path) || !*name)
        return ctl_complain(CTL_USAGE, "that is no name");
    return change(access, buf_text(&path), form, secret);
}

static int run_token_revoke(struct access *access, const struct arguments *args)
{
    _cleanup_buf_ struct buf form = BUF_INIT(PATH_MAX_);

    return change_named(access, "tokens", args->words[0], "/revoke", &form, NULL);
}

static int run_user_add(struct access *access, const struct arguments *args)
{
    _cleanup_buf_ struct buf form = BUF_INIT(PATH_MAX_);

    ask_add(&form, "name", args->words[0]);
    ask_add(&form, "role", args->words[1]);
    return change(access, "/api/v1/users", &form, "password");
}

static int change_user(struct access *access, const struct arguments *args, const char *what)
{
    _cleanup_buf_ struct buf form = BUF_INIT(PATH_MAX_);

    ask_add(&form, "do", what);
    ask_add(&form, "role", args->n_words > 1 ? args->words[1] : NULL);
    return change_named(access, "users", args->words[0], "", &form,
                        strcmp(what, "password") == 0 ? "password" : NULL);
}

static int run_user_role(struct access *access, const struct arguments *args)
{
    return change_user(access, args, "role");
}

static int run_user_disable(struct access *access, const struct arguments *args)
{
    return change_user(access, args, "disable");
}

static int run_user_enable(struct access *access, const struct arguments *args)
{
    return change_user(access, args, "enable");
}

static int run_user_password(struct access *access, const struct arguments *args)
{
    return change_user(access, args, "password");
}

/* --- The audit log --- */

enum { AUDIT_ACTOR, AUDIT_ACTION, AUDIT_SUBJECT, AUDIT_LIMIT };

/* A page goes on below the smallest number of the one before. */
static int audit_page(const struct access *a, struct connection *c, const struct arguments *args,
                      int64_t before, json_t *rows, int64_t *ret_last)
{
    _cleanup_buf_ struct buf path = BUF_INIT(PATH_MAX_);
    _cleanup_json_ json_t *answer = NULL;
    const json_t *entries;
    char number[24];
    int status;

    snprintf(number, sizeof(number), "%" PRId64, before);
    buf_adds(&path, "/api/v1/audit");
    ask_add(&path, "actor", args->option[AUDIT_ACTOR]);
    ask_add(&path, "action", args->option[AUDIT_ACTION]);
    ask_add(&path, "subject", args->option[AUDIT_SUBJECT]);
    ask_add(&path, "before", before > 0 ? number : NULL);
    if (buf_error(&path))
        return ctl_complain(CTL_USAGE, "the filter is too long");
    status = ask_get(a, c, buf_text(&path), &answer);
    if (status != CTL_OK)
        return status;
    entries = json_object_get(answer, "entries");
    *ret_last = json_integer_value(
        json_object_get(json_array_get(entries, json_array_size(entries) - 1), "id"));
    json_array_extend(rows, json_object_get(answer, "entries"));
    return CTL_OK;
}

static int run_audit(struct access *access, const struct arguments *args)
{
    static const struct column columns[] = {
        {"AT", "at", COLUMN_TIME},         {"ACTOR", "actor", COLUMN_TEXT},
        {"ACTION", "action", COLUMN_TEXT}, {"SUBJECT", "subject", COLUMN_TEXT},
        {"FROM", "remote", COLUMN_TEXT},
    };
    _cleanup_connection_ struct connection *c = access_dash(access);
    long limit = arguments_number("--limit", args->option[AUDIT_LIMIT], LIMIT, LIMIT_MAX);
    _cleanup_json_ json_t *rows = json_array();
    int64_t before = 0;
    int status = CTL_OK;

    if (limit < 0)
        return CTL_USAGE;
    do {
        int64_t last = 0;

        status = audit_page(access, c, args, before, rows, &last);
        if (before > 0 && last >= before) /* else a server that counts otherwise would hold us */
            last = 0;
        before = last;
    } while (status == CTL_OK && before > 0 && (long)json_array_size(rows) < limit);
    while ((long)json_array_size(rows) > limit)
        json_array_remove(rows, json_array_size(rows) - 1);
    return status == CTL_OK ? print_rows(access, columns, ARRAY_SIZE(columns), rows) : status;
}

/* --- The verbs --- */

#define VERB(symbol, first, then, words, text, n, ...)                                             \
    const struct verb verb_##symbol = {.word = first,                                              \
                                       .second = then,                                             \
                                       .arguments = words,                                         \
                                       .help = text,                                               \
                                       .run = run_##symbol,                                        \
                                       .least = n,                                                 \
                                       .most = n,                                                  \
                                       .options = {__VA_ARGS__}}

VERB(token_list, "token", "list", "", "list tokens, which nobody can see again", 0, {0});
VERB(token_add, "token", "add", "SCOPE NAME", "make a token, and show it this once",
     2, [TOKEN_DAYS] = {"--days", "N", "it expires after so many; else never"});
VERB(token_revoke, "token", "revoke", "ID", "put a token out of force", 1, {0});
VERB(user_list, "user", "list", "", "list users", 0, {0});
VERB(user_add, "user", "add", "NAME ROLE", "make a user, and show the password this once", 2, {0});
VERB(user_role, "user", "role", "NAME ROLE", "viewer, triager, developer or admin", 2, {0});
VERB(user_disable, "user", "disable", "NAME", "sign a user out for good", 1, {0});
VERB(user_enable, "user", "enable", "NAME", "let a disabled user in again", 1, {0});
VERB(user_password, "user", "password", "NAME", "make a new password, and show it this once", 1,
     {0});
VERB(audit, "audit", NULL, "", "list who did what, the newest first",
     0, [AUDIT_ACTOR] = {"--actor", "NAME", "done by user:NAME or token:N"},
     [AUDIT_ACTION] = {"--action", "ACTION", "such as group.resolve"},
     [AUDIT_SUBJECT] = {"--subject", "SUBJECT", "done to it, such as G-142"},
     [AUDIT_LIMIT] = {"--limit", "N", "at most so many (default 100)"});
