/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl debug`: a debugger on a crash of another machine, with the very files that crashed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "client/ctl/debug/cache.h"
#include "client/ctl/debug/debugger.h"
#include "client/ctl/debug/modules.h"
#include "client/ctl/debug/soname.h"
#include "client/ctl/debug/sysroot.h"
#include "client/ctl/server/ask.h"
#include "client/ctl/server/reference.h"
#include "common/report/fidelity.h"

extern char **environ;

enum {
    DEBUG_LLDB,
    DEBUG_DEBUGGER,
    DEBUG_ARGUMENTS,
    DEBUG_DEBUGINFOD,
    DEBUG_PRINT_COMMAND,
    DEBUG_QUIET,
};

struct debugging {
    struct arena arena;
    const struct arguments *args;
    struct cache cache;
    struct modules modules;
    struct sysroot sysroot;
    char core[PATH_MAX];
};

/* --- The folder that the debugger is shown --- */

static void show_names(struct debugging *d, const struct module *m)
{
    const char *slash = strrchr(m->path, '/');
    _cleanup_fd_ int fd = open(m->file, O_RDONLY | O_CLOEXEC);
    char name[NAME_MAX + 1];
    int n = sysroot_path_length(slash + 1);

    snprintf(name, sizeof(name), "%.*s", n, slash + 1);
    (void)sysroot_add_name(&d->sysroot, name, m->file);
    if (fd >= 0 && soname_read(fd, name))
        (void)sysroot_add_name(&d->sysroot, name, m->file);
}

static int show_modules(struct debugging *d)
{
    int r = sysroot_new(d->cache.path, &d->sysroot);

    if (r < 0)
        return ctl_complain(CTL_ERROR, "%s: %s", d->cache.path, strerror(-r));
    for (size_t i = 0; i < d->modules.n; i++) {
        const struct module *m = &d->modules.items[i];

        if (m->debuginfo)
            (void)sysroot_add_debug(&d->sysroot, m->build_id, m->debuginfo);
        if (!m->file)
            continue;
        if (!sysroot_add(&d->sysroot, m->path, m->file))
            ctl_complain(0, "the path of %.12s cannot be shown to a debugger", m->build_id);
        if (!m->program)
            show_names(d, m);
    }
    return CTL_OK;
}

/* --- The debugger --- */

static char **command_of(struct debugging *d)
{
    const struct module *first = d->modules.n > 0 ? &d->modules.items[0] : NULL;
    struct debugger_job job = {
        .lldb = d->args->option[DEBUG_LLDB] != NULL,
        .debuginfod = d->args->option[DEBUG_DEBUGINFOD] != NULL,
        .program = d->args->option[DEBUG_DEBUGGER],
        .session = d->sysroot.path,
        .executable = first && first->program ? first->file : NULL,
        .core = d->core,
        .words = d->args->option[DEBUG_ARGUMENTS],
        .rest = d->args->rest,
        .n_rest = d->args->n_rest,
    };

    return debugger_command(&job, &d->arena);
}

static void print_command(char **argv)
{
    for (; *argv; argv++)
        printf("'%s'%c", *argv, argv[1] ? ' ' : '\n');
}

/* Ctrl-C is the debugger's while it runs. */
static int run_command(char **argv)
{
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    pid_t child;
    int how = 0, r;

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    sigaction(SIGINT, &ignored, &before);
    r = posix_spawnp(&child, argv[0], NULL, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    if (r == 0)
        while (waitpid(child, &how, 0) < 0 && errno == EINTR)
            ;
    sigaction(SIGINT, &before, NULL);
    if (r != 0)
        return ctl_complain(CTL_ERROR, "%s cannot be started: %s (is it installed?)", argv[0],
                            strerror(r));
    return WIFEXITED(how) && WEXITSTATUS(how) == 0 ? CTL_OK : CTL_ERROR;
}

static int print_plan(const struct debugging *d, char **argv)
{
    const struct access *a = d->cache.access;
    _cleanup_json_ json_t *plan =
        json_pack("{s:s, s:o}", "core", d->core, "modules", modules_json(&d->modules));
    json_t *command = json_array();

    for (; *argv; argv++)
        json_array_append_new(command, json_string(*argv));
    json_object_set_new(plan, "command", command);
    output_json(&a->output, plan);
    return CTL_OK;
}

static int start(struct debugging *d, bool *ret_keep)
{
    char **argv = command_of(d);

    if (!argv)
        return ctl_complain(CTL_USAGE, "too many arguments for the debugger");
    *ret_keep = d->args->option[DEBUG_PRINT_COMMAND] != NULL ||
                d->cache.access->output.format != OUTPUT_TEXT;
    if (d->cache.access->output.format != OUTPUT_TEXT)
        return print_plan(d, argv);
    if (*ret_keep) {
        print_command(argv);
        return CTL_OK;
    }
    fflush(stdout);
    return run_command(argv);
}

/* --- The verb --- */

static int fetch_all(struct debugging *d, const char *event)
{
    _cleanup_json_ json_t *object = NULL;
    const char *fidelity;
    char path[128];
    int status;

    snprintf(path, sizeof(path), "/api/v1/events/%s", event);
    status = ask_get(d->cache.access, d->cache.c, path, &object);
    if (status != CTL_OK)
        return status;
    fidelity = fidelity_name(fidelity_parse(
        str_from(json_string_value(json_object_get(json_object_get(object, "core"), "fidelity")))));
    status = cache_core(&d->cache, event, fidelity, d->core);
    if (status != CTL_OK)
        return status;
    d->modules = modules_of(object, &d->arena);
    if (d->modules.n == 0)
        ctl_complain(0, "the event names no module with a build-id: the debugger gets the core "
                        "alone");
    return modules_find(&d->modules, &d->cache, &d->arena);
}

static int debug(struct debugging *d, const char *event)
{
    bool keep = false;
    int status = fetch_all(d, event);

    if (status == CTL_OK && !d->args->option[DEBUG_QUIET])
        modules_tell(&d->modules, d->args->option[DEBUG_DEBUGINFOD] != NULL);
    if (status == CTL_OK)
        status = show_modules(d);
    if (status == CTL_OK)
        status = start(d, &keep);
    if (!keep)
        sysroot_free(&d->sysroot);
    return status;
}

static int run_debug(struct access *access, const struct arguments *args)
{
    struct debugging d = {.args = args, .cache.fd = -1, .sysroot.fd = -1};
    _cleanup_connection_ struct connection *c = access_dash(access);
    struct reference event;
    int status = reference_event(access, c, args->words[0], &event);

    if (status == CTL_OK)
        status = cache_open(access, c, &d.cache);
    if (status == CTL_OK)
        status = debug(&d, event.id);
    cache_close(&d.cache);
    arena_fini(&d.arena);
    return status;
}

const struct verb verb_debug = {
    .word = "debug",
    .arguments = "EVENT [-- ARGUMENT...]",
    .help = "start a debugger on a crash, with the very files that crashed",
    .run = run_debug,
    .least = 1,
    .most = 1,
    .takes_rest = true,
    .options =
        {
            [DEBUG_LLDB] = {"--lldb", NULL, "lldb instead of gdb"},
            [DEBUG_DEBUGGER] = {"--debugger", "PROGRAM", "another gdb or lldb"},
            [DEBUG_ARGUMENTS] = {"-A", "ARGUMENTS", "for the debugger; or behind --"},
            [DEBUG_DEBUGINFOD] = {"--debuginfod", NULL,
                                  "let gdb ask $DEBUGINFOD_URLS for the rest"},
            [DEBUG_PRINT_COMMAND] = {"--print-command", NULL, "fetch, and print what would be run"},
            [DEBUG_QUIET] = {"--quiet", NULL, "not a word about modules"},
        },
};
