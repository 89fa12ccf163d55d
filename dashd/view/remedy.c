/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/remedy.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"

#define COMMAND_MAX 20000 /* a path of 4096 bytes, each quoted */
#define UPLOAD      "corralctl symbols upload "

bool remedy_is_packaged(const char *path)
{
    static const char *const folders[] = {"/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/"};

    if (cstr_starts(path, "/usr/local/"))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        if (cstr_starts(path, folders[i]))
            return true;
    return false;
}

/* One word for sh(1), whatever it holds: all but plain words stand in single quotes. */
static void shell_quote(struct buf *b, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/+:@%";

    if (*text && *text != '-' && text[strspn(text, plain)] == '\0') {
        buf_adds(b, text);
        return;
    }
    buf_addc(b, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_adds(b, "'\\''");
        else
            buf_addc(b, *text);
    }
    buf_addc(b, '\'');
}

/* UPLOAD, and the path with a suffix. */
static const char *upload(struct arena *a, const char *path, const char *suffix)
{
    _cleanup_buf_ struct buf b = BUF_INIT(COMMAND_MAX);

    buf_adds(&b, UPLOAD);
    shell_quote(&b, arena_printf(a, "%s%s", path, suffix));
    return buf_error(&b) ? UPLOAD "FILE" : arena_strdup(a, buf_text(&b));
}

struct remedy remedy_for(struct arena *a, const char *path, const char *build_id, bool missing)
{
    if (missing)
        return (struct remedy){"on a host that has the file", upload(a, path, "")};
    if (remedy_is_packaged(path))
        return (struct remedy){
            "with the distribution's debuginfod server in $DEBUGINFOD_URLS",
            arena_printf(a, UPLOAD "\"$(debuginfod-find debuginfo %s)\"", build_id)};
    return (struct remedy){"where it was built, or from a build that was not stripped",
                           upload(a, path, ".debug")};
}

struct remedy remedy_by_package(struct arena *a, const char *path, const char *build_id)
{
    _cleanup_buf_ struct buf b = BUF_INIT(COMMAND_MAX);

    if (!remedy_is_packaged(path) || str_from(build_id).n < 4)
        return (struct remedy){NULL, NULL};
    buf_adds(&b, "apt install \"$(dpkg -S ");
    shell_quote(&b, path);
    buf_printf(&b, " | cut -d: -f1)-dbgsym\"\n" UPLOAD "/usr/lib/debug/.build-id/%.2s/%s.debug",
               build_id, build_id + 2);
    return (struct remedy){"on Debian or Ubuntu, where the debug archive is among apt's sources",
                           buf_error(&b) ? NULL : arena_strdup(a, buf_text(&b))};
}
