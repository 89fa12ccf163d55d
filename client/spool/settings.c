/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/str.h"

#define AT(member) offsetof(struct settings, member)
#define HOURS(n)   ((uint64_t)(n)*3600 * USEC_PER_SEC)

const struct conf_key settings_keys[] = {
    {"server", CONF_TEXT, AT(server), "http://127.0.0.1:8600", 0, 0,
     "URL of corral-ingestd; use https:// over any network that is not your own."},
    {"token_file", CONF_TEXT, AT(token_file), NULL, 0, 0,
     "File with the ingest token. A systemd credential named token goes before it."},
    {"ca_file", CONF_TEXT, AT(ca_file), NULL, 0, 0,
     "Certificates (PEM) that vouch for the server, instead of the system's."},
    {"spool", CONF_TEXT, AT(spool), "/var/lib/corral/spool", 0, 0,
     "Folder of the crashes that are not sent yet. It and all in it belong to the sender's user."},
    {"sender", CONF_TEXT, AT(sender), NULL, 0, 0,
     "Program that the handler starts when no sender runs as a service. Default: the one beside "
     "it."},
    {"core", CONF_TEXT, AT(core), "full", 0, 0,
     "How much of a process is kept: full (the core, compressed) or none (the metadata alone)."},
    {"core_max", CONF_SIZE, AT(core_max), "16G", 1 << 20, 0,
     "A core longer than this, before compression, is cut and marked as such."},
    {"module_max", CONF_SIZE, AT(module_max), "512M", 4096, 0,
     "Executables and libraries larger than this are not offered to the server."},
    {"hold_max", CONF_DURATION, AT(hold_max), "60s", USEC_PER_SEC, HOURS(1),
     "How long a dying process may be kept for the sake of its core; one that stalls is let go "
     "earlier."},
    {"timeout", CONF_DURATION, AT(timeout), "30s", USEC_PER_SEC, HOURS(1),
     "A transfer in which nothing moves for so long is given up and tried again later."},
    {"retry_min", CONF_DURATION, AT(retry_min), "1s", 10000, HOURS(24),
     "Shortest wait after a failed attempt."},
    {"retry_max", CONF_DURATION, AT(retry_max), "15min", 10000, HOURS(24),
     "Longest wait: it doubles with every failure until here."},
    {"log_level", CONF_TEXT, AT(log_level), "info", 0, 0,
     "What the sender logs: error, warning, info or debug."},
};
const size_t settings_n_keys = ARRAY_SIZE(settings_keys);

static bool web_url(const char *url)
{
    return cstr_starts(url, "http://") || cstr_starts(url, "https://");
}

const char *settings_check(const void *settings)
{
    const struct settings *s = settings;

    if (!web_url(s->server))
        return "server must be a URL that begins with http:// or https://";
    if (s->spool[0] != '/')
        return "spool must be an absolute path";
    if (!cstr_empty(s->sender) && s->sender[0] != '/')
        return "sender must be an absolute path";
    if (strcmp(s->core, "full") != 0 && strcmp(s->core, "none") != 0)
        return "core must be full or none";
    if (s->retry_min > s->retry_max)
        return "retry_min must not be longer than retry_max";
    return NULL;
}

int settings_load(const char *path, struct settings *ret, struct conf_error *ret_error)
{
    const char *wrong;
    int r = conf_load(settings_keys, settings_n_keys, path, ret, ret_error);

    if (r < 0)
        return r;
    wrong = settings_check(ret);
    if (!wrong)
        return 0;
    ret_error->line = 0;
    snprintf(ret_error->message, sizeof(ret_error->message), "%s", wrong);
    return -EINVAL;
}

void settings_fini(struct settings *s)
{
    conf_fini(settings_keys, settings_n_keys, s);
}

bool settings_wants_core(const struct settings *s)
{
    return strcmp(s->core, "none") != 0;
}
