/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl status`: the servers, asked as anybody may. */
#include <stdio.h>

#include "client/ctl/output/text.h"
#include "client/ctl/verbs.h"
#include "common/report/jsontree.h"

#define WORDS_MAX  512
#define VALUES_MAX 100

struct server {
    const char *name, *url;
};

/* The lines of a short answer, on one. */
static void print_words(struct str text)
{
    _cleanup_buf_ struct buf b = BUF_INIT(8 * WORDS_MAX);

    text = str_trim(text);
    if (text.n > WORDS_MAX)
        text.n = WORDS_MAX;
    text_add_visible(&b, text);
    printf("  %s\n", buf_text(&b));
}

static const char *state_of(const struct reply *health, const struct reply *ready)
{
    return health->status == 0     ? "unreachable"
           : health->status != 200 ? "not healthy"
           : ready->status != 200  ? "not ready"
                                   : "ready";
}

static void print_server(const struct output *o, const struct server *s, const struct reply *health,
                         const struct reply *ready, json_t *list)
{
    struct str body = {buf_text(&ready->body), ready->body.len};
    const char *state = state_of(health, ready);

    if (o->format != OUTPUT_TEXT) {
        json_t *detail = jsontree_object(body, VALUES_MAX, NULL);

        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s*, s:o*}", "name", s->name, "url",
                                        s->url, "state", state, "problem",
                                        *health->error ? health->error : NULL, "detail", detail));
        return;
    }
    printf("%-8s %s  %s", s->name, s->url, state);
    if (ready->status != 0)
        print_words(body);
    else
        printf(": %s\n", *health->error ? health->error : ready->error);
}

/* The exit status for this server. */
static int report(const struct access *a, const struct server *s, json_t *list)
{
    _cleanup_reply_ struct reply health = REPLY_INIT, ready = REPLY_INIT;
    struct access nobody = *a;
    _cleanup_connection_ struct connection *c = NULL;
    int r;

    nobody.dash_url = s->url;
    nobody.token = "";
    c = access_dash(&nobody);
    r = connection_get(c, "/healthz", &health);
    if (r == 0)
        r = connection_get(c, "/readyz", &ready);
    print_server(&a->output, s, &health, &ready, list);
    if (r != 0)
        return CTL_UNREACHABLE;
    return health.status == 200 && ready.status == 200 ? CTL_OK : CTL_CHECK_FAILED;
}

static int run_status(struct access *access, const struct arguments *args)
{
    const struct server servers[] = {{"ingestd", access->ingest_url}, {"dashd", access->dash_url}};
    _cleanup_json_ json_t *list = json_array();
    int worst = CTL_OK;

    (void)args;
    for (size_t i = 0; i < ARRAY_SIZE(servers); i++) {
        int status = report(access, &servers[i], list);

        if (worst == CTL_OK || status == CTL_UNREACHABLE)
            worst = status;
    }
    if (access->output.format != OUTPUT_TEXT)
        output_json(&access->output, list);
    return worst;
}

const struct verb verb_status = {
    .word = "status",
    .arguments = "",
    .help = "are the servers up and ready?",
    .run = run_status,
};
