/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/index/sourcepath.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"

#define SOURCE_PATH_MAX 4096

/* Appends one component to an absolute path in out; ".." takes the last one back. */
static void add_component(struct buf *out, const char *p, size_t n)
{
    if (n == 0 || (n == 1 && p[0] == '.'))
        return;
    if (n == 2 && p[0] == '.' && p[1] == '.') {
        while (out->len > 0 && out->data[out->len - 1] != '/')
            out->len--;
        if (out->len > 0)
            out->len--;
        return;
    }
    buf_addc(out, '/');
    buf_add(out, p, n);
}

static void add_components(struct buf *out, const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");

        add_component(out, path, n);
        path += n + (path[n] == '/');
    }
}

const char *source_path(const char *folder, const char *file, struct arena *a)
{
    _cleanup_buf_ struct buf out;

    buf_init(&out, SOURCE_PATH_MAX);
    if (!file)
        return NULL;
    if (file[0] != '/') {
        if (!folder || folder[0] != '/')
            return arena_strdup(a, file);
        add_components(&out, folder);
    }
    add_components(&out, file);
    if (buf_error(&out))
        return NULL;
    return arena_strndup(a, buf_text(&out), out.len);
}
