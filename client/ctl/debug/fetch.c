/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl fetch`: all there is of an event in a folder: the core, unpacked; event.json; for each
 * module BUILD-ID/executable and BUILD-ID/debuginfo; modules.json, which has their paths. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "client/ctl/debug/cache.h"
#include "client/ctl/debug/modules.h"
#include "client/ctl/server/ask.h"
#include "client/ctl/server/reference.h"
#include "client/ctl/unpack.h"
#include "common/base/io.h"
#include "common/core/elf.h"
#include "common/report/fidelity.h"

enum { FETCH_OUTPUT };

struct fetching {
    struct arena arena;
    struct cache cache;
    const char *folder;
    int fd;
};

static int trouble(const struct fetching *f, const char *name, int error)
{
    return ctl_complain(CTL_ERROR, "%s/%s: %s", f->folder, name, strerror(-error));
}

static int copy(const struct fetching *f, const char *from, const char *name)
{
    _cleanup_fd_ int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
    int r;

    out = openat(f->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (in < 0 || out < 0)
        return trouble(f, name, -errno);
    r = unpack_file(in, out, UINT64_MAX);
    return r < 0 ? trouble(f, name, r) : CTL_OK;
}

static int write_json(const struct fetching *f, const char *name, const json_t *value)
{
    _cleanup_free_ char *text = json_dumps(value, JSON_INDENT(2));
    int r = text ? io_replace(f->fd, name, text, strlen(text), 0600) : -ENOMEM;

    return r < 0 ? trouble(f, name, r) : CTL_OK;
}

static int copy_module(const struct fetching *f, const struct module *m)
{
    char name[ELF_BUILD_ID_TEXT + 16];
    int status = CTL_OK;

    if (!m->file && !m->debuginfo)
        return CTL_OK;
    if (mkdirat(f->fd, m->build_id, 0700) < 0 && errno != EEXIST)
        return trouble(f, m->build_id, -errno);
    snprintf(name, sizeof(name), "%s/executable", m->build_id);
    if (m->file && faccessat(f->fd, name, F_OK, 0) < 0)
        status = copy(f, m->file, name);
    snprintf(name, sizeof(name), "%s/debuginfo", m->build_id);
    if (status == CTL_OK && m->debuginfo && faccessat(f->fd, name, F_OK, 0) < 0)
        status = copy(f, m->debuginfo, name);
    return status;
}

static int get_event(struct fetching *f, const char *event, json_t **ret, const char **ret_fidelity)
{
    char path[128];
    int status;

    snprintf(path, sizeof(path), "/api/v1/events/%s", event);
    status = ask_get(f->cache.access, f->cache.c, path, ret);
    if (status == CTL_OK)
        *ret_fidelity = fidelity_name(fidelity_parse(str_from(
            json_string_value(json_object_get(json_object_get(*ret, "core"), "fidelity")))));
    return status;
}

/* A core is memory of somebody's process: it goes nowhere by accident. */
static int core_to_stdout(struct fetching *f, const char *event)
{
    _cleanup_json_ json_t *object = NULL;
    const char *fidelity = NULL;
    char core[PATH_MAX], block[65536];
    _cleanup_fd_ int fd = -1;
    int status, r = 0;
    ssize_t n;

    if (isatty(STDOUT_FILENO))
        return ctl_complain(CTL_USAGE, "a core is not for a terminal: send it into a file or pipe");
    status = get_event(f, event, &object, &fidelity);
    if (status == CTL_OK)
        status = cache_core(&f->cache, event, fidelity, core);
    if (status != CTL_OK)
        return status;
    fd = open(core, O_RDONLY | O_CLOEXEC);
    while (r == 0 && fd >= 0 && (n = io_read(fd, block, sizeof(block))) > 0)
        r = io_write(STDOUT_FILENO, block, (size_t)n);
    return r < 0 || fd < 0 ? ctl_complain(CTL_ERROR, "%s", strerror(r < 0 ? -r : errno)) : CTL_OK;
}

static int fill(struct fetching *f, const char *event)
{
    _cleanup_json_ json_t *object = NULL, *list = NULL;
    const char *fidelity = NULL;
    struct modules modules;
    char core[PATH_MAX];
    int status = get_event(f, event, &object, &fidelity);

    if (status == CTL_OK)
        status = cache_core(&f->cache, event, fidelity, core);
    if (status != CTL_OK)
        return status;
    modules = modules_of(object, &f->arena);
    status = modules_find(&modules, &f->cache, &f->arena);
    if (status != CTL_OK)
        return status;
    if (mkdir(f->folder, 0700) < 0)
        return ctl_complain(errno == EEXIST ? CTL_CONFLICT : CTL_ERROR,
                            "%s: %s: name another folder with -o", f->folder, strerror(errno));
    f->fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    status = f->fd < 0 ? trouble(f, "", -errno) : copy(f, core, "core");
    list = modules_json(&modules);
    if (status == CTL_OK)
        status = write_json(f, "event.json", object);
    if (status == CTL_OK)
        status = write_json(f, "modules.json", list);
    for (size_t i = 0; status == CTL_OK && i < modules.n; i++)
        status = copy_module(f, &modules.items[i]);
    if (status == CTL_OK && f->cache.access->output.format == OUTPUT_TEXT)
        modules_tell(&modules, false);
    return status;
}

static void print_folder(const struct access *a, const char *folder, const char *event)
{
    _cleanup_json_ json_t *result = json_pack("{s:s, s:s}", "event", event, "folder", folder);

    if (a->output.format == OUTPUT_TEXT)
        puts(folder);
    else
        output_json(&a->output, result);
}

static int run_fetch(struct access *access, const struct arguments *args)
{
    struct fetching f = {.cache.fd = -1, .fd = -1, .folder = args->option[FETCH_OUTPUT]};
    _cleanup_connection_ struct connection *c = access_dash(access);
    struct reference event;
    int status = reference_event(access, c, args->words[0], &event);
    bool core_only = f.folder && strcmp(f.folder, "-") == 0;

    if (status == CTL_OK)
        status = cache_open(access, c, &f.cache);
    if (status == CTL_OK && !f.folder)
        f.folder = event.id;
    if (status == CTL_OK)
        status = (core_only ? core_to_stdout : fill)(&f, event.id);
    if (status == CTL_OK && !core_only)
        print_folder(access, f.folder, event.id);
    if (f.fd >= 0)
        close(f.fd);
    cache_close(&f.cache);
    arena_fini(&f.arena);
    return status;
}

const struct verb verb_fetch = {
    .word = "fetch",
    .arguments = "EVENT",
    .help = "put core, modules and what is known of a crash into a folder",
    .run = run_fetch,
    .least = 1,
    .most = 1,
    .options = {[FETCH_OUTPUT] = {"-o", "DIR",
                                  "a new folder (default: the event's id); -: the "
                                  "core alone, to standard output"}},
};
