/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/debug/debugger.h"

#include <string.h>

#include "common/base/str.h"

struct line {
    struct arena *a;
    char **argv;
    size_t n;
    bool full;
};

static void add(struct line *l, char *argument)
{
    if (l->n + 1 < DEBUGGER_ARGUMENTS_MAX)
        l->argv[l->n++] = argument;
    else
        l->full = true;
}

static void add_text(struct line *l, const char *argument)
{
    add(l, arena_strdup(l->a, argument));
}

static void add_gdb(struct line *l, const struct debugger_job *job)
{
    const char *const settings[] = {
        "set auto-load off",
        job->debuginfod ? "set debuginfod enabled on" : "set debuginfod enabled off",
        arena_printf(l->a, "set sysroot %s/root", job->session),
        arena_printf(l->a, "set solib-search-path %s/names", job->session),
        arena_printf(l->a, "set debug-file-directory %s/debug:/usr/lib/debug", job->session),
    };

    add_text(l, "-nx");
    add_text(l, "-q");
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        add_text(l, "-iex");
        add_text(l, settings[i]);
    }
    if (job->executable)
        add(l, arena_printf(l->a, "--exec=%s", job->executable)),
            add(l, arena_printf(l->a, "--symbols=%s", job->executable));
    add(l, arena_printf(l->a, "--core=%s", job->core));
}

static void add_lldb(struct line *l, const struct debugger_job *job)
{
    const char *const settings[] = {
        "settings set target.load-script-from-symbol-file false",
        "settings set target.load-cwd-lldbinit false",
        arena_printf(l->a, "settings set target.exec-search-paths %s/names", job->session),
        arena_printf(l->a, "settings set target.debug-file-search-paths %s/debug", job->session),
        arena_printf(l->a, "platform select --sysroot %s/root remote-linux", job->session),
    };

    add_text(l, "--no-lldbinit");
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        add_text(l, "-O");
        add_text(l, settings[i]);
    }
    add_text(l, "--core");
    add_text(l, job->core);
    if (job->executable) {
        add_text(l, "--file");
        add_text(l, job->executable);
    }
}

char **debugger_command(const struct debugger_job *job, struct arena *a)
{
    struct line l = {.a = a, .argv = arena_array(a, char *, DEBUGGER_ARGUMENTS_MAX)};
    struct str words = str_from(job->words), word;

    add_text(&l, job->program ? job->program : job->lldb ? "lldb" : "gdb");
    (job->lldb ? add_lldb : add_gdb)(&l, job);
    while (words.p && str_split(&words, ' ', &word))
        if (word.n > 0)
            add(&l, arena_strndup(a, word.p, word.n));
    for (int i = 0; i < job->n_rest; i++)
        add(&l, job->rest[i]);
    return l.full ? NULL : l.argv;
}
