/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "client/spool/budget.h"
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
    {"core", CONF_TEXT, AT(core), "auto", 0, 0,
     "How much of a process is kept: full (all its memory), slim (what stacks need), none "
     "(metadata "
     "alone), or auto: full for the first of a kind as long as it is small, slim for the next."},
    {"core_max", CONF_SIZE, AT(core_max), "16G", 1 << 20, 0,
     "A full core longer than this, before compression, is cut and marked as such."},
    {"auto_full_max", CONF_SIZE, AT(auto_full_max), "64M", 0, 0,
     "With core = auto, a longer core is kept slim, so that no process waits for its memory to be "
     "copied; what the server asks for by itself may be longer."},
    {"slim_max", CONF_SIZE, AT(slim_max), "32M", 1 << 20, 512u << 20,
     "A slim core has at most so much memory."},
    {"slim_stack", CONF_SIZE, AT(slim_stack), "16M", 4096, 1u << 30,
     "… of the crashing thread's stack at most this,"},
    {"slim_other_stack", CONF_SIZE, AT(slim_other_stack), "256K", 4096, 1u << 30,
     "… of each other thread's stack this,"},
    {"slim_pointers", CONF_SIZE, AT(slim_pointers), "512K", 0, 1u << 30,
     "… and this much of what registers and the top of the stack point at; 0 for none."},
    {"modules", CONF_TEXT, AT(modules), "executable", 0, 0,
     "What the server gets of executables and libraries it lacks: executable (the file), unwind "
     "(its "
     "unwind tables and symbols alone) or none."},
    {"module_max", CONF_SIZE, AT(module_max), "512M", 4096, 0,
     "Executables and libraries larger than this are not offered to the server."},
    {"debuginfo", CONF_BOOL, AT(debuginfo), "yes", 0, 0,
     "Offer separate debug files below /usr/lib/debug as well."},
    {"environment", CONF_TEXT, AT(environment),
     "LANG LC_* TZ PATH HOME USER SHELL TERM XDG_* INVOCATION_ID", 0, 0,
     "Variables of the process whose values may leave the host; a * at the end stands for any "
     "rest. "
     "Of all others the name alone is kept."},
    {"redact", CONF_TEXT, AT(redact), NULL, 0, 0,
     "Further names of options and variables whose values are secrets, beside password, token, key "
     "and others that are known."},
    {"log_lines", CONF_UINT, AT(log_lines), "20", 0, 200,
     "So many of the unit's last lines in the journal are kept with a crash; 0 for none."},
    {"honour_core_limit", CONF_BOOL, AT(honour_core_limit), "no", 0, 0,
     "Keep no memory of a process whose RLIMIT_CORE (ulimit -c, LimitCORE=) is 0. Debian starts "
     "everything with 0."},
    {"budget_full", CONF_TEXT, AT(budget_full),
     "kind 1/7d, executable 4/1h, container 8/1h, host 16/1h", 0, 0,
     "How many crashes may be kept full: of one kind, one executable, one container, the host. "
     "What is over is kept slim. off: no limit."},
    {"budget_slim", CONF_TEXT, AT(budget_slim),
     "kind 5/10min, executable 20/10min, container 40/10min, host 100/10min", 0, 0,
     "… with their stacks. What is over is metadata alone."},
    {"budget_meta", CONF_TEXT, AT(budget_meta),
     "kind 20/10min, executable 60/10min, container 120/10min, host 300/10min", 0, 0,
     "… with metadata. What is over is counted, and the counts are reported."},
    {"chain", CONF_TEXT, AT(chain), NULL, 0, 0,
     "core_pattern of another handler that is given each core that is kept, too: |/path/of/program "
     "and its arguments."},
    {"spool_max", CONF_SIZE, AT(spool_max), "4G", 1 << 20, 0,
     "The spool has at most so many bytes; the oldest cores make room, metadata last of all."},
    {"keep_free", CONF_SIZE, AT(keep_free), "1G", 0, 0,
     "Leave so much free on the spool's file system, or a twentieth of it where that is less."},
    {"spool_share", CONF_UINT, AT(spool_share), "50", 1, 100,
     "One executable's crashes have at most so many percent of spool_max."},
    {"spool_age", CONF_DURATION, AT(spool_age), "14d", HOURS(1), 0,
     "What could not be sent for so long is given up."},
    {"bandwidth", CONF_SIZE, AT(bandwidth), "0", 0, 0,
     "The sender sends at most so many bytes a second; 0 for no limit."},
    {"proxy", CONF_TEXT, AT(proxy), NULL, 0, 0, "URL of a proxy on the way to the server."},
    {"client_cert", CONF_TEXT, AT(client_cert), NULL, 0, 0,
     "Certificate (PEM) that this host shows to the server (mutual TLS)."},
    {"client_key", CONF_TEXT, AT(client_key), NULL, 0, 0,
     "Its key (PEM), when it is not in the same file."},
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

static bool one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

/* NULL, or what is wrong with one of the budget_* texts, with the key's name. */
static const char *check_budgets(const struct settings *s)
{
    static char message[192];
    const struct {
        const char *key, *text;
    } budgets[] = {{"budget_full", s->budget_full},
                   {"budget_slim", s->budget_slim},
                   {"budget_meta", s->budget_meta}};

    for (size_t i = 0; i < ARRAY_SIZE(budgets); i++) {
        struct budget_error error;
        struct budget budget;

        if (budget_parse(str_from(budgets[i].text), &budget, &error) == 0)
            continue;
        snprintf(message, sizeof(message), "%s: %s", budgets[i].key, error.message);
        return message;
    }
    return NULL;
}

const char *settings_check(const void *settings)
{
    const struct settings *s = settings;

    if (!web_url(s->server))
        return "server must be a URL that begins with http:// or https://";
    if (s->spool[0] != '/' && strcmp(s->spool, "none") != 0)
        return "spool must be an absolute path, or none";
    if (!cstr_empty(s->sender) && s->sender[0] != '/')
        return "sender must be an absolute path";
    if (!one_of(s->core, (const char *const[]){"auto", "full", "slim", "none", NULL}))
        return "core must be auto, full, slim or none";
    if (!one_of(s->modules, (const char *const[]){"executable", "unwind", "none", NULL}))
        return "modules must be executable, unwind or none";
    if (s->retry_min > s->retry_max)
        return "retry_min must not be longer than retry_max";
    return check_budgets(s);
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
