/* SPDX-License-Identifier: Apache-2.0 */
/* corralctl: what people type. This file is the table of verbs and how one of them is found. */
#include <stdio.h>
#include <string.h>

#include "client/ctl/verbs.h"
#include "common/base/version.h"

static const struct verb verbs[] = {
    {"submit", NULL,
     "CORE [--exe PROGRAM] [--host NAME] [--version V] [--package P] [--unit U] [--time T]",
     "send a core file and print the event's URL", verb_submit},
    {"status", NULL, "", "are the servers up and ready?", verb_status},
    {"client", "setup", "[--mode auto|pipe|socket] [--chain] [--dry-run] [--handler PROGRAM]",
     "have the kernel give this host's crashes to Corral, now and after a reboot",
     verb_client_setup},
    {"client", "disable", "", "have it do again what it did before", verb_client_disable},
    {"client", "status", "[--json]",
     "does this host hand its crashes to Corral, and is anything waiting?", verb_client_status},
    {"client", "test", "", "crash a process and wait until the dashboard shows it",
     verb_client_test},
};

static const char options_help[] =
    "\noptions, before the verb:\n"
    "  --server URL       dashboard (corral-dashd); else $CORRAL_URL\n"
    "  --ingest URL       corral-ingestd; else $CORRAL_INGEST_URL, else `server` of client.conf\n"
    "  --token-file FILE  API token; else $CORRAL_TOKEN, else `token_file` of client.conf\n"
    "  -c FILE            client.conf (default " SETTINGS_FILE ")\n"
    "  --version, --help\n"
    "\nexit status: 0 ok, 1 error, 2 wrong usage, 3 not found, 4 token not accepted,\n"
    "             6 server unreachable, 8 the check's answer is no\n";

static void print_help(FILE *to, const char *word)
{
    fprintf(to, "usage: corralctl [OPTION]... VERB [ARGUMENT]...\n\n");
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        const struct verb *v = &verbs[i];

        if (!word || strcmp(word, v->word) == 0)
            fprintf(to, "  corralctl %s%s%s%s%s\n      %s\n", v->word, v->second ? " " : "",
                    v->second ?: "", *v->arguments ? " " : "", v->arguments, v->help);
    }
    fputs(options_help, to);
}

static const struct verb *find_verb(int argc, char **argv)
{
    for (size_t i = 0; argc > 0 && i < ARRAY_SIZE(verbs); i++) {
        const struct verb *v = &verbs[i];

        if (strcmp(v->word, argv[0]) == 0 &&
            (!v->second || (argc > 1 && strcmp(v->second, argv[1]) == 0)))
            return v;
    }
    return NULL;
}

static bool known_word(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(verbs[i].word, word) == 0)
            return true;
    return false;
}

static int run(struct access *access, const struct verb *v, int argc, char **argv)
{
    int words = v->second ? 2 : 1, status = CTL_USAGE;

    if (access_complete(access) == 0)
        status = v->run(access, argc - words, argv + words);
    access_fini(access);
    return status;
}

int main(int argc, char **argv)
{
    struct access access;
    int first = access_options(argc, argv, &access);
    const struct verb *v;

    if (first < 0)
        return CTL_USAGE;
    argc -= first;
    argv += first;
    if (argc > 0 && strcmp(argv[0], "--version") == 0)
        return puts("corralctl " CORRAL_VERSION) < 0;
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "help") == 0)) {
        print_help(stdout, NULL);
        return CTL_OK;
    }
    v = find_verb(argc, argv);
    if (v)
        return run(&access, v, argc, argv);
    print_help(stderr, argc > 0 && known_word(argv[0]) ? argv[0] : NULL);
    return CTL_USAGE;
}
