/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl client status`: this host's side, read from the kernel, the spool and the ledger.
 * Changes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/checks.h"
#include "client/ctl/former.h"
#include "client/ctl/hook.h"
#include "client/ctl/queue.h"
#include "client/ctl/verbs.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/report/jsontext.h"
#include "common/report/meta.h"

#define SMALL_MAX 4096
#define JSON_MAX  65536

struct status {
    struct hook hook;
    bool set_up;     /* by client setup, and not disabled since */
    bool answers;    /* somebody listens at our socket */
    char modes[128]; /* core_modes, "file pipe socket"; "": an older kernel */
    char suid_dumpable[16];
    const struct settings *settings;
    bool has_spool; /* there should be one */
    int spool;      /* 0: queue is known; -errno: why not */
    struct queue queue;
};

/* --- Looking --- */

/* The words of a small file, with one blank between them. */
static void read_words(const char *path, char *ret, size_t size)
{
    _cleanup_buf_ struct buf b = BUF_INIT(SMALL_MAX);
    struct str text;

    *ret = '\0';
    if (io_read_file(AT_FDCWD, path, &b) < 0)
        return;
    text = str_trim((struct str){b.data, b.len});
    snprintf(ret, size, "%.*s", (int)text.n, text.p);
    for (char *c = ret; *c; c++)
        if (*c == '\n')
            *c = ' ';
}

/* Looking must not make a spool where there is none. */
static int read_spool(const struct settings *settings, struct queue *ret)
{
    _cleanup_spool_ struct spool s = SPOOL_CLOSED;
    int r = access(settings->spool, R_OK | X_OK) < 0 ? -errno : spool_open(settings->spool, &s);

    return r < 0 ? r : queue_read(&s, settings, ret);
}

static int look(struct access *access, struct status *s)
{
    struct former former;
    int r = hook_read(&s->hook);

    if (r < 0) {
        fprintf(stderr, "corralctl: cannot read core_pattern: %s\n", strerror(-r));
        return CTL_ERROR;
    }
    if (s->hook.ours && access_follow(access, s->hook.conf_path) < 0)
        return CTL_USAGE;
    s->set_up = former_read(&former) == 0;
    s->answers = s->hook.owner == HOOK_CORRAL_SOCKET && checks_socket_answers(s->hook.pattern + 2);
    read_words("/proc/sys/kernel/core_modes", s->modes, sizeof(s->modes));
    read_words("/proc/sys/fs/suid_dumpable", s->suid_dumpable, sizeof(s->suid_dumpable));
    s->settings = &access->settings;
    s->has_spool = strcmp(s->settings->spool, "none") != 0;
    s->spool = s->has_spool ? read_spool(s->settings, &s->queue) : 0;
    return CTL_OK;
}

/* What needs somebody's attention; NULL when nothing does. */
static const char *trouble(const struct status *s)
{
    if (!s->hook.ours)
        return s->set_up ? "core_pattern was changed by somebody else since client setup: run it "
                           "again"
                         : "crashes of this host go elsewhere: corralctl client setup";
    if (s->hook.owner == HOOK_CORRAL_SOCKET && !s->answers && geteuid() == 0)
        return "nobody listens at the socket: systemctl start corral-handler.socket";
    if (s->hook.owner == HOOK_CORRAL_PIPE && s->hook.pipe_limit == 0)
        return "core_pipe_limit is 0: a process may be gone before it was looked at: set it to 16";
    return NULL;
}

static const char *mode(const struct status *s)
{
    return s->hook.owner == HOOK_CORRAL_SOCKET ? "socket"
           : s->hook.owner == HOOK_CORRAL_PIPE ? "pipe"
                                               : NULL;
}

/* --- For people --- */

static void print_kernel(const struct status *s)
{
    const struct hook *h = &s->hook;

    printf("core_pattern     %s%s%s\n",
           h->ours ? "ours, by " : "not ours: ", h->ours ? mode(s) : hook_owner_name(h->owner),
           s->set_up ? "" : ", not set up");
    printf("                 %s\n", h->pattern);
    printf("core_pipe_limit  %d\n", h->pipe_limit);
    printf("suid_dumpable    %s\n", s->suid_dumpable);
    printf("kernel           %s\n", *s->modes ? s->modes : "file pipe");
}

static void print_size(const char *name, uint64_t bytes)
{
    printf("%-16s %" PRIu64 " MiB\n", name, bytes >> 20);
}

static void print_queue(const struct status *s)
{
    const struct queue *q = &s->queue;

    printf("                 %zu crashes waiting, %zu cores, %" PRIu64 " KiB\n", q->crashes,
           q->cores, q->bytes >> 10);
    if (q->oldest != META_UNKNOWN)
        printf("                 the oldest waits since %" PRId64 " s\n",
               (clock_now() - q->oldest) / USEC_PER_SEC);
    printf("                 %" PRId64 " only counted, waiting; %zu rejected\n", q->counted,
           q->rejected);
    printf("sender           %s\n", q->sender > 0 ? "running"
                                    : q->sender == 0
                                        ? "not running: the handler starts one for each crash"
                                        : strerror(-q->sender));
    print_size("free", q->free);
    if (*q->last_error)
        printf("last error       %s\n", q->last_error);
}

static void print_settings(const struct settings *s)
{
    printf("core             %s\n", s->core);
    printf("budget_full      %s\nbudget_slim      %s\nbudget_meta      %s\n", s->budget_full,
           s->budget_slim, s->budget_meta);
    if (!cstr_empty(s->chain))
        printf("chain            %s\n", s->chain);
    print_size("spool_max", s->spool_max);
}

static void print_status(const struct status *s)
{
    print_kernel(s);
    printf("spool            %s\n", s->settings->spool);
    if (s->spool < 0)
        printf("                 cannot be read: %s\n", strerror(-s->spool));
    else if (s->has_spool)
        print_queue(s);
    print_settings(s->settings);
    if (trouble(s))
        printf("\n%s\n", trouble(s));
}

/* --- For programs --- */

static void format_queue(const struct status *s, struct buf *b)
{
    const struct queue *q = &s->queue;
    char oldest[CLOCK_TEXT_SIZE];

    jsontext_int(b, "crashes", (int64_t)q->crashes);
    jsontext_int(b, "cores", (int64_t)q->cores);
    jsontext_int(b, "bytes", (int64_t)q->bytes);
    if (q->oldest != META_UNKNOWN) {
        clock_format(q->oldest, oldest);
        jsontext_string(b, "oldest", oldest);
    }
    jsontext_int(b, "counted", q->counted);
    jsontext_int(b, "rejected", (int64_t)q->rejected);
    jsontext_int(b, "free", (int64_t)q->free);
    if (q->sender >= 0)
        jsontext_bool(b, "sender_running", q->sender > 0);
    jsontext_string(b, "last_error", *q->last_error ? q->last_error : NULL);
}

static void format_settings(const struct settings *s, struct buf *b)
{
    jsontext_string(b, "server", s->server);
    jsontext_string(b, "core", s->core);
    jsontext_string(b, "budget_full", s->budget_full);
    jsontext_string(b, "budget_slim", s->budget_slim);
    jsontext_string(b, "budget_meta", s->budget_meta);
    jsontext_string(b, "chain", cstr_empty(s->chain) ? NULL : s->chain);
    jsontext_int(b, "spool_max", (int64_t)s->spool_max);
}

static int print_json(const struct status *s)
{
    _cleanup_buf_ struct buf b = BUF_INIT(JSON_MAX);

    jsontext_object(&b, NULL);
    jsontext_bool(&b, "ours", s->hook.ours);
    jsontext_string(&b, "mode", mode(s));
    jsontext_string(&b, "owner", hook_owner_name(s->hook.owner));
    jsontext_bool(&b, "set_up", s->set_up);
    jsontext_bool(&b, "overwritten", s->set_up && !s->hook.ours);
    jsontext_string(&b, "core_pattern", s->hook.pattern);
    jsontext_int(&b, "core_pipe_limit", s->hook.pipe_limit);
    jsontext_string(&b, "suid_dumpable", s->suid_dumpable);
    jsontext_string(&b, "core_modes", *s->modes ? s->modes : NULL);
    jsontext_string(&b, "spool", s->settings->spool);
    if (s->spool < 0)
        jsontext_string(&b, "spool_error", strerror(-s->spool));
    else if (s->has_spool)
        format_queue(s, &b);
    format_settings(s->settings, &b);
    jsontext_string(&b, "trouble", trouble(s));
    jsontext_end_object(&b);
    if (buf_error(&b) < 0)
        return CTL_ERROR;
    puts(buf_text(&b));
    return CTL_OK;
}

static int run_status(struct access *access, const struct arguments *args)
{
    struct status s = {0};
    int status = look(access, &s);

    (void)args;
    if (status != CTL_OK)
        return status;
    if (access->output.format != OUTPUT_TEXT)
        status = print_json(&s);
    else
        print_status(&s);
    if (status == CTL_OK && s.hook.ours && s.spool < 0)
        status = CTL_ERROR;
    return status == CTL_OK && trouble(&s) ? CTL_CHECK_FAILED : status;
}

const struct verb verb_client_status = {
    .word = "client",
    .second = "status",
    .arguments = "",
    .help = "does this host hand its crashes to Corral, and is anything waiting?",
    .run = run_status,
};
