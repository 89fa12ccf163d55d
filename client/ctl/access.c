/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/access.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/verbs.h"
#include "client/transport/answer.h"
#include "common/base/version.h"

#define DASH_URL "http://127.0.0.1:8700"

static const struct option {
    const char *name;
    size_t offset; /* of a const char * in struct access */
} options[] = {
    {"--server", offsetof(struct access, dash_url)},
    {"--ingest", offsetof(struct access, ingest_url)},
    {"--token-file", offsetof(struct access, token_file)},
    {"-c", offsetof(struct access, conf_path)},
};

static const struct option *find_option(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

int access_options(int argc, char **argv, struct access *ret)
{
    struct access a = {0};
    int i;

    for (i = 1; i < argc && argv[i][0] == '-'; i += 2) {
        const struct option *o = find_option(argv[i]);

        if (!o)
            break;
        if (i + 1 >= argc) {
            fprintf(stderr, "corralctl: %s needs a value\n", argv[i]);
            return -1;
        }
        *(const char **)((char *)&a + o->offset) = argv[i + 1];
    }
    a.conf_given = a.conf_path != NULL;
    if (!a.conf_path)
        a.conf_path = SETTINGS_FILE;
    *ret = a;
    return i;
}

int access_complete(struct access *a)
{
    struct conf_error error = {0};
    int r = settings_load(a->conf_path, &a->settings, &error);

    if (r < 0 && (a->conf_given || (r != -ENOENT && r != -EACCES))) {
        fprintf(stderr, "corralctl: %s:%u: %s\n", a->conf_path, error.line, error.message);
        return -1;
    }
    if (!a->dash_url)
        a->dash_url = getenv("CORRAL_URL") ?: DASH_URL;
    if (!a->ingest_url)
        a->ingest_url = getenv("CORRAL_INGEST_URL") ?: a->settings.server;
    if (!a->token_file)
        a->token = getenv("CORRAL_TOKEN");
    if (!a->token_file && !a->token)
        a->token_file = a->settings.token_file;
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
}

static struct connection *connect_to(const struct access *a, const char *url)
{
    struct connection_options way = connection_options(&a->settings, "corralctl/" CORRAL_VERSION);

    way.server = url;
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

int access_failure(const char *url, int outcome, const struct reply *reply)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    const char *detail;

    if (outcome != 0) {
        fprintf(stderr, "corralctl: %s: %s\n", url,
                outcome < 0 ? strerror(-outcome) : reply->error);
        return outcome == CONNECTION_FAILED     ? CTL_UNREACHABLE
               : outcome == CONNECTION_NO_TOKEN ? CTL_DENIED
                                                : CTL_ERROR;
    }
    detail = answer_problem((struct str){buf_text(&reply->body), reply->body.len}, &a);
    fprintf(stderr, "corralctl: %s answered %ld%s%s\n", url, reply->status, detail ? ": " : "",
            detail ?: "");
    if (reply->status == 401 || reply->status == 403)
        return CTL_DENIED;
    return reply->status == 404 ? CTL_NOT_FOUND : CTL_ERROR;
}
