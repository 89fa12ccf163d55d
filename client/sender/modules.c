/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/modules.h"

#include <fcntl.h>
#include <string.h>

#include "client/spool/shelf.h"
#include "common/base/log.h"
#include "common/core/elf.h"
#include "common/report/limits.h"

static const char *const kind_names[SHELF_KIND_COUNT] = {
    [SHELF_EXECUTABLE] = "executable",
    [SHELF_UNWIND] = "unwind",
    [SHELF_DEBUGINFO] = "debuginfo",
};

static enum shelf_kind kind_of(const struct shipper *s)
{
    return strcmp(s->settings->modules, "unwind") == 0 ? SHELF_UNWIND : SHELF_EXECUTABLE;
}

static bool offers_modules(const struct shipper *s)
{
    return strcmp(s->settings->modules, "none") != 0;
}

/* A file that is done with: the server has it, or will never take it. */
static int settle(const struct shipper *s, const char *build_id, enum shelf_kind kind,
                  const struct upload *u)
{
    if (u->verdict == UPLOAD_REFUSED)
        log_warning("the server refused a module", LOG_STR("build_id", build_id),
                    LOG_STR("kind", kind_names[kind]), LOG_INT("status", u->status),
                    LOG_STR("detail", u->detail));
    if (u->verdict != UPLOAD_DONE && u->verdict != UPLOAD_REFUSED)
        return 0;
    return shelf_mark_known(s->spool, build_id, kind);
}

/* --- Executables and sidecars --- */

/* The file of that name, if it still is the one that crashed. Its path is what the crashed process
 * mapped. */
static int open_original(const struct module_list *l, const char *build_id)
{
    for (size_t i = 0; i < l->meta->n_modules; i++) {
        const struct meta_module *m = &l->meta->modules[i];
        char found[ELF_BUILD_ID_TEXT];
        _cleanup_fd_ int fd = -1;

        if (!m->build_id || strcmp(m->build_id, build_id) != 0 || !m->path || m->path[0] != '/')
            continue;
        fd = open(m->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0 && elf_build_id_fd(fd, found) == 0 && strcmp(found, build_id) == 0)
            return TAKE_FD(fd);
    }
    return -1;
}

/* What the server asked for, and a marker says it has. Either it was sent for another crash, or
 * before an interruption (or the server asks for an executable on top of a sidecar that it has), or
 * the marker is wrong: then it goes, and the next crash shall make a copy again. */
static int ask_again(const struct module_list *l, const char *build_id, enum shelf_kind kind,
                     struct upload *u, bool *ret_has)
{
    const struct shipper *s = l->shipper;
    bool has = false;
    int r = upload_asks_module(s->connection, build_id, kind_names[kind], l->arena, u, &has);

    if (r == 0 && !has && u->verdict == UPLOAD_DONE)
        r = shelf_unmark_known(s->spool, build_id, kind);
    if (r == 0)
        *ret_has = has;
    return r;
}

static int send_module(const struct module_list *l, const char *build_id, struct upload *u)
{
    const struct shipper *s = l->shipper;
    enum shelf_kind kind = kind_of(s);
    _cleanup_fd_ int fd = -1;
    bool has = false;
    int r = shelf_open(s->spool, build_id, kind, &fd);

    if (r > 0 && shelf_knows(s->spool, build_id, kind)) {
        r = ask_again(l, build_id, kind, u, &has);
        if (has || u->verdict != UPLOAD_DONE)
            return r;
    }
    if (r < 0)
        return r;
    if (fd < 0 && kind == SHELF_EXECUTABLE)
        fd = open_original(l, build_id);
    if (fd < 0)
        return 0;
    r = upload_module(s->connection, build_id, kind_names[kind], fd, l->arena, u);
    return r < 0 ? r : settle(s, build_id, kind, u);
}

int modules_send(const struct module_list *l, struct str wanted, struct upload *u)
{
    struct str line;

    u->verdict = UPLOAD_DONE;
    while (offers_modules(l->shipper) && str_split(&wanted, '\n', &line)) {
        int r;

        if (!hex_valid(line, BUILD_ID_TEXT_SIZE - 1))
            continue;
        if (shipper_is_urgent(l->shipper))
            return MODULES_LATER;
        u->verdict = UPLOAD_DONE;
        r = send_module(l, arena_strndup(l->arena, line.p, line.n), u);
        if (r < 0)
            return r;
        if (u->verdict != UPLOAD_DONE && u->verdict != UPLOAD_REFUSED)
            return 0;
    }
    u->verdict = UPLOAD_DONE;
    return 0;
}

static bool is_wanted(const struct answer *answer, const char *build_id)
{
    for (size_t i = 0; i < answer->n_modules; i++)
        if (strcmp(answer->modules[i], build_id) == 0)
            return true;
    return false;
}

void modules_mark_known(const struct module_list *l, const struct answer *answer)
{
    const struct shipper *s = l->shipper;

    if (answer->n_modules >= META_WANTED_MAX || !offers_modules(s))
        return;
    for (size_t i = 0; i < l->meta->n_modules; i++) {
        const struct meta_module *m = &l->meta->modules[i];

        if (m->build_id && m->offered && !is_wanted(answer, m->build_id))
            (void)shelf_mark_known(s->spool, m->build_id, kind_of(s));
    }
}
