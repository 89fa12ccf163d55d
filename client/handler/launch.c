/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/launch.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "common/base/str.h"

#define SENDER "corral-sender"

static int sibling(char ret[static PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - sizeof(SENDER));
    char *slash;

    if (n < 0)
        return -errno;
    ret[n] = '\0';
    slash = strrchr(ret, '/');
    if (!slash)
        return -ENOENT;
    strcpy(slash + 1, SENDER);
    return 0;
}

/* It speaks to the network: never as root unless the spool is root's. */
static int drop_rights(const struct spool *s)
{
    if (geteuid() != 0 || s->uid == 0)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(s->gid, s->gid, s->gid) < 0 ||
        setresuid(s->uid, s->uid, s->uid) < 0)
        return -errno;
    return 0;
}

/* In the child: a session of its own and one more fork, so that it is nobody's child and nobody's
 * terminal's. Every descriptor of ours is closed on exec. */
static void become_sender(const struct spool *s, const char *program, const char *conf_path)
{
    setsid();
    if (fork() != 0)
        _exit(EXIT_SUCCESS);
    if (drop_rights(s) == 0)
        execl(program, program, "--once", "-c", conf_path, (char *)NULL);
    _exit(EXIT_FAILURE);
}

int launch_sender(const struct spool *s, const char *program, const char *conf_path)
{
    char path[PATH_MAX];
    int lock = -1, r = spool_lock(s, &lock);
    pid_t child;

    if (r == SPOOL_BUSY)
        return 0;
    if (r < 0)
        return r;
    close(lock);
    r = cstr_empty(program) ? sibling(path) : 0;
    if (r < 0)
        return r;
    if (cstr_empty(program))
        program = path;
    if (access(program, X_OK) < 0)
        return -errno;
    child = fork();
    if (child < 0)
        return -errno;
    if (child == 0)
        become_sender(s, program, conf_path);
    (void)waitpid(child, NULL, 0);
    return 0;
}
