/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/verbs.h"
#include "common/base/str.h"

int ctl_complain(int status, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fputs("corralctl: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    return status;
}

/* The option's place in the table, -1. "--name=value" is "--name" with *ret_value at the value. */
static int find_option(const struct verb *v, const char *text, const char **ret_value)
{
    size_t n = strcspn(text, "=");

    for (int i = 0; i < VERB_OPTIONS_MAX && v->options[i].name; i++)
        if (strlen(v->options[i].name) == n && strncmp(v->options[i].name, text, n) == 0) {
            *ret_value = text[n] ? text + n + 1 : NULL;
            return i;
        }
    return -1;
}

/* One option at argv[0]; returns how many arguments it is, or -1. */
static int read_option(const struct verb *v, int argc, char **argv, struct arguments *args)
{
    const char *value = NULL;
    int i = find_option(v, argv[0], &value);

    if (i < 0)
        return ctl_complain(-1, "%s%s%s has no option %s: see its --help", v->word,
                            v->second ? " " : "", v->second ?: "", argv[0]);
    if (!v->options[i].value) {
        if (value)
            return ctl_complain(-1, "%s takes no value", v->options[i].name);
        args->option[i] = "";
        return 1;
    }
    if (!value && argc < 2)
        return ctl_complain(-1, "%s needs a value", v->options[i].name);
    args->option[i] = value ?: argv[1];
    return value ? 1 : 2;
}

static int count_words(const struct verb *v, const struct arguments *args)
{
    if (args->n_words >= v->least && (v->most < 0 || args->n_words <= v->most))
        return CTL_OK;
    if (args->n_words < v->least)
        return ctl_complain(CTL_USAGE, "%s%s%s needs %s: see its --help", v->word,
                            v->second ? " " : "", v->second ?: "", v->arguments);
    return ctl_complain(CTL_USAGE, "%s%s%s does not take so many arguments: %s", v->word,
                        v->second ? " " : "", v->second ?: "", args->words[v->most]);
}

int arguments_read(const struct verb *verb, int argc, char **argv, struct arguments *ret)
{
    struct arguments args = {.words = argv};
    int i = 0;

    while (i < argc) {
        int n = 1;

        if (strcmp(argv[i], "--") == 0) {
            args.rest = argv + i + 1;
            args.n_rest = argc - i - 1;
            break;
        }
        /* A lone dash is a file's name for standard input. */
        if (argv[i][0] == '-' && argv[i][1] != '\0')
            n = read_option(verb, argc - i, argv + i, &args);
        else
            argv[args.n_words++] = argv[i];
        if (n < 0)
            return CTL_USAGE;
        i += n;
    }
    if (!verb->takes_rest && args.n_rest > 0) { /* then `--` only ends the options */
        memmove(argv + args.n_words, args.rest, (size_t)args.n_rest * sizeof(*argv));
        args.n_words += args.n_rest;
        args.n_rest = 0;
    }
    *ret = args;
    return count_words(verb, &args);
}

long arguments_number(const char *name, const char *text, long standard, long max)
{
    uint64_t n;

    if (!text)
        return standard;
    if (str_to_u64(str_from(text), (uint64_t)max, &n) == 0 && n > 0)
        return (long)n;
    return ctl_complain(-1, "%s must be a number from 1 to %ld: %s", name, max, text);
}
