/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/debug/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/str.h"

#define DELETED " (deleted)"

int sysroot_new(const char *parent, struct sysroot *ret)
{
    struct sysroot s = {.fd = -1};

    if (snprintf(s.path, sizeof(s.path), "%s/session.XXXXXX", parent) >= (int)sizeof(s.path))
        return -ENAMETOOLONG;
    if (!mkdtemp(s.path))
        return -errno;
    s.fd = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s.fd < 0 || mkdirat(s.fd, "root", 0700) < 0 || mkdirat(s.fd, "names", 0700) < 0 ||
        io_mkdirs(s.fd, "debug/.build-id", 0700) < 0) {
        int r = -errno;

        sysroot_free(&s);
        return r;
    }
    *ret = s;
    return 0;
}

void sysroot_free(struct sysroot *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    if (*s->path)
        (void)io_remove_tree(AT_FDCWD, s->path);
    *s->path = '\0';
}

int sysroot_path_length(const char *path)
{
    size_t n = strlen(path);

    return (int)(cstr_ends(path, DELETED) ? n - strlen(DELETED) : n);
}

static bool good_component(struct str name)
{
    return name.n > 0 && name.n <= NAME_MAX && !str_eq(name, STR(".")) && !str_eq(name, STR(".."));
}

/* Goes into the folder `name` below *fd, which it makes if need be; never through a link. */
static bool enter(int *fd, const char *name)
{
    int next;

    if (mkdirat(*fd, name, 0700) < 0 && errno != EEXIST)
        return false;
    next = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0)
        return false;
    close(*fd);
    *fd = next;
    return true;
}

bool sysroot_add(struct sysroot *s, const char *path, const char *file)
{
    struct str rest = {path, (size_t)sysroot_path_length(path)}, name;
    _cleanup_fd_ int fd = openat(s->fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char component[NAME_MAX + 1];

    if (fd < 0 || path[0] != '/')
        return false;
    str_split(&rest, '/', &name);
    for (unsigned depth = 0; str_split(&rest, '/', &name); depth++) {
        if (depth == SYSROOT_DEPTH_MAX || !good_component(name))
            return false;
        snprintf(component, sizeof(component), "%.*s", (int)name.n, name.p);
        if (!rest.p)
            return symlinkat(file, fd, component) == 0;
        if (!enter(&fd, component))
            return false;
    }
    return false;
}

bool sysroot_add_name(struct sysroot *s, const char *name, const char *file)
{
    _cleanup_fd_ int fd = openat(s->fd, "names", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && good_component(str_from(name)) && !strchr(name, '/') &&
           symlinkat(file, fd, name) == 0;
}

int sysroot_add_debug(struct sysroot *s, const char *build_id, const char *file)
{
    char path[NAME_MAX];

    snprintf(path, sizeof(path), "debug/.build-id/%.2s", build_id);
    if (mkdirat(s->fd, path, 0700) < 0 && errno != EEXIST)
        return -errno;
    snprintf(path, sizeof(path), "debug/.build-id/%.2s/%s.debug", build_id, build_id + 2);
    return symlinkat(file, s->fd, path) < 0 && errno != EEXIST ? -errno : 0;
}
