/* SPDX-License-Identifier: Apache-2.0 */
/* What the detector of groups of several bugs says, for tests/score: each line of standard input is
 * a stack as the database has it,
 *
 *     {"group": "…", "events": 1, "frames": [{"name", "verdict", …}, …], "facts": {}, "judged": {}}
 *
 * those of one group one after the other. Each line of the output is a group and its hint:
 * {"group": "…", "hint": {…} or null}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/jsontext.h"
#include "common/report/jsontree.h"
#include "workerd/regroup/detector.h"

#define LINE_VALUES_MAX 100000

struct group {
    struct arena arena;
    char *name; /* NULL: none yet */
    struct profile profiles[DETECTOR_STACKS_MAX];
    size_t n;
};

static int by_events(const void *x, const void *y)
{
    const struct profile *a = x, *b = y;

    return (a->events < b->events) - (a->events > b->events);
}

static void finish(struct group *g)
{
    _cleanup_buf_ struct buf b = BUF_INIT(HINT_JSON_MAX), name = BUF_INIT(HINT_JSON_MAX);
    struct split_hint h;

    if (!g->name)
        return;
    qsort(g->profiles, g->n, sizeof(g->profiles[0]), by_events);
    detector_look(g->profiles, g->n, NULL, &g->arena, &h);
    if (h.any)
        hint_format(&h, &b);
    jsontext_string(&name, NULL, g->name);
    printf("{\"group\":%s,\"hint\":%s}\n", buf_text(&name), h.any ? buf_text(&b) : "null");
    free(g->name);
    arena_fini(&g->arena);
    *g = (struct group){.name = NULL};
}

static void add(struct group *g, const json_t *line)
{
    struct profile *p = &g->profiles[g->n];
    char *texts[3];
    static const char *const names[] = {"frames", "facts", "judged"};

    if (g->n == DETECTOR_STACKS_MAX)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        texts[i] = json_dumps(json_object_get(line, names[i]), JSON_COMPACT);
    p->events = json_integer_value(json_object_get(line, "events"));
    if (texts[0] && texts[1] && texts[2] &&
        profile_read(str_from(texts[0]), str_from(texts[1]), str_from(texts[2]), &g->arena, p) == 0)
        g->n++;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        free(texts[i]);
}

int main(void)
{
    static struct group g;
    char *text = NULL;
    size_t room = 0;
    ssize_t n;

    while ((n = getline(&text, &room, stdin)) > 0) {
        _cleanup_json_ json_t *line =
            jsontree_envelope((struct str){text, (size_t)n}, LINE_VALUES_MAX, NULL);
        const char *name = json_string_value(json_object_get(line, "group"));

        if (!name)
            return EXIT_FAILURE;
        if (!g.name || strcmp(g.name, name) != 0) {
            finish(&g);
            arena_init(&g.arena, 0);
            g.name = strdup(name);
        }
        add(&g, line);
    }
    finish(&g);
    free(text);
    return EXIT_SUCCESS;
}
