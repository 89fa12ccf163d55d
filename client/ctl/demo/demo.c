/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl demo`: something to look at on a new server. Small programs are crashed here, their
 * cores are sent with the programs, and around them a month of a small fleet is told. All of it is
 * on hosts named demo-…, and --remove takes it away again. */
#include "client/ctl/demo/demo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/output/table.h"
#include "client/ctl/server/ask.h"
#include "common/base/clock.h"

#define SEED_MAX  1000000
#define POLL_USEC (USEC_PER_SEC / 4)
#define WAIT_USEC (300 * USEC_PER_SEC)

enum { DEMO_REMOVE, DEMO_DRY_RUN, DEMO_FORCE, DEMO_SEED };

void demo_progress(const struct demo *d, const char *label, size_t n, size_t all)
{
    if (d->progress)
        fprintf(stderr, "\r%s: %zu of %zu\033[K%s", label, n, all, n >= all ? "\n" : "");
}

/* --- What is needed --- */

/* The programs that were built with this one. */
static int find_folder(struct demo *d)
{
    char self[PATH_MAX], path[PATH_MAX + 64];
    char *slash;

    if (!realpath("/proc/self/exe", self) || !(slash = strrchr(self, '/')))
        return ctl_complain(CTL_ERROR, "/proc/self/exe can't be read: is /proc mounted?");
    slash[1] = '\0';
    snprintf(path, sizeof(path), "%s../lib/corral/demo", self);
    if (!realpath(path, d->folder))
        return ctl_complain(CTL_ERROR, "%s: the programs to crash are not installed", path);
    return CTL_OK;
}

/* Only an administrator may take it away again, so only one may begin. */
static int check_rights(struct demo *d)
{
    _cleanup_json_ json_t *tokens = NULL;
    int status = ask_get(d->access, d->dash, "/api/v1/tokens", &tokens);

    if (status == CTL_DENIED)
        ctl_complain(0, "the demo needs a token of the scope admin, which may send crashes, too: "
                        "corral-dashd --add-token admin NAME");
    return status;
}

static void print_result(const struct demo *d, const char *state, const json_t *groups,
                         int64_t crashes)
{
    _cleanup_json_ json_t *o = json_object();

    if (d->access->output.format != OUTPUT_TEXT) {
        json_object_set_new(o, "state", json_string(state));
        json_object_set_new(o, "groups", json_deep_copy(groups));
        json_object_set_new(o, "crash_count", json_integer(crashes));
        json_object_set_new(o, "host_count", json_integer(DEMO_HOSTS));
        json_object_set_new(o, "version_count", json_integer(DEMO_VERSIONS));
        json_object_set_new(o, "day_count", json_integer(HISTORY_DAYS));
        output_json(&d->access->output, o);
        return;
    }
    printf("%s: %zu groups, %" PRId64 " crashes, %d hosts, %d versions, %d days\n", state,
           json_array_size(groups), crashes, DEMO_HOSTS, DEMO_VERSIONS, HISTORY_DAYS);
    if (strcmp(state, "there") == 0)
        printf("%s/groups?q=label:" DEMO_LABEL "\n", d->access->dash_url);
}

/* --- Filling --- */

static int plan(const struct demo *d)
{
    _cleanup_json_ json_t *groups = json_array();
    int64_t crashes = d->history.crashes + 1;

    for (int i = 0; i < DEMO_PROGRAMS; i++) {
        json_array_append_new(groups, json_string(demo_programs[i]));
        crashes++;
    }
    print_result(d, "planned", groups, crashes);
    return CTL_OK;
}

static int check_server(struct demo *d, bool force)
{
    _cleanup_json_ json_t *ours = json_array(), *others = json_array();
    int status = demo_find(d, ours, others);

    if (status != CTL_OK)
        return status;
    if (json_array_size(ours) > 0)
        return ctl_complain(CTL_CONFLICT,
                            "the demo is on this server already: corralctl demo --remove");
    if (json_array_size(others) > 0 && !force)
        return ctl_complain(CTL_CONFLICT,
                            "this server has groups of its own (%zu); --force puts the demo beside "
                            "them",
                            json_array_size(others));
    return CTL_OK;
}

static int fill(struct demo *d)
{
    static int (*const steps[])(struct demo * d) = {demo_take_cores, demo_send_seeds,
                                                    demo_send_history, demo_decide};
    _cleanup_json_ json_t *groups = json_array();
    int status = CTL_OK;

    for (size_t i = 0; i < ARRAY_SIZE(steps) && status == CTL_OK; i++)
        status = steps[i](d);
    for (int i = 0; i < DEMO_PROGRAMS; i++)
        if (d->groups[i])
            json_array_append_new(groups, json_string(d->groups[i]));
    if (status == CTL_OK)
        print_result(d, "there", groups, d->crashes);
    else if (json_array_size(groups) > 0)
        ctl_complain(0, "the demo is not whole: corralctl demo --remove takes it away");
    return status;
}

/* --- Removing --- */

static int await_removal(struct demo *d, int64_t request)
{
    int64_t end = clock_mono() + WAIT_USEC;
    char path[128];

    snprintf(path, sizeof(path), "/api/v1/grouping-requests/%" PRId64, request);
    for (;;) {
        _cleanup_json_ json_t *now = NULL;
        int status = ask_get(d->access, d->dash, path, &now);
        const char *state = json_string_value(json_object_get(now, "state"));

        if (status != CTL_OK)
            return status;
        if (state && strcmp(state, "done") == 0)
            return CTL_OK;
        if (state && strcmp(state, "failed") == 0)
            return ctl_complain(CTL_ERROR, "a group was not removed: %s",
                                json_string_value(json_object_get(now, "problem"))
                                    ?: "no reason was given");
        if (clock_mono() >= end)
            return ctl_complain(CTL_TIMEOUT, "the workers go on removing: look again later");
        clock_sleep(POLL_USEC);
    }
}

static int remove_groups(struct demo *d, const json_t *groups)
{
    _cleanup_json_ json_t *requests = json_array();
    const json_t *group;
    int status = CTL_OK;
    size_t i;

    json_array_foreach(groups, i, group)
    {
        _cleanup_json_ json_t *request = NULL;
        char path[128];

        if (status != CTL_OK)
            return status;
        snprintf(path, sizeof(path), "/api/v1/groups/%s/remove", json_string_value(group));
        status = ask_post(d->access, d->dash, path, "", &request);
        if (status == CTL_OK)
            json_array_append(requests, json_object_get(request, "id"));
    }
    for (i = 0; i < json_array_size(requests) && status == CTL_OK; i++) {
        demo_progress(d, "removing groups", i + 1, json_array_size(requests));
        status = await_removal(d, json_integer_value(json_array_get(requests, i)));
    }
    return status;
}

static int take_away(struct demo *d, bool dry_run)
{
    _cleanup_json_ json_t *ours = json_array(), *others = json_array();
    int status = demo_find(d, ours, others);

    if (status == CTL_OK && json_array_size(ours) == 0)
        return ctl_complain(CTL_NOT_FOUND, "there is no demo on this server");
    if (status == CTL_OK && !dry_run)
        status = remove_groups(d, ours);
    if (status == CTL_OK && d->access->output.format != OUTPUT_TEXT)
        output_json(&d->access->output, ours);
    else if (status == CTL_OK)
        printf("%s: %zu groups\n", dry_run ? "would be removed" : "removed", json_array_size(ours));
    return status;
}

/* --- The verb --- */

static int begin(struct demo *d, const struct arguments *args)
{
    long seed = arguments_number("--seed", args->option[DEMO_SEED], 1, SEED_MAX);
    bool dry_run = args->option[DEMO_DRY_RUN] != NULL;
    int status;

    if (seed < 0)
        return CTL_USAGE;
    history_make((uint64_t)seed, d->now, &d->arena, &d->history);
    if (dry_run && !args->option[DEMO_REMOVE])
        return plan(d);
    status = check_rights(d);
    if (status != CTL_OK)
        return status;
    if (args->option[DEMO_REMOVE])
        return take_away(d, dry_run);
    status = find_folder(d);
    if (status == CTL_OK)
        status = check_server(d, args->option[DEMO_FORCE] != NULL);
    return status == CTL_OK ? fill(d) : status;
}

static int run_demo(struct access *access, const struct arguments *args)
{
    struct demo d = {
        .access = access,
        .dash = access_dash(access),
        .ingest = access_ingest(access),
        .now = clock_now(),
        .progress = access->output.format == OUTPUT_TEXT && isatty(STDERR_FILENO),
    };
    int status;

    for (int i = 0; i < DEMO_PROGRAMS; i++)
        d.cores[i] = -1;
    status = begin(&d, args);
    for (int i = 0; i < DEMO_PROGRAMS; i++)
        if (d.cores[i] >= 0)
            close(d.cores[i]);
    connection_free(d.dash);
    connection_free(d.ingest);
    arena_fini(&d.arena);
    return status;
}

const struct verb verb_demo = {
    .word = "demo",
    .arguments = "",
    .help = "fill a new server with crashes to look at",
    .run = run_demo,
    .options =
        {
            [DEMO_REMOVE] = {"--remove", NULL, "take all of it away, and nothing else"},
            [DEMO_DRY_RUN] = {"--dry-run", NULL, "say what there would be, and change nothing"},
            [DEMO_FORCE] = {"--force", NULL, "also on a server that has other groups"},
            [DEMO_SEED] = {"--seed", "N", "another past (default 1)"},
        },
};
