/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/ctl/verbs.h"
#include "client/transport/answer.h"
#include "common/base/io.h"
#include "common/base/version.h"

#define DASH_URL "http://127.0.0.1:8700"

/* --- Options that every verb has --- */

enum option_kind { TEXT, FORMAT, FLAG };

static const struct option {
    const char *name;
    const char *value; /* NULL: none */
    const char *help;
    enum option_kind kind;
    size_t offset; /* in struct access: of a const char * or a bool */
    enum output_format format;
} options[] = {
    {"--server", "URL", "the dashboard, corral-dashd", TEXT, offsetof(struct access, dash_url), 0},
    {"--ingest", "URL", "where crashes are sent, corral-ingestd", TEXT,
     offsetof(struct access, ingest_url), 0},
    {"--token-file", "FILE", "file with the token", TEXT, offsetof(struct access, token_file), 0},
    {"--context", "NAME", "a section of ~/.config/corral/ctl.conf", TEXT,
     offsetof(struct access, context), 0},
    {"-c", "FILE", "client.conf of this host", TEXT, offsetof(struct access, conf_path), 0},
    {"--color", "WHEN", "auto, always or never", TEXT, offsetof(struct access, colour), 0},
    {"--json", NULL, "the result as one JSON text", FORMAT, 0, OUTPUT_JSON},
    {"--jsonl", NULL, "a list as a line of JSON for each row", FORMAT, 0, OUTPUT_JSONL},
    {"--csv", NULL, "a list as CSV", FORMAT, 0, OUTPUT_CSV},
    {"--no-pager", NULL, "long text is not shown by $PAGER", FLAG,
     offsetof(struct access, no_pager), 0},
    {"--help", NULL, "what there is, or what a verb takes", FLAG, offsetof(struct access, help), 0},
};

bool access_option(size_t i, const char **ret_name, const char **ret_value, const char **ret_help)
{
    if (i >= ARRAY_SIZE(options))
        return false;
    *ret_name = options[i].name;
    *ret_value = options[i].value;
    *ret_help = options[i].help;
    return true;
}

static const struct option *find_option(const char *text)
{
    size_t n = strcspn(text, "=");

    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (strlen(options[i].name) == n && strncmp(options[i].name, text, n) == 0 &&
            (text[n] == '\0' || options[i].kind == TEXT))
            return &options[i];
    return NULL;
}

/* Returns how many arguments it was, or -1. */
static int take_option(struct access *a, const struct option *o, int argc, char **argv)
{
    const char *value = strchr(argv[0], '=');

    switch (o->kind) {
    case FLAG:
        *(bool *)((char *)a + o->offset) = true;
        return 1;
    case FORMAT:
        a->output.format = o->format;
        return 1;
    case TEXT:
        break;
    }
    if (!value && argc < 2)
        return ctl_complain(-1, "%s needs a value", o->name);
    *(const char **)((char *)a + o->offset) = value ? value + 1 : argv[1];
    return value ? 1 : 2;
}

int access_options(int *argc, char **argv, struct access *ret)
{
    struct access a = {0};
    int left = 1, i = 1, n;

    for (; i < *argc && strcmp(argv[i], "--") != 0; i += n) {
        const struct option *o = find_option(argv[i]);

        n = o ? take_option(&a, o, *argc - i, argv + i) : 1;
        if (n < 0)
            return -1;
        if (!o)
            argv[left++] = argv[i];
    }
    while (i < *argc)
        argv[left++] = argv[i++];
    argv[left] = NULL;
    *argc = left;
    a.conf_given = a.conf_path != NULL;
    if (!a.conf_path)
        a.conf_path = SETTINGS_FILE;
    if (output_prepare(&a.output, a.colour, a.no_pager) < 0)
        return ctl_complain(-1, "--color is auto, always or never, not %s", a.colour);
    *ret = a;
    return 0;
}

/* --- Files --- */

/* Whoever can change the file can send a token elsewhere; whoever can read a token can use it. */
static void warn_of_mode(const char *path, mode_t bits, const char *what)
{
    struct stat st;

    if (path && stat(path, &st) == 0 && (st.st_mode & bits))
        ctl_complain(0,
                     "warning: %s: others than its owner can %s it (mode %03o): chmod go-w,o-r it",
                     path, what, st.st_mode & 0777);
}

