/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/chainkey.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/conf.h"
#include "common/base/io.h"

#define KEY STR("chain")

/* "chain =", "#chain=" and the like. */
static bool is_key(struct str line, bool comment)
{
    line = str_trim(line);
    if (comment) {
        if (!str_starts(line, STR("#")))
            return false;
        line = str_trim((struct str){line.p + 1, line.n - 1});
    }
    if (!str_starts(line, KEY))
        return false;
    line = str_trim((struct str){line.p + KEY.n, line.n - KEY.n});
    return str_starts(line, STR("="));
}

static bool has_key(struct str text, bool comment)
{
    struct str line;

    while (str_split(&text, '\n', &line))
        if (is_key(line, comment))
            return true;
    return false;
}

int chainkey_edit(struct str text, const char *value, struct buf *b)
{
    bool in_force = has_key(text, false), comment = !in_force && has_key(text, true);
    bool written = false;
    struct str line;

    if (strpbrk(value, "\"\n") || strlen(value) + KEY.n + 4 > CONF_LINE_MAX)
        return -EINVAL;
    if (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    while (text.n > 0 && str_split(&text, '\n', &line)) {
        if (!written && ((in_force && is_key(line, false)) || (comment && is_key(line, true)))) {
            buf_printf(b, "chain = %s\n", value);
            written = true;
        } else {
            buf_add(b, line.p, line.n);
            buf_addc(b, '\n');
        }
    }
    if (!written)
        buf_printf(b, "chain = %s\n", value);
    return buf_error(b);
}

int chainkey_set(const char *path, const char *value)
{
    _cleanup_buf_ struct buf old = BUF_INIT(CONF_FILE_MAX), new = BUF_INIT(CONF_FILE_MAX);
    struct stat st = {.st_mode = 0644};
    bool there = stat(path, &st) == 0;
    int r = there ? io_read_file(AT_FDCWD, path, &old) : 0;

    if (r == 0)
        r = chainkey_edit((struct str){old.data, old.len}, value, &new);
    if (r == 0)
        r = io_publish(AT_FDCWD, path, new.data, new.len, st.st_mode & 07777);
    if (r == 0 && there && chown(path, st.st_uid, st.st_gid) < 0)
        r = -errno;
    return r;
}
