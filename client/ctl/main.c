/* SPDX-License-Identifier: Apache-2.0 */
/* corralctl: what people type. How a verb is found, and the help. */
#include <stdio.h>
#include <string.h>

#include "client/ctl/verbs.h"

static const char after_help[] =
    "\nEVENT is an event's id or a group's (then its latest event with a stack), GROUP a group's;\n"
    "either may be the address of its page, of which the server's name is not used.\n"
    "\nexit status: 0 ok, 1 error, 2 wrong usage, 3 not found or nothing matches, 4 token not\n"
    "             accepted, 5 conflict, 6 server unreachable, 7 --wait took too long,\n"
    "             8 the check's answer is no\n";

static void print_option(FILE *to, const char *name, const char *value, const char *help)
{
    fprintf(to, "  %s%s%-*s  %s\n", name, value ? " " : "",
            (int)(20 - strlen(name) - (value ? 1 : 0)), value ?: "", help);
}

static void print_verb(FILE *to, const struct verb *v)
{
    fprintf(to, "  %s%s%s%s%s\n      %s\n", v->word, v->second ? " " : "", v->second ?: "",
            *v->arguments ? " " : "", v->arguments, v->help);
}

static void print_help(FILE *to, const char *word)
{
    const char *name, *value, *help;

    fprintf(to, "usage: corralctl VERB [ARGUMENT]... [OPTION]...\n\n");
    for (size_t i = 0; i < n_verbs; i++)
        if (!word || strcmp(word, verbs[i]->word) == 0)
            print_verb(to, verbs[i]);
    fprintf(to, "\noptions of every verb (corralctl VERB --help shows its own):\n");
    for (size_t i = 0; access_option(i, &name, &value, &help); i++)
        print_option(to, name, value, help);
    print_option(to, "--version", NULL, "of corralctl");
    fputs(after_help, to);
}

static void print_verb_help(const struct verb *v)
{
    printf("usage: corralctl %s%s%s%s%s%s\n\n%s.\n", v->word, v->second ? " " : "", v->second ?: "",
           *v->arguments ? " " : "", v->arguments, v->options[0].name ? " [OPTION]..." : "",
           v->help);
    if (v->options[0].name)
        printf("\n");
    for (size_t i = 0; i < VERB_OPTIONS_MAX && v->options[i].name; i++)
        print_option(stdout, v->options[i].name, v->options[i].value, v->options[i].help);
    printf("\nSee corralctl(1) for more, and corralctl --help for the options of every verb.\n");
}

static const struct verb *find_verb(int argc, char **argv)
{
    for (size_t i = 0; argc > 0 && i < n_verbs; i++) {
        const struct verb *v = verbs[i];

        if (strcmp(v->word, argv[0]) == 0 &&
            (!v->second || (argc > 1 && strcmp(v->second, argv[1]) == 0)))
            return v;
    }
    return NULL;
}

static bool known_word(const char *word)
{
    for (size_t i = 0; i < n_verbs; i++)
        if (strcmp(verbs[i]->word, word) == 0)
            return true;
    return false;
}

static int run(struct access *access, const struct verb *v, int argc, char **argv)
{
    int words = v->second ? 2 : 1, status;
    struct arguments arguments;

    status = arguments_read(v, argc - words, argv + words, &arguments);
    if (status == CTL_OK && access_complete(access) < 0)
        status = CTL_USAGE;
    if (status == CTL_OK)
        status = v->run(access, &arguments);
    access_fini(access);
    return status;
}

static int no_verb(int argc, char **argv)
{
    if (argc > 0 && !known_word(argv[0]))
        return ctl_complain(CTL_USAGE, "there is no verb %s: see corralctl --help", argv[0]);
    print_help(stderr, argc > 0 ? argv[0] : NULL);
    return CTL_USAGE;
}

int main(int argc, char **argv)
{
    static char version_word[] = "version";
    struct access access;
    const struct verb *v;
    int status, r;

    if (access_options(&argc, argv, &access) < 0)
        return CTL_USAGE;
    argc--;
    argv++;
    if (argc > 0 && strcmp(argv[0], "--version") == 0)
        argv[0] = version_word;
    v = find_verb(argc, argv);
    if (access.help && v)
        status = (print_verb_help(v), CTL_OK);
    else if (access.help || (argc > 0 && strcmp(argv[0], "help") == 0))
        status = (print_help(stdout, argc > 0 && known_word(argv[0]) ? argv[0] : NULL), CTL_OK);
    else
        status = v ? run(&access, v, argc, argv) : no_verb(argc, argv);
    r = output_finish();
    if (r < 0 && status == CTL_OK)
        status = ctl_complain(CTL_ERROR, "standard output: %s", strerror(-r));
    return status;
}
