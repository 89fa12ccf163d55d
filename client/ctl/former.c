/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/former.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"

#define FILE_MAX    (HOOK_PATTERN_MAX + 256)
#define LIMIT_MAX   1000000
#define LIMIT_KEY   STR("kernel.core_pipe_limit = ")
#define PATTERN_KEY STR("kernel.core_pattern = ")

static struct str behind(struct str line, struct str key)
{
    return (struct str){line.p + key.n, line.n - key.n};
}

/* Two lines as sysctl.d(5) would have them. */
int former_parse(struct str text, struct former *ret)
{
    struct former f = {.pipe_limit = -1};
    struct str line;
    uint64_t limit;
    bool seen = false;

    while (str_split(&text, '\n', &line)) {
        if (str_starts(line, PATTERN_KEY)) {
            struct str pattern = behind(line, PATTERN_KEY);

            seen = (size_t)snprintf(f.pattern, sizeof(f.pattern), "%.*s", (int)pattern.n,
                                    pattern.p) < sizeof(f.pattern);
        } else if (str_starts(line, LIMIT_KEY) &&
                   str_to_u64(behind(line, LIMIT_KEY), LIMIT_MAX, &limit) == 0) {
            f.pipe_limit = (int)limit;
        }
    }
    if (!seen || f.pipe_limit < 0)
        return FORMER_MALFORMED;
    *ret = f;
    return 0;
}

int former_read(struct former *ret)
{
    _cleanup_buf_ struct buf b = BUF_INIT(FILE_MAX);
    int r = io_read_file(AT_FDCWD, FORMER_FILE, &b);

    if (r < 0)
        return r == -ENOENT ? FORMER_NONE : r;
    return former_parse((struct str){b.data, b.len}, ret);
}

int former_write(const struct former *f)
{
    _cleanup_buf_ struct buf b = BUF_INIT(FILE_MAX);
    int r = io_mkdirs(AT_FDCWD, FORMER_FOLDER, 0755);

    buf_adds(&b, "# Kept by corralctl client setup, for corralctl client disable.\n");
    buf_printf(&b, "kernel.core_pattern = %s\nkernel.core_pipe_limit = %d\n", f->pattern,
               f->pipe_limit);
    if (r == 0)
        r = buf_error(&b);
    return r < 0 ? r : io_publish(AT_FDCWD, FORMER_FILE, b.data, b.len, 0644);
}

int former_remove(void)
{
    return unlink(FORMER_FILE) < 0 && errno != ENOENT ? -errno : 0;
}
