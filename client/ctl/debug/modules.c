/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/debug/modules.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/debug/sysroot.h"
#include "client/ctl/output/text.h"
#include "common/base/id.h"
#include "common/core/elf.h"
#include "common/core/features.h"

/* --- Which --- */

static bool known(const struct modules *m, const char *path, const char *build_id)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->items[i].path, path) == 0 && strcmp(m->items[i].build_id, build_id) == 0)
            return true;
    return false;
}

static void add_list(struct modules *m, const json_t *list, const char *program, struct arena *a)
{
    const json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        const char *path = json_string_value(json_object_get(row, "path"));
        const char *build_id = json_string_value(json_object_get(row, "build_id"));

        if (m->n == MODULES_MAX || !path || path[0] != '/' || !build_id ||
            !hex_valid(str_from(build_id), 2 * ELF_BUILD_ID_MAX) || strlen(build_id) < 4 ||
            known(m, path, build_id))
            continue;
        m->items[m->n++] = (struct module){
            .path = arena_strdup(a, path),
            .build_id = arena_strdup(a, build_id),
            .program = program && strncmp(path, program, strlen(program)) == 0 &&
                       (int)strlen(program) == sysroot_path_length(path),
        };
    }
}

static void program_first(struct modules *m)
{
    for (size_t i = 1; i < m->n; i++)
        if (m->items[i].program) {
            struct module program = m->items[i];

            memmove(m->items + 1, m->items, i * sizeof(*m->items));
            m->items[0] = program;
            return;
        }
}

struct modules modules_of(const json_t *event, struct arena *a)
{
    const json_t *meta = json_object_get(event, "meta");
    const json_t *analysis = json_object_get(event, "analysis");
    const char *program = json_string_value(json_object_get(meta, "executable"))
                              ?: json_string_value(json_object_get(event, "executable"));
    struct modules m = {.items = arena_array(a, struct module, MODULES_MAX)};

    add_list(&m, json_object_get(meta, "modules"), program, a);
    add_list(&m, json_object_get(analysis, "modules"), program, a);
    program_first(&m);
    return m;
}

/* --- Where --- */

/* The path is a stranger's: whatever lies there is only looked at, and only the very build will do.
 */
static bool find_here(struct module *m, struct arena *a)
{
    const char *path = arena_strndup(a, m->path, (size_t)sysroot_path_length(m->path));
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char own[ELF_BUILD_ID_TEXT];

    if (fd < 0 || elf_build_id_fd(fd, own) != 0 || strcmp(own, m->build_id) != 0)
        return false;
    m->file = path;
    m->origin = ORIGIN_HOST;
    return true;
}

static bool has_debug(const char *path)
{
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned features;
    uint16_t type;

    return fd >= 0 && features_read(fd, &features, &type) == 0 && (features & FEATURE_DEBUG);
}

static int find_one(struct module *m, struct cache *cache, struct arena *a)
{
    char path[PATH_MAX];
    int status = CTL_OK;

    if (!find_here(m, a)) {
        status = cache_module(cache, m->build_id, "executable", path);
        if (status == CTL_OK) {
            m->file = arena_strdup(a, path);
            m->origin = ORIGIN_SERVER;
        }
    }
    if (status != CTL_OK && status != CTL_NOT_FOUND)
        return status;
    m->has_debug = m->file && has_debug(m->file);
    if (m->has_debug)
        return CTL_OK;
    status = cache_module(cache, m->build_id, "debuginfo", path);
    if (status == CTL_OK)
        m->debuginfo = arena_strdup(a, path);
    return status == CTL_NOT_FOUND ? CTL_OK : status;
}

int modules_find(struct modules *m, struct cache *cache, struct arena *a)
{
    int status = CTL_OK;

    for (size_t i = 0; i < m->n && status == CTL_OK; i++)
        status = find_one(&m->items[i], cache, a);
    return status;
}

/* --- What is said --- */

static const char *origin_words(enum module_origin o)
{
    static const char *const words[] = {
        [ORIGIN_NONE] = "not on the server, which may hold no more than what unwinding takes",
        [ORIGIN_SERVER] = "from the server",
        [ORIGIN_HOST] = "this host's own",
    };

    return words[o];
}

static const char *debug_words(const struct module *m, bool debuginfod)
{
    if (m->has_debug)
        return "with debug information";
    if (m->debuginfo)
        return "debug information from the server";
    return debuginfod ? "debug information if $DEBUGINFOD_URLS have it"
                      : "no debug information on the server";
}

void modules_tell(const struct modules *m, bool debuginfod)
{
    bool missing = false;

    for (size_t i = 0; i < m->n; i++) {
        const struct module *one = &m->items[i];
        _cleanup_buf_ struct buf path = BUF_INIT(8 * PATH_MAX);

        text_add_visible(&path, str_from(one->path));
        fprintf(stderr, "%.12s  %s: %s; %s\n", one->build_id, buf_text(&path),
                origin_words(one->origin), debug_words(one, debuginfod));
        missing |= !one->file;
    }
    if (missing && !debuginfod)
        ctl_complain(0, "frames in files that are not there may end a stack early: send them with "
                        "`corralctl symbols upload` from a machine that has them, or let gdb ask "
                        "$DEBUGINFOD_URLS with --debuginfod");
}

json_t *modules_json(const struct modules *m)
{
    static const char *const origins[] = {
        [ORIGIN_NONE] = "none", [ORIGIN_SERVER] = "server", [ORIGIN_HOST] = "host"};
    json_t *list = json_array();

    for (size_t i = 0; i < m->n; i++) {
        const struct module *one = &m->items[i];

        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:b}", "build_id", one->build_id, "path",
                            one->path, "origin", origins[one->origin], "file", one->file,
                            "debuginfo", one->debuginfo, "has_debug_information", one->has_debug));
    }
    return list;
}
