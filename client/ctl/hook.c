/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/str.h"

#define PATTERN_FILE "/proc/sys/kernel/core_pattern"
#define LIMIT_FILE   "/proc/sys/kernel/core_pipe_limit"
#define KERNEL_MAX   127 /* CORENAME_MAX_SIZE of include/linux/coredump.h, without the NUL */
#define SOCKET_OURS  "/run/corral"

/* Labelled, so that their order does not matter and one that an old kernel does not know moves no
 * other (client/process/arguments.h). */
static const char arguments[] = "P%P I%I u%u g%g s%s t%t d%d C%C F%F h%h e%e E%E";

/* --- Whose it is --- */

/* By the end of the program's path, or a part of it. */
static const struct known {
    const char *part;
    enum hook_owner owner;
} known[] = {
    {"/corral-handler", HOOK_CORRAL_PIPE},
    {"/systemd-coredump", HOOK_SYSTEMD},
    {"/apport", HOOK_APPORT},
    {"/abrt-hook-ccpp", HOOK_ABRT},
    {"/abrtd", HOOK_ABRT},
    {"/false", HOOK_NOBODY},
    {"/true", HOOK_NOBODY},
};

static const char *const owner_names[] = {
    [HOOK_FILE] = "core files",
    [HOOK_NOBODY] = "nobody",
    [HOOK_CORRAL_PIPE] = "corral",
    [HOOK_CORRAL_SOCKET] = "corral",
    [HOOK_SYSTEMD] = "systemd-coredump",
    [HOOK_APPORT] = "apport",
    [HOOK_ABRT] = "abrt",
    [HOOK_OTHER_PIPE] = "another program",
    [HOOK_OTHER_SOCKET] = "another socket",
};

const char *hook_owner_name(enum hook_owner owner)
{
    return owner_names[owner];
}

static enum hook_owner owner_of_program(const char *program)
{
    char path[PATH_MAX];

    if (!realpath(program, path))
        snprintf(path, sizeof(path), "%s", program);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (cstr_ends(path, known[i].part) || cstr_ends(program, known[i].part))
            return known[i].owner;
    return HOOK_OTHER_PIPE;
}

static void copy(char *to, size_t size, struct str s)
{
    snprintf(to, size, "%.*s", (int)s.n, s.p);
}

/* -c FILE or -cFILE, the first argument or none (client/process/arguments.h). */
static struct str take_conf(struct str *rest)
{
    struct str word;

    if (!str_split(rest, ' ', &word) || !str_starts(word, STR("-c")))
        return STR("");
    if (word.n > 2)
        return (struct str){word.p + 2, word.n - 2};
    return str_split(rest, ' ', &word) ? word : STR("");
}

static void parse_pipe(struct str rest, struct hook *h)
{
    char program[PATH_MAX];
    struct str word = STR("");

    str_split(&rest, ' ', &word);
    copy(program, sizeof(program), word);
    h->owner = owner_of_program(program);
    copy(h->conf_path, sizeof(h->conf_path), take_conf(&rest));
}

void hook_parse(const char *pattern, struct hook *ret)
{
    struct hook h = {.owner = HOOK_FILE};
    struct str text = str_trim(str_from(pattern));

    copy(h.pattern, sizeof(h.pattern), text);
    if (str_starts(text, STR("@@" SOCKET_OURS)))
        h.owner = HOOK_CORRAL_SOCKET;
    else if (str_starts(text, STR("@")))
        h.owner = HOOK_OTHER_SOCKET;
    else if (str_starts(text, STR("|")))
        parse_pipe((struct str){text.p + 1, text.n - 1}, &h);
    else if (text.n == 0)
        h.owner = HOOK_NOBODY;
    h.ours = h.owner == HOOK_CORRAL_PIPE || h.owner == HOOK_CORRAL_SOCKET;
    *ret = h;
}

int hook_read(struct hook *ret)
{
    _cleanup_buf_ struct buf pattern = BUF_INIT(HOOK_PATTERN_MAX - 1), limit = BUF_INIT(64);
    int r = io_read_file(AT_FDCWD, PATTERN_FILE, &pattern);

    if (r == 0)
        r = io_read_file(AT_FDCWD, LIMIT_FILE, &limit);
    if (r < 0)
        return r;
    hook_parse(buf_text(&pattern), ret);
    ret->pipe_limit = atoi(buf_text(&limit));
    return 0;
}

/* --- Ours --- */

int hook_pipe_pattern(const char *handler, const char *conf_path, char ret[static HOOK_PATTERN_MAX])
{
    int n = conf_path
                ? snprintf(ret, HOOK_PATTERN_MAX, "|%s -c %s %s", handler, conf_path, arguments)
                : snprintf(ret, HOOK_PATTERN_MAX, "|%s %s", handler, arguments);

    return n > KERNEL_MAX ? -ENAMETOOLONG : 0;
}

static int write_value(const char *path, const char *value)
{
    _cleanup_fd_ int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? -errno : io_write(fd, value, strlen(value));
}

static int write_limit(int pipe_limit)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", pipe_limit);
    return write_value(LIMIT_FILE, text);
}

/* With a limit of 0 the kernel does not wait for the handler, so a higher one goes before the
 * pattern and a lower one after it. */
int hook_write(const char *pattern, int pipe_limit)
{
    struct hook now;
    int r = pipe_limit > 0 ? write_limit(pipe_limit) : 0;

    if (r == 0)
        r = write_value(PATTERN_FILE, *pattern ? pattern : "\n");
    if (r == 0 && pipe_limit == 0)
        r = write_limit(0);
    if (r == 0)
        r = hook_read(&now);
    return r == 0 && strcmp(now.pattern, pattern) != 0 ? -EINVAL : r;
}
