/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/healing/reanalyse.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/store/arrivals.h"
#include "common/store/queue.h"

#include "workerd/conf.h"

DEFINE_CLEANUP(cleanup_store, struct blob_store, blob_close)
DEFINE_CLEANUP(cleanup_queue, struct queue, queue_free)

static const char usage[] =
    "usage: corral-workerd --reanalyse --build-id ID… | --crash ID… | --all\n"
    "  --build-id ID  the events that lacked this build-id, or its debug information\n"
    "  --crash ID     this event\n"
    "  --all          every event that has a core\n";

static bool is_crash(const char *text)
{
    return blob_crash_id_valid(str_from(text));
}

static bool is_build_id(const char *text)
{
    return arrival_valid(str_from(text)) && strcmp(text, ARRIVAL_ALL) != 0 && !is_crash(text);
}

/* The marks' names are put in front of argv. How many; -1 when the arguments are wrong. */
static int read_arguments(int argc, char **argv)
{
    int n = 0;

    for (int i = 0; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--all") == 0)
            argv[n++] = argv[i] + strlen("--");
        else if (strcmp(argv[i], "--build-id") == 0 && is_build_id(value))
            argv[n++] = argv[++i];
        else if (strcmp(argv[i], "--crash") == 0 && is_crash(value))
            argv[n++] = argv[++i];
        else
            return -1;
    }
    return n > 0 ? n : -1;
}

static int leave_marks(const struct worker_conf *c, char **names, int n)
{
    _cleanup_(cleanup_store) struct blob_store *store = NULL;
    _cleanup_(cleanup_queue) struct queue *queue = NULL;
    int r = blob_open(c->data, false, &store);

    for (int i = 0; i < n && r == 0; i++)
        r = arrival_add(store, names[i]);
    if (r < 0) {
        fprintf(stderr, "corral-workerd: cannot leave a mark in %s/arrived: %s\n", c->data,
                strerror(-r));
        return 1;
    }
    if (queue_new(c->redis, &queue) == 0)
        (void)queue_wake(queue); /* without it the mark is found a second later */
    printf("%d %s left for corral-workerd\n", n, n == 1 ? "mark" : "marks");
    return 0;
}

int reanalyse_main(int argc, char **argv, const void *conf)
{
    int n = read_arguments(argc, argv);

    if (n < 0) {
        fputs(usage, stderr);
        return 2;
    }
    return leave_marks(conf, argv, n);
}
