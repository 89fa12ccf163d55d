/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/package_memo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

#define STATE_SIZE 64

/* --- Pure --- */

struct str package_memo_look(struct str text, struct str state, struct str path)
{
    struct str line, list;

    if (!str_split(&text, '\n', &line) || !str_eq(line, state))
        return (struct str){0};
    while (str_split(&text, '\n', &line))
        if (str_split(&line, ' ', &list) && line.p && str_eq(line, path))
            return list;
    return (struct str){0};
}

void package_memo_append(struct str text, struct str state, struct str path, struct str list,
                         struct buf *b)
{
    struct str rest = text, first;
    bool same = str_split(&rest, '\n', &first) && str_eq(first, state);

    if (path.n == 0 || memchr(path.p, '\n', path.n) || memchr(list.p, ' ', list.n))
        return;
    if (same && text.n + list.n + path.n + 2 <= PACKAGE_MEMO_MAX)
        buf_add(b, text.p, text.n);
    else
        buf_printf(b, "%.*s\n", (int)state.n, state.p);
    buf_printf(b, "%.*s %.*s\n", (int)list.n, list.p, (int)path.n, path.p);
}

/* --- The file --- */

static struct str state_of(int lists, char text[static STATE_SIZE])
{
    struct stat st;

    text[0] = '\0';
    if (fstat(lists, &st) == 0)
        snprintf(text, STATE_SIZE, "%" PRIdMAX ".%09ld %ju", (intmax_t)st.st_mtim.tv_sec,
                 st.st_mtim.tv_nsec, (uintmax_t)st.st_ino);
    return str_from(text);
}

/* Whoever owns the spool could have put a link there, and we may still read any file. */
static int read_memo(int dir_fd, struct buf *b)
{
    _cleanup_fd_ int fd =
        openat(dir_fd, PACKAGE_MEMO, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    return fd < 0 ? -errno : io_read_fd(fd, b);
}

bool package_memo_find(int dir_fd, int lists, struct str path, struct arena *a, const char **ret)
{
    _cleanup_buf_ struct buf b = BUF_INIT(PACKAGE_MEMO_MAX);
    char text[STATE_SIZE];
    struct str list;

    if (dir_fd < 0 || read_memo(dir_fd, &b) < 0)
        return false;
    list = package_memo_look((struct str){buf_text(&b), b.len}, state_of(lists, text), path);
    if (!list.p)
        return false;
    *ret = arena_strndup(a, list.p, list.n);
    return true;
}

void package_memo_add(int dir_fd, int lists, struct str path, const char *list)
{
    _cleanup_buf_ struct buf old = BUF_INIT(PACKAGE_MEMO_MAX), new = BUF_INIT(PACKAGE_MEMO_MAX);
    char text[STATE_SIZE];

    if (dir_fd < 0)
        return;
    if (read_memo(dir_fd, &old) < 0)
        buf_clear(&old);
    package_memo_append((struct str){buf_text(&old), old.len}, state_of(lists, text), path,
                        str_from(list), &new);
    if (new.len > 0 && buf_error(&new) == 0)
        (void)io_replace(dir_fd, PACKAGE_MEMO, new.data, new.len, 0600);
}
