/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/debug/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/ctl/debug/eviction.h"
#include "client/ctl/unpack.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/io.h"
#include "common/core/elf.h"

/* --- The folder --- */

static int trouble(const struct cache *cache, const char *what, int error)
{
    return ctl_complain(CTL_ERROR, "%s: %s: %s", cache->path, what, strerror(-error));
}

int cache_open(const struct access *a, struct connection *c, struct cache *ret)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct cache cache = {.access = a, .c = c, .fd = -1};
    int r;

    if (cstr_empty(base) && cstr_empty(home))
        return ctl_complain(CTL_ERROR, "neither $HOME nor $XDG_CACHE_HOME is set");
    snprintf(cache.path, sizeof(cache.path), "%s%s/corral", cstr_empty(base) ? home : base,
             cstr_empty(base) ? "/.cache" : "");
    r = io_mkdirs(AT_FDCWD, cache.path, 0700);
    if (r < 0)
        return trouble(&cache, "cannot be made", r);
    cache.fd = open(cache.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cache.fd < 0)
        return trouble(&cache, "cannot be opened", -errno);
    cache.since = clock_now() / USEC_PER_SEC;
    *ret = cache;
    return CTL_OK;
}

void cache_close(struct cache *cache)
{
    if (cache->fd < 0)
        return;
    (void)eviction_run(cache->fd, cache->access->ctl.cache_max, cache->since);
    close(cache->fd);
    cache->fd = -1;
}

/* Whether the file is there; then it counts as used now. */
static bool has(const struct cache *cache, const char *name, char ret_path[static PATH_MAX])
{
    if (utimensat(cache->fd, name, NULL, 0) < 0)
        return false;
    snprintf(ret_path, PATH_MAX, "%.3000s/%s", cache->path, name);
    return true;
}

/* A file in the making. (No O_TMPFILE: home folders lie on NFS.) */
struct draft {
    int cache, fd;
    char name[64];
};

static void draft_discard(struct draft *d)
{
    if (d->fd < 0)
        return;
    close(d->fd);
    if (*d->name)
        unlinkat(d->cache, d->name, 0);
}
#define _cleanup_draft_ _cleanup_(draft_discard)

static int draft_begin(const struct cache *cache, struct draft *ret)
{
    unsigned char random[8];
    char digits[2 * sizeof(random) + 1];

    random_bytes(random, sizeof(random));
    hex_encode(random, sizeof(random), digits);
    ret->cache = cache->fd;
    snprintf(ret->name, sizeof(ret->name), "%s%s", EVICTION_DRAFT, digits);
    ret->fd = openat(cache->fd, ret->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return ret->fd < 0 ? -errno : 0;
}

/* Gives it its name; one that somebody else made meanwhile is as good, and replaced. */
static int draft_publish(struct draft *d, const char *folder, const char *name)
{
    if (mkdirat(d->cache, folder, 0700) < 0 && errno != EEXIST)
        return -errno;
    if (renameat(d->cache, d->name, d->cache, name) < 0)
        return -errno;
    *d->name = '\0';
    return 0;
}

/* --- Modules --- */

/* Downloaded, and what it says that it is. */
static int fetch(struct cache *cache, const char *path, int fd, const char *what)
{
    _cleanup_reply_ struct reply reply = REPLY_INIT;
    int r = connection_download(cache->c, path, fd, cache->access->ctl.cache_max, &reply);

    if (r < 0)
        return trouble(cache, what, r);
    if (r == 0 && reply.status == 404)
        return CTL_NOT_FOUND;
    if (r != 0 || reply.status != 200)
        return access_failure(cache->access->dash_url, r, &reply);
    return CTL_OK;
}

static int check_module(int fd, const char *build_id, const char *kind)
{
    char own[ELF_BUILD_ID_TEXT];

    if (elf_build_id_fd(fd, own) == 0 && strcmp(own, build_id) == 0 && elf_check_whole_fd(fd) == 0)
        return CTL_OK;
    return ctl_complain(CTL_ERROR, "what came as the %s of %s is not that: it is thrown away", kind,
                        build_id);
}

int cache_module(struct cache *cache, const char *build_id, const char *kind,
                 char ret_path[static PATH_MAX])
{
    char name[2 * ELF_BUILD_ID_TEXT], path[2 * ELF_BUILD_ID_TEXT];
    _cleanup_draft_ struct draft draft = {.fd = -1};
    int status, r;

    snprintf(name, sizeof(name), "%s/%s", build_id, kind);
    if (has(cache, name, ret_path))
        return CTL_OK;
    r = draft_begin(cache, &draft);
    if (r < 0)
        return trouble(cache, "cannot make a file", r);
    snprintf(path, sizeof(path), "/buildid/%s/%s", build_id, kind);
    status = fetch(cache, path, draft.fd, build_id);
    if (status == CTL_OK)
        status = check_module(draft.fd, build_id, kind);
    if (status != CTL_OK)
        return status;
    r = draft_publish(&draft, build_id, name);
    if (r < 0)
        return trouble(cache, name, r);
    return has(cache, name, ret_path) ? CTL_OK : trouble(cache, name, -ENOENT);
}

/* --- Cores --- */

static int unpack(struct cache *cache, int packed, int core)
{
    int r = unpack_file(packed, core, cache->access->ctl.cache_max);

    if (r == -EBADMSG)
        return ctl_complain(CTL_ERROR, "the core came damaged: try again");
    if (r == -EFBIG)
        return ctl_complain(CTL_ERROR, "the core has more than cache_max (%" PRIu64 " bytes)",
                            cache->access->ctl.cache_max);
    return r < 0 ? trouble(cache, "cannot unpack the core", r) : CTL_OK;
}

int cache_core(struct cache *cache, const char *event, const char *fidelity,
               char ret_path[static PATH_MAX])
{
    char folder[64 + UUID_TEXT_SIZE], name[128 + UUID_TEXT_SIZE], path[64 + UUID_TEXT_SIZE];
    _cleanup_draft_ struct draft packed = {.fd = -1}, core = {.fd = -1};
    int status, r;

    snprintf(folder, sizeof(folder), "core-%s", event);
    snprintf(name, sizeof(name), "%s/%s", folder, fidelity ?: "core");
    if (has(cache, name, ret_path))
        return CTL_OK;
    r = draft_begin(cache, &packed);
    if (r == 0)
        r = draft_begin(cache, &core);
    if (r < 0)
        return trouble(cache, "cannot make a file", r);
    snprintf(path, sizeof(path), "/api/v1/events/%s/core", event);
    status = fetch(cache, path, packed.fd, event);
    if (status == CTL_NOT_FOUND)
        return ctl_complain(CTL_NOT_FOUND, "no core is kept of this crash");
    if (status == CTL_OK)
        status = unpack(cache, packed.fd, core.fd);
    if (status != CTL_OK)
        return status;
    r = draft_publish(&core, folder, name);
    if (r < 0)
        return trouble(cache, name, r);
    return has(cache, name, ret_path) ? CTL_OK : trouble(cache, name, -ENOENT);
}
