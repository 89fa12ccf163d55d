/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/hook.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/str.h"

static bool leads_to_handler(const char *program)
{
    char path[PATH_MAX];

    return cstr_ends(realpath(program, path) ? path : program, "/corral-handler");
}

static void copy(char *to, size_t size, struct str s)
{
    snprintf(to, size, "%.*s", (int)s.n, s.p);
}

/* -c FILE or -cFILE, the first argument or none (client/handler/arguments.h). */
static struct str take_conf(struct str *rest)
{
    struct str word;

    if (!str_split(rest, ' ', &word) || !str_starts(word, STR("-c")))
        return STR("");
    if (word.n > 2)
        return (struct str){word.p + 2, word.n - 2};
    return str_split(rest, ' ', &word) ? word : STR("");
}

void hook_parse(const char *pattern, struct hook *ret)
{
    struct hook h = {0};
    struct str rest = str_trim(str_from(pattern)), word;
    char program[PATH_MAX];

    copy(h.pattern, sizeof(h.pattern), rest);
    if (str_starts(rest, STR("|"))) {
        rest = (struct str){rest.p + 1, rest.n - 1};
        str_split(&rest, ' ', &word);
        copy(program, sizeof(program), word);
        h.ours = leads_to_handler(program);
        copy(h.conf_path, sizeof(h.conf_path), take_conf(&rest));
    }
    *ret = h;
}

int hook_read(struct hook *ret)
{
    _cleanup_buf_ struct buf pattern = BUF_INIT(HOOK_PATTERN_MAX - 1), limit = BUF_INIT(64);
    int r = io_read_file(AT_FDCWD, "/proc/sys/kernel/core_pattern", &pattern);

    if (r == 0)
        r = io_read_file(AT_FDCWD, "/proc/sys/kernel/core_pipe_limit", &limit);
    if (r < 0)
        return r;
    hook_parse(buf_text(&pattern), ret);
    ret->pipe_limit = atoi(buf_text(&limit));
    return 0;
}
