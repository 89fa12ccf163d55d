/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl client test`: one crash all the way. The crash id is the handler's to make, so the
 * spool is watched: each id that turns up there after the crash is asked for at the dashboard until
 * one of them is our process. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "client/ctl/hook.h"
#include "client/ctl/verbs.h"
#include "client/spool/spool.h"
#include "common/base/clock.h"
#include "common/report/jsontree.h"

#define WAIT_MAX       (60 * USEC_PER_SEC)
#define ASK_MSEC       50
#define CANDIDATES_MAX 64 /* crashes of others that may come at the same time */

struct trial {
    int inotify;
    pid_t pid;
    char candidates[CANDIDATES_MAX][UUID_TEXT_SIZE];
    size_t n;
};

/* --- The crash --- */

static int *volatile nowhere = NULL;

/* Named for who reads the stack. */
__attribute__((noinline, noreturn)) static void corral_client_test(void)
{
    *nowhere = 1;
    _exit(CTL_ERROR);
}

static pid_t crash(void)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    signal(SIGSEGV, SIG_DFL);
    prctl(PR_SET_NAME, "corral-test");
    (void)setrlimit(RLIMIT_CORE, &all);
    corral_client_test();
}

/* --- Finding it --- */

static void add_candidate(struct trial *t, const char *name)
{
    if (cstr_starts(name, SPOOL_TMP))
        name += strlen(SPOOL_TMP);
    if (!uuid_valid(str_from(name)) || t->n == CANDIDATES_MAX)
        return;
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->candidates[i], name) == 0)
            return;
    memcpy(t->candidates[t->n++], name, UUID_TEXT_SIZE);
}

static void read_events(struct trial *t)
{
    char events[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;

    while ((n = read(t->inotify, events, sizeof(events))) > 0)
        for (char *p = events; p < events + n;) {
            const struct inotify_event *event = (const void *)p;

            if (event->len > 0)
                add_candidate(t, event->name);
            p += sizeof(*event) + event->len;
        }
}

static bool is_ours(const struct trial *t, const struct reply *reply)
{
    _cleanup_json_ json_t *event =
        jsontree_object((struct str){buf_text(&reply->body), reply->body.len}, 1 << 20, NULL);

    return json_integer_value(json_object_get(event, "pid")) == t->pid;
}

/* CTL_NOT_FOUND: not yet. */
static int ask(const struct access *a, struct connection *c, const struct trial *t,
               const char **ret_id)
{
    for (size_t i = 0; i < t->n; i++) {
        _cleanup_reply_ struct reply reply = REPLY_INIT;
        char path[64 + UUID_TEXT_SIZE];
        int r;

        snprintf(path, sizeof(path), "/api/v1/events/%s", t->candidates[i]);
        r = connection_get(c, path, &reply);
        if (r == 0 && reply.status == 404)
            continue;
        if (r != 0 || reply.status != 200)
            return access_failure(a->dash_url, r, &reply);
        if (is_ours(t, &reply)) {
            *ret_id = t->candidates[i];
            return CTL_OK;
        }
    }
    return CTL_NOT_FOUND;
}

static int wait_for_event(const struct access *a, struct trial *t, const char **ret_id)
{
    _cleanup_connection_ struct connection *c = access_dash(a);
    int64_t end = clock_mono() + WAIT_MAX;
    int status = CTL_NOT_FOUND;

    while (status == CTL_NOT_FOUND && clock_mono() < end) {
        struct pollfd spool = {.fd = t->inotify, .events = POLLIN};

        (void)poll(&spool, 1, ASK_MSEC);
        read_events(t);
        status = ask(a, c, t, ret_id);
    }
    return status;
}

/* --- The verb --- */

static int watch(const char *spool, struct trial *t)
{
    t->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (t->inotify < 0 || inotify_add_watch(t->inotify, spool, IN_CREATE | IN_MOVED_TO) < 0)
        return -errno;
    return 0;
}

static void report_visible(const struct access *a, const struct trial *t, const char *id,
                           int64_t held, int64_t visible)
{
    _cleanup_json_ json_t *result = NULL;

    if (a->output.format == OUTPUT_TEXT) {
        printf("visible after %d ms:\n%s/events/%s\n", (int)(visible / USEC_PER_MSEC), a->dash_url,
               id);
        return;
    }
    result = json_pack("{s:s, s:i, s:I, s:I}", "id", id, "pid", (int)t->pid, "held_usec",
                       (json_int_t)held, "visible_usec", (json_int_t)visible);
    output_json(&a->output, result);
}

static int run_trial(const struct access *a, struct trial *t)
{
    int64_t begun = clock_mono(), released;
    const char *id = NULL;
    int status, how;

    t->pid = crash();
    if (t->pid < 0 || waitpid(t->pid, &how, 0) < 0) {
        fprintf(stderr, "corralctl: cannot start a process to crash: %s\n", strerror(errno));
        return CTL_ERROR;
    }
    released = clock_mono();
    if (a->output.format == OUTPUT_TEXT)
        printf("process %d crashed and was gone after %d ms\n", (int)t->pid,
               (int)((released - begun) / USEC_PER_MSEC));
    status = wait_for_event(a, t, &id);
    if (status == CTL_OK)
        report_visible(a, t, id, released - begun, clock_mono() - begun);
    else if (status == CTL_NOT_FOUND)
        fprintf(stderr, t->n == 0 ? "corralctl: nothing came to the spool: see the kernel log "
                                    "(dmesg) for corral-handler's words\n"
                                  : "corralctl: the crash was spooled but is not at the dashboard: "
                                    "see corralctl client status and the sender's log\n");
    return status == CTL_NOT_FOUND ? CTL_CHECK_FAILED : status;
}

static int run_test(struct access *access, const struct arguments *args)
{
    struct trial trial = {.inotify = -1};
    struct hook hook;
    int status, r;

    (void)args;
    r = hook_read(&hook);
    if (r < 0 || !hook.ours) {
        fprintf(stderr, "corralctl: core_pattern does not lead to corral-handler: %s\n",
                r < 0 ? strerror(-r) : hook.pattern);
        return CTL_CHECK_FAILED;
    }
    if (access_follow(access, hook.conf_path) < 0)
        return CTL_USAGE;
    r = watch(access->settings.spool, &trial);
    if (r < 0)
        fprintf(stderr, "corralctl: cannot watch the spool %s: %s\n", access->settings.spool,
                strerror(-r));
    status = r < 0 ? CTL_ERROR : run_trial(access, &trial);
    if (trial.inotify >= 0)
        close(trial.inotify);
    return status;
}

const struct verb verb_client_test = {
    .word = "client",
    .second = "test",
    .arguments = "",
    .help = "crash a process and wait until the dashboard shows it",
    .run = run_test,
};
