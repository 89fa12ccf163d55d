/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl show`: one group or one event, as its page has it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/ctl/output/table.h"
#include "client/ctl/server/ask.h"
#include "client/ctl/server/lists.h"
#include "client/ctl/server/reference.h"
#include "client/ctl/server/stacks.h"

static const char *text_of(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static void number_fact(const struct output *o, const char *label, const json_t *object,
                        const char *key)
{
    const json_t *value = json_object_get(object, key);
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, (int64_t)json_integer_value(value));
    output_fact(o, label, json_is_integer(value) ? text : NULL);
}

static void title(const struct output *o, const char *id, const char *text)
{
    printf("%s", output_begin(o, BOLD));
    output_text(id ?: "");
    printf("  ");
    output_text(text ?: "");
    printf("%s\n", output_end(o));
}

struct line {
    const char *label, *key;
};

static void facts(const struct output *o, const json_t *object, const struct line *lines, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (json_is_integer(json_object_get(object, lines[i].key)))
            number_fact(o, lines[i].label, object, lines[i].key);
        else
            output_fact(o, lines[i].label, text_of(object, lines[i].key));
}

/* --- Group --- */

static void shares(const struct output *o, const json_t *group, const char *key, const char *label,
                   const char *member)
{
    const json_t *list = json_object_get(group, key), *share;
    size_t i;

    json_array_foreach(list, i, share)
    {
        _cleanup_buf_ struct buf b = BUF_INIT(64u * 1024);

        buf_printf(&b, "%s (%" PRId64 ")", text_of(share, member) ?: "",
                   (int64_t)json_integer_value(json_object_get(share, "event_count")));
        output_fact(o, i == 0 ? label : "", buf_text(&b));
    }
}

/* The texts of a list in one line. */
static void texts(const struct output *o, const json_t *group, const char *key)
{
    const json_t *list = json_object_get(group, key), *text;
    _cleanup_buf_ struct buf b = BUF_INIT(64u * 1024);
    size_t i;

    json_array_foreach(list, i, text)
    {
        buf_adds(&b, i > 0 ? ", " : "");
        buf_adds(&b, json_string_value(text) ?: "");
    }
    output_fact(o, key, buf_text(&b));
}

/* What ends that it is resolved or muted. */
static void show_wakes(const struct output *o, const json_t *wakes)
{
    _cleanup_buf_ struct buf b = BUF_INIT(4096);
    int64_t count = json_integer_value(json_object_get(wakes, "event_count"));
    int64_t hours = json_integer_value(json_object_get(wakes, "within_hours"));
    const char *from = text_of(wakes, "from_version"), *after = text_of(wakes, "after_version");

    if (text_of(wakes, "at"))
        buf_printf(&b, "at %s", text_of(wakes, "at"));
    if (count > 0)
        buf_printf(&b, "%safter %" PRId64 " more crashes", b.len > 0 ? ", " : "", count);
    if (count > 0 && hours > 0)
        buf_printf(&b, " within %" PRId64 " h", hours);
    if (from || after)
        buf_printf(&b, "%swith a crash of %s %s", b.len > 0 ? ", " : "",
                   after ? "a later version than" : "version", after ?: from);
    output_fact(o, "wakes", buf_text(&b));
}

static void show_activity(const json_t *group)
{
    static const char *const words[] = {"text", "version", "until", "events", "event"};
    const json_t *list = json_object_get(group, "activity"), *row;
    size_t i;

    if (json_array_size(list) > 0)
        printf("\nActivity\n");
    json_array_foreach(list, i, row)
    {
        printf("  ");
        output_text(text_of(row, "at") ?: "");
        printf("  ");
        output_text(text_of(row, "actor") ?: "");
        printf("  ");
        output_text(text_of(row, "kind") ?: "");
        for (size_t k = 0; k < ARRAY_SIZE(words); k++)
            if (text_of(row, words[k])) {
                printf("  ");
                output_text(text_of(row, words[k]));
            }
        printf("\n");
    }
}

static void show_group(const struct output *o, const json_t *g)
{
    static const struct line lines[] = {
        {"status", "status"},
        {"executable", "executable"},
        {"signal", "signal"},
        {"events", "event_count"},
        {"last 24 h", "recent_events"},
        {"hosts", "host_count"},
        {"first seen", "first_seen"},
        {"last seen", "last_seen"},
        {"resolved", "resolved_at"},
        {"resolved by", "resolved_by"},
        {"assignee", "assignee"},
        {"revision", "revision"},
        {"page", "url"},
    };

    title(o, text_of(g, "id"), text_of(g, "title"));
    facts(o, g, lines, ARRAY_SIZE(lines));
    texts(o, g, "labels");
    texts(o, g, "links");
    show_wakes(o, json_object_get(g, "wakes"));
    shares(o, g, "versions", "versions", "version");
    shares(o, g, "hosts", "on", "host");
    shares(o, g, "similar", "similar", "id");
    if (text_of(g, "stack_of")) {
        printf("\nStack of %s\n", text_of(g, "stack_of"));
        stacks_print(o, json_object_get(g, "stack"));
    }
    printf("\n");
    table_print(o, event_columns, n_event_columns, json_object_get(g, "events"));
    show_activity(g);
}

/* --- Event --- */

static void show_core(const struct output *o, const json_t *core)
{
    const char *fidelity = text_of(core, "fidelity");
    _cleanup_buf_ struct buf b = BUF_INIT(4096);
    const json_t *bytes =
        json_object_get(core, "full_stored_bytes") ?: json_object_get(core, "stored_bytes");

    buf_adds(&b, text_of(core, "state") ?: "unknown");
    if (fidelity)
        buf_printf(&b, ", %s", fidelity);
    if (bytes)
        buf_printf(&b, ", %" PRId64 " bytes stored", (int64_t)json_integer_value(bytes));
    output_fact(o, "core", buf_text(&b));
}

static void show_event(const struct output *o, const json_t *e)
{
    static const struct line lines[] = {
        {"group", "group"},
        {"", "group_title"},
        {"crashed", "crashed_at"},
        {"received", "received_at"},
        {"host", "host"},
        {"executable", "executable"},
        {"version", "version"},
        {"pid", "pid"},
        {"signal", "signal"},
        {"code", "signal_code"},
        {"address", "fault_address"},
        {"stands for", "crashes"},
        {"problem", "problem"},
        {"page", "url"},
    };
    static const struct line meta_lines[] = {
        {"command", "command_line"}, {"unit", "unit"},     {"container", "container_id"},
        {"package", "package"},      {"kernel", "kernel"},
    };

    title(o, text_of(e, "id"), text_of(e, "verdict") ?: text_of(e, "state"));
    facts(o, e, lines, ARRAY_SIZE(lines));
    facts(o, json_object_get(e, "meta"), meta_lines, ARRAY_SIZE(meta_lines));
    if (json_object_get(e, "core"))
        show_core(o, json_object_get(e, "core"));
    if (json_is_true(json_object_get(e, "details_hidden")))
        output_fact(o, "hidden", "details of a restricted crash: for whoever may download cores");
    if (json_array_size(json_object_get(e, "stack")) > 0) {
        printf("\nStack of the crashed thread (corralctl bt --all has every one)\n");
        stacks_print(o, json_object_get(e, "stack"));
    }
}

/* --- The verb --- */

static int run_show(struct access *access, const struct arguments *args)
{
    _cleanup_connection_ struct connection *c = access_dash(access);
    struct reference ref = reference_parse(args->words[0]);
    bool group = ref.kind == REFERENCE_GROUP;
    _cleanup_json_ json_t *object = NULL;
    char path[128];
    int status;

    if (ref.kind == REFERENCE_NONE)
        return reference_event(access, c, args->words[0], &ref);
    snprintf(path, sizeof(path), "/api/v1/%s/%s", group ? "groups" : "events", ref.id);
    status = ask_get(access, c, path, &object);
    if (status != CTL_OK)
        return status;
    if (access->output.format != OUTPUT_TEXT) {
        output_json(&access->output, object);
        return CTL_OK;
    }
    output_page(&access->output);
    (group ? show_group : show_event)(&access->output, object);
    return CTL_OK;
}

const struct verb verb_show = {
    .word = "show",
    .arguments = "GROUP|EVENT",
    .help = "show what is known about a group or an event",
    .run = run_show,
    .least = 1,
    .most = 1,
};
