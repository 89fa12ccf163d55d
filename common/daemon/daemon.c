/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a daemon's life is the order of this file: options, configuration, start, wait,
 * stop. Signals are blocked before anything is started, so that every thread inherits the mask and
 * sigwait(3) here is the only one to see them. */
#include "common/daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#include "common/base/io.h"
#include "common/base/log.h"

enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_CONFIG = 78 };

struct options {
    const char *conf_path;
    bool conf_given, test;
    const struct daemon_mode *mode;
    int mode_argc;
    char **mode_argv;
};

static void print_help(const struct daemon *d)
{
    printf("%s %s\n%s\n\nusage: %s [-c FILE] [-t]\n", d->name, CORRAL_VERSION, d->summary, d->name);
    for (size_t i = 0; i < d->n_modes; i++)
        printf("       %s %s%s%s\n", d->name, d->modes[i].option, d->modes[i].argument ? " " : "",
               d->modes[i].argument ? d->modes[i].argument : "");
    printf("\n  -c FILE     configuration (default %s)\n"
           "  -t          test the configuration and exit\n"
           "  --version   print the version\n"
           "  --help      this text\n",
           d->default_conf);
    for (size_t i = 0; i < d->n_modes; i++)
        printf("  %-11s %s\n", d->modes[i].option, d->modes[i].help);
    printf("\nManual: %s(8)\n", d->name);
}

static int usage(const struct daemon *d, const char *what, const char *argument)
{
    fprintf(stderr, "%s: %s%s%s\nTry %s --help.\n", d->name, what, *argument ? " " : "", argument,
            d->name);
    return STATUS_USAGE;
}

static const struct daemon_mode *find_mode(const struct daemon *d, const char *option)
{
    for (size_t i = 0; i < d->n_modes; i++)
        if (strcmp(d->modes[i].option, option) == 0)
            return &d->modes[i];
    return NULL;
}

/* What follows a mode's option belongs to the mode, but for -c FILE, which is taken out in place.
 */
static int split_mode(const struct daemon *d, int argc, char **argv, int from, struct options *o)
{
    int kept = 0;

    o->mode_argv = argv + from;
    for (int i = from; i < argc; i++) {
        if (strcmp(argv[i], "-c") != 0) {
            o->mode_argv[kept++] = argv[i];
            continue;
        }
        if (++i >= argc)
            return usage(d, "-c needs a file", "");
        o->conf_path = argv[i];
        o->conf_given = true;
    }
    o->mode_argc = kept;
    return 0;
}

/* Returns -1 to go on, or the exit status. */
static int read_options(const struct daemon *d, int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(d);
            return 0;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("%s %s\n", d->name, CORRAL_VERSION);
            return 0;
        }
        if (strcmp(argv[i], "-t") == 0) {
            o->test = true;
        } else if (strcmp(argv[i], "-c") == 0) {
            if (++i >= argc)
                return usage(d, "-c needs a file", "");
            o->conf_path = argv[i];
            o->conf_given = true;
        } else if ((o->mode = find_mode(d, argv[i]))) {
            int r = split_mode(d, argc, argv, i + 1, o);

            return r ? r : -1;
        } else {
            return usage(d, "unknown argument", argv[i]);
        }
    }
    return -1;
}

/* Every daemon has the key log_level; what it means is the same for all. */
static const char *apply_log_level(const struct daemon *d)
{
    enum log_level level;

    for (size_t i = 0; i < d->n_keys; i++) {
        if (strcmp(d->keys[i].name, "log_level") != 0)
            continue;
        if (log_level_parse(*(char **)((char *)d->conf + d->keys[i].offset), &level) < 0)
            return "log_level must be error, warning, info or debug";
        log_set_level(level);
    }
    return NULL;
}

/* Returns -1 to go on, or the exit status. Only a mode may do without the default file. */
static int load_conf(const struct daemon *d, const struct options *o)
{
    struct conf_error error = {0};
    const char *wrong;
    int r;

    r = conf_load(d->keys, d->n_keys, o->conf_path, d->conf, &error);
    if (r == -ENOENT && o->mode && !o->conf_given)
        r = 0;
    if (r < 0 && error.line)
        fprintf(stderr, "%s: %s:%u: %s\n", d->name, o->conf_path, error.line, error.message);
    else if (r < 0)
        fprintf(stderr, "%s: %s: %s\n", d->name, o->conf_path, error.message);
    if (r < 0)
        return STATUS_CONFIG;
    wrong = apply_log_level(d);
    if (!wrong && d->check)
        wrong = d->check(d->conf);
    if (wrong) {
        fprintf(stderr, "%s: %s: %s\n", d->name, o->conf_path, wrong);
        return STATUS_CONFIG;
    }
    return -1;
}

static int serve(const struct daemon *d)
{
    sigset_t signals;
    int caught = 0, r;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    r = d->start();
    if (r < 0) {
        log_error("cannot start", LOG_STR("program", d->name), LOG_ERRNO(r));
        return STATUS_FAILED;
    }
    sd_notify(0, "READY=1");
    log_info("started", LOG_STR("program", d->name), LOG_STR("version", CORRAL_VERSION));
    while (sigwait(&signals, &caught) != 0)
        ;
    sd_notify(0, "STOPPING=1");
    log_info("stopping", LOG_STR("program", d->name), LOG_STR("signal", sigabbrev_np(caught)));
    d->stop();
    log_info("stopped", LOG_STR("program", d->name));
    return 0;
}

static int run(const struct daemon *d, const struct options *o)
{
    if (o->mode)
        return o->mode->run(o->mode_argc, o->mode_argv, d->conf);
    if (o->test) {
        fprintf(stderr, "%s: %s is valid\n", d->name, o->conf_path);
        return 0;
    }
    return serve(d);
}

int daemon_main(const struct daemon *d, int argc, char **argv)
{
    struct options o = {.conf_path = d->default_conf};
    int status;

    if (io_repair_stdio() < 0)
        return STATUS_FAILED;
    status = read_options(d, argc, argv, &o);
    if (status >= 0)
        return status;
    if (!o.mode || o.mode->needs_conf) {
        status = load_conf(d, &o);
        if (status >= 0)
            return status;
    }
    status = run(d, &o);
    if (!o.mode || o.mode->needs_conf)
        conf_fini(d->keys, d->n_keys, d->conf);
    return status;
}

void daemon_status(const char *format, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    sd_notifyf(0, "STATUS=%s", text);
}