static int read_contexts(struct access *a)
{
    _cleanup_buf_ struct buf b = BUF_INIT(CONF_FILE_MAX);
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME") ?: "/";
    struct conf_error error = {0};
    char path[4096];
    int r;

    if (cstr_empty(folder))
        snprintf(path, sizeof(path), "%s/.config/corral/ctl.conf", home);
    else
        snprintf(path, sizeof(path), "%s/corral/ctl.conf", folder);
    r = io_read_file(AT_FDCWD, path, &b);
    if (r < 0 && r != -ENOENT && r != -EACCES && r != -ENOTDIR)
        return ctl_complain(-1, "%s: %s", path, strerror(-r));
    warn_of_mode(path, 022, "change");
    r = context_parse((struct str){buf_text(&b), b.len}, a->context, &a->ctl, &error);
    if (r < 0)
        return ctl_complain(-1, "%s:%u: %s", path, error.line, error.message);
    if (r == CONTEXT_UNKNOWN)
        return ctl_complain(-1, "%s has no section [%s]", path, a->context ?: a->ctl.context);
    context_expand(&a->ctl.chosen, home);
    return 0;
}

/* The first that is there. */
static const char *first_of(const char *option, const char *named, const char *environment,
                            const char *chosen, const char *last)
{
    return option                     ? option
           : named                    ? named
           : !cstr_empty(environment) ? environment
           : chosen                   ? chosen
                                      : last;
}

int access_complete(struct access *a)
{
    struct conf_error error = {0};
    int r = settings_load(a->conf_path, &a->settings, &error);
    const struct context *c = &a->ctl.chosen;
    bool named = a->context != NULL;

    if (r < 0 && (a->conf_given || (r != -ENOENT && r != -EACCES)))
        return ctl_complain(-1, "%s:%u: %s", a->conf_path, error.line, error.message);
    if (!a->ctl.cache_max && read_contexts(a) < 0)
        return -1;
    a->dash_url =
        first_of(a->dash_url, named ? c->server : NULL, getenv("CORRAL_URL"), c->server, DASH_URL);
    a->ingest_url = first_of(a->ingest_url, named ? c->ingest : NULL, getenv("CORRAL_INGEST_URL"),
                             c->ingest, a->settings.server);
    if (!a->token_file && named)
        a->token_file = c->token_file;
    if (!a->token_file)
        a->token = getenv("CORRAL_TOKEN");
    if (!a->token_file && !a->token)
        a->token_file = c->token_file ?: a->settings.token_file;
    warn_of_mode(a->token_file, 07 | 022, "read or change");
    return 0;
}

int access_follow(struct access *a, const char *path)
{
    if (a->conf_given || *path == '\0')
        return 0;
    if (a->ingest_url == a->settings.server)
        a->ingest_url = NULL;
    if (a->token_file == a->settings.token_file)
        a->token_file = NULL;
    settings_fini(&a->settings);
    a->conf_path = path;
    a->conf_given = true;
    return access_complete(a);
}

void access_fini(struct access *a)
{
    settings_fini(&a->settings);
    context_fini(&a->ctl);
}

static struct connection *connect_to(const struct access *a, const char *url)
{
    struct connection_options way = connection_options(&a->settings, "corralctl/" CORRAL_VERSION);

    way.server = url;
    if (a->ctl.chosen.ca_file)
        way.ca_file = a->ctl.chosen.ca_file;
    way.token = a->token;
    way.token_file = a->token_file;
    return connection_new(&way);
}

struct connection *access_dash(const struct access *a)
{
    return connect_to(a, a->dash_url);
}

struct connection *access_ingest(const struct access *a)
{
    return connect_to(a, a->ingest_url);
}

static int status_meaning(long status)
{
    static const struct {
        long status;
        enum ctl_exit meaning;
    } meanings[] = {
        {401, CTL_DENIED},      {403, CTL_DENIED},      {404, CTL_NOT_FOUND},
        {410, CTL_NOT_FOUND},   {409, CTL_CONFLICT},    {412, CTL_CONFLICT},
        {429, CTL_UNREACHABLE}, {502, CTL_UNREACHABLE}, {503, CTL_UNREACHABLE},
        {504, CTL_UNREACHABLE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (meanings[i].status == status)
            return meanings[i].meaning;
    return CTL_ERROR;
}

int access_failure(const char *url, int outcome, const struct reply *reply)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *detail;

    if (outcome != 0) {
        ctl_complain(0, "%s: %s", url, outcome < 0 ? strerror(-outcome) : reply->error);
        return outcome == CONNECTION_FAILED     ? CTL_UNREACHABLE
               : outcome == CONNECTION_NO_TOKEN ? CTL_DENIED
                                                : CTL_ERROR;
    }
    detail = answer_problem((struct str){buf_text(&reply->body), reply->body.len}, &a);
    fprintf(stderr, "corralctl: %s answered %ld%s%s\n", url, reply->status, detail ? ": " : "",
            detail ?: "");
    return status_meaning(reply->status);
}
