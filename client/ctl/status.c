/* SPDX-License-Identifier: Apache-2.0 */
/* `corralctl status`: the servers, asked as anybody may. */
#include <stdio.h>

#include "client/ctl/verbs.h"

#define WORDS_MAX 512

struct server {
    const char *name, *url;
};

/* The lines of a short answer, on one; bytes that a terminal might obey are left out. */
static void print_words(struct str text)
{
    text = str_trim(text);
    printf("  ");
    for (size_t i = 0; i < text.n && i < WORDS_MAX; i++)
        if (text.p[i] == '\n')
            printf(", ");
        else if (text.p[i] >= ' ' && text.p[i] < 0x7f)
            putchar(text.p[i]);
    putchar('\n');
}

/* One line; the exit status for this server. */
static int report(const struct access *a, const struct server *s)
{
    _cleanup_reply_ struct reply health = REPLY_INIT, ready = REPLY_INIT;
    struct access nobody = {.token = "", .settings = a->settings};
    _cleanup_connection_ struct connection *c = NULL;
    int r;

    nobody.dash_url = s->url;
    c = access_dash(&nobody);
    r = connection_get(c, "/healthz", &health);
    if (r == 0)
        r = connection_get(c, "/readyz", &ready);
    if (r != 0) {
        printf("%-8s %s  unreachable: %s\n", s->name, s->url,
               health.error[0] ? health.error : ready.error);
        return CTL_UNREACHABLE;
    }
    printf("%-8s %s  %s", s->name, s->url,
           health.status != 200  ? "not healthy"
           : ready.status != 200 ? "not ready"
                                 : "ready");
    print_words((struct str){buf_text(&ready.body), ready.body.len});
    return health.status == 200 && ready.status == 200 ? CTL_OK : CTL_CHECK_FAILED;
}

int verb_status(struct access *access, int argc, char **argv)
{
    const struct server servers[] = {{"ingestd", access->ingest_url}, {"dashd", access->dash_url}};
    int worst = CTL_OK;

    if (argc > 0) {
        fprintf(stderr, "corralctl status takes no argument: %s\n", argv[0]);
        return CTL_USAGE;
    }
    for (size_t i = 0; i < ARRAY_SIZE(servers); i++) {
        int status = report(access, &servers[i]);

        if (worst == CTL_OK || status == CTL_UNREACHABLE)
            worst = status;
    }
    return worst;
}
