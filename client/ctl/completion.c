/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl completion`: what a shell needs to complete verbs and options, made of the tables that
 * the program itself reads; and `corralctl version`. */
#include <stdio.h>
#include <string.h>

#include "client/ctl/verbs.h"
#include "common/base/version.h"

/* --- What there is --- */

/* Calls fn with each option of a verb and, behind them, with those that every verb has. */
static void each_option(const struct verb *v,
                        void fn(const char *name, const char *value, const char *help))
{
    const char *name, *value, *help;

    for (size_t i = 0; v && i < VERB_OPTIONS_MAX && v->options[i].name; i++)
        fn(v->options[i].name, v->options[i].value, v->options[i].help);
    for (size_t i = 0; access_option(i, &name, &value, &help); i++)
        fn(name, value, help);
}

static bool first_of_word(size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(verbs[k]->word, verbs[i]->word) == 0)
            return false;
    return true;
}

static void print_words(void)
{
    for (size_t i = 0; i < n_verbs; i++)
        if (first_of_word(i))
            printf(" %s", verbs[i]->word);
}

static void print_seconds(const char *word)
{
    for (size_t i = 0; i < n_verbs; i++)
        if (verbs[i]->second && strcmp(verbs[i]->word, word) == 0)
            printf(" %s", verbs[i]->second);
}

static void print_name(const char *name, const char *value, const char *help)
{
    (void)value, (void)help;
    printf(" %s", name);
}

/* --- bash --- */

static void bash(void)
{
    printf("# corralctl(1) for bash: corralctl completion bash > "
           "/etc/bash_completion.d/corralctl\n"
           "_corralctl()\n{\n    local word=${COMP_WORDS[COMP_CWORD]} verb= second= i options\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n        case ${COMP_WORDS[i]} in\n"
           "        -*) ;;\n        *) if [ -z \"$verb\" ]; then verb=${COMP_WORDS[i]}; "
           "elif [ -z \"$second\" ]; then second=${COMP_WORDS[i]}; fi ;;\n        esac\n    done\n"
           "    case \"$verb $second\" in\n");
    for (size_t i = 0; i < n_verbs; i++) {
        const struct verb *v = verbs[i];

        if (v->second && first_of_word(i)) {
            printf("    '%s ') options='", v->word);
            print_seconds(v->word);
            printf("' ;;\n");
        }
        printf("    '%s %s'%s) options='", v->word, v->second ?: "", v->second ? "" : "*");
        each_option(v, print_name);
        printf("' ;;\n");
    }
    printf("    *) options='");
    print_words();
    printf("' ;;\n    esac\n    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n}\n"
           "complete -o default -F _corralctl corralctl\n");
}

/* --- zsh --- */

static void zsh(void)
{
    printf("#compdef corralctl\n# corralctl(1) for zsh: corralctl completion zsh > "
           "/usr/local/share/zsh/site-functions/_corralctl\n"
           "local -a options\nlocal verb=${words[2]} second=${words[3]}\n"
           "if ((CURRENT == 2)); then\n    compadd --");
    print_words();
    printf("\n    return\nfi\nif ((CURRENT == 3)); then\n    case $verb in\n");
    for (size_t i = 0; i < n_verbs; i++)
        if (verbs[i]->second && first_of_word(i)) {
            printf("    %s) compadd --", verbs[i]->word);
            print_seconds(verbs[i]->word);
            printf("; return ;;\n");
        }
    printf("    esac\nfi\ncase \"$verb $second\" in\n");
    for (size_t i = 0; i < n_verbs; i++) {
        printf("'%s %s'%s) options=(", verbs[i]->word, verbs[i]->second ?: "",
               verbs[i]->second ? "" : "*");
        each_option(verbs[i], print_name);
        printf(" ) ;;\n");
    }
    printf("esac\nif [[ ${words[CURRENT]} == -* ]]; then compadd -- $options; else _files; fi\n");
}

/* --- fish --- */

static void fish_option(const char *name, const char *value, const char *help)
{
    (void)help;
    printf("complete -c corralctl %s %s%s\n", name[1] == '-' ? "-l" : "-s",
           name + (name[1] == '-' ? 2 : 1), value ? " -r" : "");
}

static void fish(void)
{
    printf("# corralctl(1) for fish: corralctl completion fish > "
           "~/.config/fish/completions/corralctl.fish\n");
    for (size_t i = 0; i < n_verbs; i++) {
        const struct verb *v = verbs[i];

        if (first_of_word(i))
            printf("complete -c corralctl -n __fish_use_subcommand -a %s\n", v->word);
        if (v->second)
            printf("complete -c corralctl -n '__fish_seen_subcommand_from %s' -a %s\n", v->word,
                   v->second);
        for (size_t k = 0; k < VERB_OPTIONS_MAX && v->options[k].name; k++) {
            const char *name = v->options[k].name;

            printf("complete -c corralctl -n '__fish_seen_subcommand_from %s' %s %s%s\n",
                   v->second ?: v->word, name[1] == '-' ? "-l" : "-s",
                   name + (name[1] == '-' ? 2 : 1), v->options[k].value ? " -r" : "");
        }
    }
    each_option(NULL, fish_option);
}

static int run_completion(struct access *access, const struct arguments *args)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

    (void)access;
    for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
        if (strcmp(shells[i].name, args->words[0]) == 0) {
            shells[i].print();
            return CTL_OK;
        }
    return ctl_complain(CTL_USAGE, "completion is there for bash, zsh and fish");
}

const struct verb verb_completion = {
    .word = "completion",
    .arguments = "bash|zsh|fish",
    .help = "print what the shell needs to complete verbs and options",
    .run = run_completion,
    .least = 1,
    .most = 1,
};

/* --- version --- */

static int run_version(struct access *access, const struct arguments *args)
{
    (void)args;
    if (access->output.format == OUTPUT_TEXT)
        puts("corralctl " CORRAL_VERSION);
    else
        printf("{\"version\":\"%s\"}\n", CORRAL_VERSION);
    return CTL_OK;
}

const struct verb verb_version = {
    .word = "version",
    .arguments = "",
    .help = "print the version",
    .run = run_version,
};
