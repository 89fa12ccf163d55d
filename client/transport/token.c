/* SPDX-License-Identifier: Apache-2.0 */
#include "client/transport/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/str.h"

#define PATH_BYTES_MAX 4096

static int read_file(const char *path, struct buf *b, char *ret_error, size_t size)
{
    int r = io_read_file(AT_FDCWD, path, b);

    if (r == 0 || r == -ENOENT)
        return r;
    snprintf(ret_error, size, "cannot read the token from %.180s: %s", path, strerrordesc_np(-r));
    return TOKEN_UNREADABLE;
}

/* The first place where there is a file; -ENOENT with the last one in the error. */
static int read_first(const char *credentials, const char *file, struct buf *b, char *ret_error,
                      size_t size)
{
    char path[PATH_BYTES_MAX] = "";
    int r = -ENOENT;

    if (credentials) {
        snprintf(path, sizeof(path), "%s/token", credentials);
        r = read_file(path, b, ret_error, size);
    }
    if (r == -ENOENT && !cstr_empty(file)) {
        snprintf(path, sizeof(path), "%s", file);
        r = read_file(path, b, ret_error, size);
    }
    if (r == -ENOENT) {
        snprintf(ret_error, size, "cannot read the token from %.180s: there is no such file", path);
        r = TOKEN_UNREADABLE;
    }
    return r;
}

/* Nothing that could end the header line or begin another. */
static bool plain(struct str token)
{
    for (size_t i = 0; i < token.n; i++)
        if (token.p[i] <= ' ' || token.p[i] >= 0x7f)
            return false;
    return token.n > 0 && token.n < TOKEN_MAX;
}

int token_get(const char *given, const char *file, char ret[static TOKEN_MAX], char *ret_error,
              size_t size)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    _cleanup_buf_ struct buf b = BUF_INIT(TOKEN_MAX - 1);
    struct str text, first = str_from(given);
    int r;

    if (given ? *given == '\0' : cstr_empty(file) && !credentials)
        return TOKEN_NONE;
    if (!given) {
        r = read_first(credentials, file, &b, ret_error, size);
        if (r != 0)
            return r;
        text = (struct str){buf_text(&b), b.len};
        str_split(&text, '\n', &first);
        first = str_trim(first);
    }
    if (!plain(first)) {
        snprintf(ret_error, size, "what is given as token is none");
        return TOKEN_UNREADABLE;
    }
    snprintf(ret, TOKEN_MAX, "%.*s", (int)first.n, first.p);
    return 0;
}
