/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl client setup` and `corralctl client disable`: the kernel is told to give its crashes
 * to Corral, now and after a reboot, and told to do again what it did before. Nothing is changed
 * before every check is passed; what was found is on disk before it is changed; what somebody else
 * has changed since is left alone. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "client/ctl/chainkey.h"
#include "client/ctl/checks.h"
#include "client/ctl/former.h"
#include "client/ctl/hook.h"
#include "client/ctl/verbs.h"
#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/str.h"
#include "common/report/jsontree.h"

#define SYSCTL_FILE "/etc/sysctl.d/60-corral.conf"
#define SOCKET_UNIT "corral-handler.socket"
#define SYSTEMD_RUN "/run/systemd/system" /* sd_booted(3) */

extern char **environ;

struct setup {
    const char *mode, *handler; /* NULL: not given */
    bool chain, dry_run;
    struct hook now;
    char found[PATH_MAX]; /* the handler that was found */
    char pattern[HOOK_PATTERN_MAX];
    int pipe_limit;
    bool keeps_former; /* `now` is somebody else's, and worth keeping */
};

static FILE *told; /* words for people: beside JSON they are no result */

static int complain(const char *what, int error)
{
    fprintf(stderr, "corralctl: %s: %s\n", what, strerror(-error));
    return CTL_ERROR;
}

static int need_root(const char *verb)
{
    if (geteuid() == 0)
        return CTL_OK;
    fprintf(stderr,
            "corralctl: client %s changes core_pattern, which only root may: run it with sudo\n",
            verb);
    return CTL_ERROR;
}

/* --- Which way --- */

static int check_mode(const char *mode)
{
    if (!mode || strcmp(mode, "auto") == 0 || strcmp(mode, "pipe") == 0 ||
        strcmp(mode, "socket") == 0)
        return CTL_OK;
    return ctl_complain(CTL_USAGE, "--mode is auto, pipe or socket: %s", mode);
}

/* systemctl says by itself what went wrong. */
static int systemctl(const char *verb, const char *option, const char *unit)
{
    const char *argv[] = {"systemctl", "--quiet", verb, option, unit, NULL};
    pid_t child;
    int how = 1, r;

    if (access(SYSTEMD_RUN, F_OK) < 0)
        return 1;
    r = posix_spawnp(&child, argv[0], NULL, NULL, (char **)(uintptr_t)argv, environ);
    if (r != 0 || waitpid(child, &how, 0) < 0)
        return 1;
    return how;
}

static bool socket_ready(const struct setup *s)
{
    if (checks_socket_answers(HOOK_SOCKET))
        return true;
    return !s->dry_run && systemctl("enable", "--now", SOCKET_UNIT) == 0 &&
           checks_socket_answers(HOOK_SOCKET);
}

static bool choose_socket(struct setup *s)
{
    if (!checks_kernel_has_sockets() || !socket_ready(s))
        return false;
    snprintf(s->pattern, sizeof(s->pattern), "@@" HOOK_SOCKET);
    s->pipe_limit = -1;
    return true;
}

static int choose_pipe(struct setup *s, const struct access *access)
{
    int r =
        hook_pipe_pattern(s->handler, access->conf_given ? access->conf_path : NULL, s->pattern);

    s->pipe_limit = HOOK_PIPE_LIMIT;
    if (r == 0)
        return CTL_OK;
    fprintf(stderr,
            "corralctl: core_pattern would be longer than the 127 bytes that the kernel takes: use "
            "shorter paths for the handler and -c\n  %s\n",
            s->pattern);
    return CTL_ERROR;
}

/* auto: by socket where the kernel has that and somebody listens, or can be made to; else by pipe,
 * which needs nothing that runs. */
static int choose(struct setup *s, const struct access *access)
{
    if (s->mode && strcmp(s->mode, "pipe") == 0)
        return choose_pipe(s, access);
    if (choose_socket(s))
        return CTL_OK;
    if (!s->mode || strcmp(s->mode, "auto") == 0)
        return choose_pipe(s, access);
    fprintf(stderr,
            checks_kernel_has_sockets()
                ? "corralctl: nobody listens at " HOOK_SOCKET
                  ": systemctl enable --now " SOCKET_UNIT "\n"
                : "corralctl: this kernel gives crashes to no socket (Linux 6.17 does): use --mode "
                  "pipe\n");
    return CTL_CHECK_FAILED;
}

static int prepare(struct setup *s, const struct access *access)
{
    int r = hook_read(&s->now);

    if (r < 0)
        return complain("/proc/sys/kernel/core_pattern", r);
    if (!s->handler && !checks_find_handler(s->found))
        return CTL_CHECK_FAILED;
    s->handler = s->handler ?: s->found;
    if (!checks_handler(s->handler) || !checks_sender(access))
        return CTL_CHECK_FAILED;
    s->keeps_former = !s->now.ours;
    return choose(s, access);
}

/* --- Doing it --- */

static int write_sysctl(const struct setup *s)
{
    _cleanup_buf_ struct buf b = BUF_INIT(2 * HOOK_PATTERN_MAX);

    buf_adds(&b, "# Written by corralctl client setup; corralctl client disable takes it away.\n");
    buf_printf(&b, "kernel.core_pattern = %s\n", s->pattern);
    if (s->pipe_limit >= 0)
        buf_printf(&b, "kernel.core_pipe_limit = %d\n", s->pipe_limit);
    return io_publish(AT_FDCWD, SYSCTL_FILE, b.data, b.len, 0644);
}

static int keep_former(const struct setup *s)
{
    struct former f = {.pipe_limit = s->now.pipe_limit};

    if (!s->keeps_former)
        return 0;
    memcpy(f.pattern, s->now.pattern, sizeof(f.pattern));
    return former_write(&f);
}

/* The one that was there before us, whenever that was; "" when it was no program. */
static void find_chain(const struct setup *s, char ret[static HOOK_PATTERN_MAX])
{
    struct former f;
    struct hook former = s->now;

    if (former.ours && former_read(&f) == 0)
        hook_parse(f.pattern, &former);
    snprintf(ret, HOOK_PATTERN_MAX, "%s",
             former.pattern[0] == '|' && !former.ours && former.owner != HOOK_NOBODY
                 ? former.pattern
                 : "");
}

static int set_chain(const struct setup *s, const struct access *access)
{
    char chain[HOOK_PATTERN_MAX];
    int r;

    if (!s->chain)
        return CTL_OK;
    find_chain(s, chain);
    if (!*chain) {
        fprintf(told, "chain            nothing to chain: no program had the crashes before\n");
        return CTL_OK;
    }
    r = s->dry_run ? 0 : chainkey_set(access->conf_path, chain);
    if (r != 0)
        return complain(access->conf_path, r < 0 ? r : -EINVAL);
    fprintf(told, "chain            %s gets each core that is kept, too (%s)\n", chain,
            access->conf_path);
    return CTL_OK;
}

static int apply(const struct setup *s)
{
    int r = keep_former(s);

    if (r < 0)
        return complain(FORMER_FILE, r);
    r = write_sysctl(s);
    if (r < 0)
        return complain(SYSCTL_FILE, r);
    r = hook_write(s->pattern, s->pipe_limit);
    if (r == 0)
        return CTL_OK;
    fprintf(stderr, "corralctl: the kernel did not take core_pattern %s: %s\n", s->pattern,
            strerror(-r));
    if (s->keeps_former)
        (void)hook_write(s->now.pattern, s->now.pipe_limit);
    return CTL_ERROR;
}

static void print_setup(const struct setup *s)
{
    _cleanup_buf_ struct buf b = BUF_INIT(64);

    if (s->dry_run)
        fprintf(told, "nothing is changed (--dry-run); this would be:\n");
    fprintf(told, "core_pattern     %s\n", s->pattern);
    if (s->pipe_limit >= 0)
        fprintf(told, "core_pipe_limit  %d\n", s->pipe_limit);
    fprintf(told, "at boot          %s\n", SYSCTL_FILE);
    if (s->keeps_former)
        fprintf(told, "kept             %s (%s), in %s\n", s->now.pattern,
                hook_owner_name(s->now.owner), FORMER_FILE);
    if (io_read_file(AT_FDCWD, "/proc/sys/fs/suid_dumpable", &b) == 0)
        fprintf(told, "suid_dumpable    %.1s, which is left as it is%s\n", buf_text(&b),
                buf_text(&b)[0] == '0' ? ": crashes of set-uid programs are not seen" : "");
}

enum { SETUP_MODE, SETUP_CHAIN, SETUP_DRY_RUN, SETUP_HANDLER };

/* What the kernel now does with a crash, or would do. */
static void print_result(const struct access *access, const char *pattern, int pipe_limit,
                         bool dry_run)
{
    _cleanup_json_ json_t *result =
        json_pack("{s:s, s:b}", "core_pattern", pattern, "dry_run", dry_run);

    if (access->output.format == OUTPUT_TEXT)
        return;
    if (pipe_limit >= 0)
        json_object_set_new(result, "core_pipe_limit", json_integer(pipe_limit));
    output_json(&access->output, result);
}

static int run_setup(struct access *access, const struct arguments *args)
{
    struct setup s = {
        .mode = args->option[SETUP_MODE],
        .handler = args->option[SETUP_HANDLER],
        .chain = args->option[SETUP_CHAIN] != NULL,
        .dry_run = args->option[SETUP_DRY_RUN] != NULL,
    };
    int status = check_mode(s.mode);

    told = access->output.format == OUTPUT_TEXT ? stdout : stderr;
    if (status == CTL_OK)
        status = need_root("setup");
    if (status == CTL_OK)
        status = prepare(&s, access);
    /* The chain is in the configuration before the first crash reads it. */
    if (status == CTL_OK)
        status = set_chain(&s, access);
    if (status == CTL_OK && !s.dry_run)
        status = apply(&s);
    if (status != CTL_OK)
        return status;
    print_setup(&s);
    if (!s.dry_run)
        fprintf(told, "\nSee it work: corralctl client test\n");
    print_result(access, s.pattern, s.pipe_limit, s.dry_run);
    return CTL_OK;
}

const struct verb verb_client_setup = {
    .word = "client",
    .second = "setup",
    .arguments = "",
    .help = "have the kernel give this host's crashes to Corral, now and after a reboot",
    .run = run_setup,
    .options =
        {
            [SETUP_MODE] = {"--mode", "auto|pipe|socket", "how the kernel hands them over"},
            [SETUP_CHAIN] = {"--chain", NULL, "the program that had them before gets them, too"},
            [SETUP_DRY_RUN] = {"--dry-run", NULL, "check and say what would be done"},
            [SETUP_HANDLER] = {"--handler", "PROGRAM", "another corral-handler than the installed"},
        },
};

/* --- Undoing it --- */

static int restore(const struct hook *now)
{
    struct former f = {.pattern = "core"};
    int r = former_read(&f);

    if (r < 0)
        return complain(FORMER_FILE, r);
    if (r != 0)
        fprintf(told, "what was there before is not known (%s): the kernel's own `core` it is\n",
                r == FORMER_NONE ? "nothing was kept" : FORMER_FILE " is damaged");
    if (!now->ours) {
        fprintf(told, "core_pattern     is not ours and stays: %s (%s)\n", now->pattern,
                hook_owner_name(now->owner));
        return CTL_OK;
    }
    r = hook_write(f.pattern, f.pipe_limit);
    if (r < 0)
        return complain("core_pattern", r);
    fprintf(told, "core_pattern     %s\ncore_pipe_limit  %d\n", f.pattern, f.pipe_limit);
    return CTL_OK;
}

static int remove_traces(void)
{
    int r = unlink(SYSCTL_FILE) < 0 && errno != ENOENT ? -errno : 0;

    if (r < 0)
        return complain(SYSCTL_FILE, r);
    r = former_remove();
    return r < 0 ? complain(FORMER_FILE, r) : CTL_OK;
}

static int run_disable(struct access *access, const struct arguments *args)
{
    struct hook now;
    int r, status;

    (void)args;
    told = access->output.format == OUTPUT_TEXT ? stdout : stderr;
    status = need_root("disable");
    if (status != CTL_OK)
        return status;
    r = hook_read(&now);
    if (r < 0)
        return complain("/proc/sys/kernel/core_pattern", r);
    status = restore(&now);
    if (status == CTL_OK)
        status = remove_traces();
    if (status == CTL_OK)
        (void)systemctl("disable", "--now", SOCKET_UNIT);
    if (status == CTL_OK && hook_read(&now) == 0)
        print_result(access, now.pattern, now.pipe_limit, false);
    return status;
}

const struct verb verb_client_disable = {
    .word = "client",
    .second = "disable",
    .arguments = "",
    .help = "have it do again what it did before",
    .run = run_disable,
};
