/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/oneshot/oneshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/core/elf.h"
#include "common/report/backtrace.h"
#include "common/report/limits.h"
#include "common/report/prefixes.h"

enum { EXIT_NO_STACK = 1, EXIT_USAGE = 2 };

#define REPEAT_MAX 1000000u

static const char usage[] =
    "usage: corral-workerd --analyse CORE [--exe FILE] [--sysroot DIR] [--debuginfo DIR]...\n"
    "                      [--store DIR] [--cache DIR] [--engine corral|libdwfl]\n"
    "                      [--source-prefix FROM=TO[:FROM=TO...]] [--variables]\n"
    "                      [--format text|json]\n"
    "  CORE             an ELF core, or one compressed with zstd\n"
    "  --exe FILE       the program that crashed; default: by its path in the core\n"
    "  --sysroot DIR    below which the paths in the core are looked for; default: /\n"
    "  --debuginfo DIR  further folder (or file) of debug information; /usr/lib/debug of the\n"
    "                   sysroot is always looked at\n"
    "  --store DIR      a server's data folder, for modules by build-id\n"
    "  --cache DIR      folder where the indexes of modules are kept, \"\" for none; default:\n"
    "                   $CORRAL_CACHE, or corral below $XDG_CACHE_HOME or ~/.cache\n"
    "  --engine ENGINE  corral (default), or libdwfl: slower, and not behind a sandbox\n"
    "  --source-prefix  how the folders of source files that the compiler wrote are called here\n"
    "  --variables      arguments and local variables of the crashed thread's frames as well\n"
    "  --format FORMAT  text (default), or json\n";

static const char *add_debug_folder(struct oneshot *c, const char *folder)
{
    if (c->sources.n_debug_folders == ONESHOT_DEBUG_FOLDERS_MAX)
        return "too many --debuginfo folders";
    c->debug_folders[c->sources.n_debug_folders++] = folder;
    return NULL;
}

/* For measurements. */
static const char *set_repeat(struct oneshot *c, const char *value)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);

    if (*end != '\0' || n == 0 || n > REPEAT_MAX)
        return "a number of times, please";
    c->repeat = (unsigned)n;
    return NULL;
}

/* Returns what is wrong with it, or NULL. */
static const char *set_option(struct oneshot *c, const char *option, const char *value)
{
    const struct {
        const char *name, **target;
    } texts[] = {
        {"--exe", &c->sources.executable},
        {"--sysroot", &c->sources.sysroot},
        {"--store", &c->store},
        {"--cache", &c->cache},
        {"--engine", &c->engine},
        {"--source-prefix", &c->prefixes},
        {"--format", &c->format},
    };

    if (!value)
        return "this option needs a value";
    if (strcmp(option, "--debuginfo") == 0)
        return add_debug_folder(c, value);
    if (strcmp(option, "--repeat") == 0)
        return set_repeat(c, value);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (strcmp(option, texts[i].name) == 0) {
            *texts[i].target = value;
            return NULL;
        }
    }
    return "unknown option";
}

static bool complain(const char *subject, const char *what)
{
    fprintf(stderr, "corral-workerd --analyse: %s: %s\n", subject, what);
    return false;
}

static bool parse_arguments(int argc, char **argv, struct oneshot *ret)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--variables") == 0) {
            ret->variables = true;
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            const char *wrong = set_option(ret, argv[i], i + 1 < argc ? argv[i + 1] : NULL);

            if (wrong)
                return complain(argv[i], wrong);
            i++;
        } else if (ret->core) {
            return complain(argv[i], "one core at a time");
        } else {
            ret->core = argv[i];
        }
    }
    if (!ret->core)
        return complain("CORE", "missing");
    if (strcmp(ret->format, "text") != 0 && strcmp(ret->format, "json") != 0)
        return complain(ret->format, "the format is text or json");
    if (strcmp(ret->engine, "corral") != 0 && strcmp(ret->engine, "libdwfl") != 0)
        return complain(ret->engine, "the engine is corral or libdwfl");
    return true;
}

static bool has_stack(const struct analysis *an)
{
    return an->n_threads > 0 && an->threads[0].n_frames > 0;
}

static int print_analysis(const struct oneshot *c, const struct analysis *an)
{
    bool json = strcmp(c->format, "json") == 0;
    _cleanup_buf_ struct buf b;

    buf_init(&b, json ? ANALYSIS_JSON_MAX : BACKTRACE_MAX);
    if (json) {
        analysis_format(an, &b);
        buf_addc(&b, '\n');
    } else if (has_stack(an)) {
        backtrace_format(an, &b);
    }
    int r = buf_error(&b);

    if (r == 0)
        r = io_write(STDOUT_FILENO, buf_text(&b), b.len);
    if (r < 0) {
        complain("standard output", strerror(-r));
        return EXIT_NO_STACK;
    }
    if (has_stack(an))
        return 0;
    complain(c->core, an->problem ? an->problem : "no stack could be made");
    return EXIT_NO_STACK;
}

/* A program of another build is not used; people should know why they see no names. */
static void check_executable(const struct oneshot *c, const struct analysis *an)
{
    char found[ELF_BUILD_ID_TEXT];

    if (!c->sources.executable || !an->executable)
        return;
    _cleanup_fd_ int fd = open(c->sources.executable, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        complain(c->sources.executable, strerror(errno));
        return;
    }
    if (elf_build_id_fd(fd, found) != 0)
        return;
    for (size_t i = 0; i < an->n_modules; i++) {
        const struct module *m = &an->modules[i];

        if (strcmp(m->path, an->executable) == 0 && m->build_id && strcmp(m->build_id, found) != 0)
            complain(c->sources.executable,
                     "not used: it is of another build than the core's program");
    }
}

static int run(struct oneshot *c, oneshot_analyse *analyse)
{
    _cleanup_fd_ int core = open(c->core, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    _cleanup_arena_ struct arena arena = ARENA_INIT(0);
    struct prefixes prefixes = {.n = 0};
    struct analysis an;

    if (c->prefixes && prefixes_parse(c->prefixes, &arena, &prefixes) < 0) {
        complain(c->prefixes, "not FROM=TO[:FROM=TO...] of absolute paths");
        return EXIT_USAGE;
    }
    if (core < 0) {
        complain(c->core, strerror(errno));
        return EXIT_NO_STACK;
    }
    int r = analyse(c, core, &arena, &an);

    if (r < 0) {
        complain(c->core, strerror(-r));
        return EXIT_NO_STACK;
    }
    prefixes_apply(&prefixes, &an, &arena);
    check_executable(c, &an);
    return print_analysis(c, &an);
}

int oneshot_main(int argc, char **argv, oneshot_analyse *analyse)
{
    struct oneshot c = {
        .format = "text",
        .engine = "corral",
        .repeat = 1,
        .sources = {.local = true, .sysroot = "/"},
    };

    if (!parse_arguments(argc - 1, argv + 1, &c)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    c.sources.debug_folders = c.debug_folders;
    if (c.store) {
        int r = blob_open(c.store, false, &c.sources.store);

        if (r < 0) {
            complain(c.store, strerror(-r));
            return EXIT_NO_STACK;
        }
    }
    int status = run(&c, analyse);

    blob_close(c.sources.store);
    return status;
}
