/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl client status`: this host's side, read from the kernel and the spool. Changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "client/ctl/hook.h"
#include "client/ctl/verbs.h"
#include "client/spool/spool.h"
#include "common/base/io.h"

#define LAST_ERROR_MAX 4096

static void print_hook(const struct hook *h)
{
    printf("core_pattern     %s\n",
           h->ours ? "ours" : "not ours: crashes of this host go elsewhere");
    printf("                 %s\n", h->pattern);
    printf("core_pipe_limit  %d%s\n", h->pipe_limit,
           h->ours && h->pipe_limit == 0
               ? "  (a process may be gone before it was looked at: set it to 16)"
               : "");
}

static void print_sender(const struct spool *s)
{
    int lock = -1, r = spool_lock(s, &lock);

    if (r == 0)
        close(lock);
    printf("sender           %s\n", r == SPOOL_BUSY ? "running"
                                    : r == 0 ? "not running: the handler starts one for each crash"
                                             : strerror(-r));
}

static int print_counts(const struct spool *s)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct spool_list waiting, rejected;
    int r = spool_list(s, NULL, &a, &waiting);

    if (r == 0)
        r = spool_list(s, "rejected", &a, &rejected);
    if (r == 0)
        printf("                 %zu waiting, %zu rejected\n", waiting.n, rejected.n);
    return r;
}

static void print_last_error(const struct spool *s)
{
    _cleanup_buf_ struct buf b = BUF_INIT(LAST_ERROR_MAX);

    if (io_read_file(s->dir, "last-error", &b) == 0)
        printf("last error       %s", buf_text(&b));
}

/* Looking must not make a spool where there is none. */
static int print_spool(const char *path)
{
    _cleanup_spool_ struct spool s = SPOOL_CLOSED;
    int r = access(path, R_OK | X_OK) < 0 ? -errno : spool_open(path, &s);

    printf("spool            %s\n", path);
    if (r == 0)
        r = print_counts(&s);
    if (r < 0) {
        printf("                 cannot be read: %s\n", strerror(-r));
        return CTL_ERROR;
    }
    print_sender(&s);
    print_last_error(&s);
    return CTL_OK;
}

/* Only a core_pattern with c%c asks for that limit. */
static void print_limit(const struct hook *h)
{
    struct rlimit limit;

    if (h->ours && strstr(h->pattern, "%c") && getrlimit(RLIMIT_CORE, &limit) == 0 &&
        limit.rlim_cur == 0)
        printf("ulimit -c        0 in this shell: what is started from it leaves metadata without "
               "a stack\n");
}

int verb_client_status(struct access *access, int argc, char **argv)
{
    struct hook hook;
    int r, status;

    if (argc > 0) {
        fprintf(stderr, "corralctl client status takes no argument: %s\n", argv[0]);
        return CTL_USAGE;
    }
    r = hook_read(&hook);
    if (r < 0) {
        fprintf(stderr, "corralctl: cannot read core_pattern: %s\n", strerror(-r));
        return CTL_ERROR;
    }
    print_hook(&hook);
    print_limit(&hook);
    if (hook.ours && access_follow(access, hook.conf_path) < 0)
        return CTL_USAGE;
    status = print_spool(access->settings.spool);
    return hook.ours ? status : CTL_CHECK_FAILED;
}
