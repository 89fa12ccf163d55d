/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl submit`: a core file that somebody has, for hosts without the handler and for crashes
 * of the past. */
#include <stdio.h>
#include <string.h>

#include "client/ctl/submission.h"
#include "client/ctl/verbs.h"
#include "common/report/jsontree.h"

enum { SUBMIT_EXE, SUBMIT_HOST, SUBMIT_VERSION, SUBMIT_PACKAGE, SUBMIT_UNIT, SUBMIT_TIME };

/* Options that are a field of the report. */
static const struct str fields[] = {
    [SUBMIT_HOST] = STR("hostname"),   [SUBMIT_VERSION] = STR("version"),
    [SUBMIT_PACKAGE] = STR("package"), [SUBMIT_UNIT] = STR("unit"),
    [SUBMIT_TIME] = STR("timestamp"),
};

static int set_fields(struct submission *s, const struct arguments *args)
{
    struct meta_error error;

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (fields[i].n > 0 && args->option[i] &&
            meta_set_field(&s->meta, &s->arena, fields[i], str_from(args->option[i]), &error) != 0)
            return ctl_complain(CTL_USAGE, "%s %s: %s", verb_submit.options[i].name,
                                args->option[i], error.message);
    return CTL_OK;
}

static void print_event(const struct access *a, const char *id)
{
    _cleanup_json_ json_t *result = NULL;

    if (a->output.format == OUTPUT_TEXT) {
        printf("%s/events/%s\n", a->dash_url, id);
        return;
    }
    result = json_pack("{s:s, s:s+++}", "id", id, "url", a->dash_url, "/events/", id, "");
    output_json(&a->output, result);
}

static int run_submit(struct access *access, const struct arguments *args)
{
    struct submission s;
    int status;

    submission_init(&s);
    s.core_path = args->words[0];
    s.program = args->option[SUBMIT_EXE];
    status = set_fields(&s, args);
    if (status == CTL_OK)
        status = submission_send(&s, access);
    if (status == CTL_OK)
        print_event(access, s.meta.crash_id);
    submission_fini(&s);
    return status;
}

const struct verb verb_submit = {
    .word = "submit",
    .arguments = "CORE",
    .help = "send a core file and print the event's URL",
    .run = run_submit,
    .least = 1,
    .most = 1,
    .options =
        {
            [SUBMIT_EXE] = {"--exe", "PROGRAM", "the program, if it is not where the core says"},
            [SUBMIT_HOST] = {"--host", "NAME", "the machine that it crashed on"},
            [SUBMIT_VERSION] = {"--version", "VERSION", "of the program"},
            [SUBMIT_PACKAGE] = {"--package", "PACKAGE", "that the program is of"},
            [SUBMIT_UNIT] = {"--unit", "UNIT", "of systemd"},
            [SUBMIT_TIME] = {"--time", "TIME", "of the crash: seconds since the epoch or RFC 3339"},
        },
};
