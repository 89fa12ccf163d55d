/* SPDX-License-Identifier: Apache-2.0 */
/* How Corral itself is. What can't be asked for is left out, and the rest is shown: the page is
 * needed most when something is wrong. (Without PostgreSQL there is no session, and no page.) */
#include "dashd/page.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/store/arrivals.h"
#include "dashd/app.h"
#include "dashd/grouping/decide.h"
#include "dashd/queries_system.h"
#include "dashd/system.h"
#include "dashd/templates/templates.h"

#define PROBLEMS_SHOWN 20
#define DAY            (24 * 3600 * USEC_PER_SEC)

static int fill_rows(struct app *app, const struct page *p, struct system_view *v,
                     struct totals *ret_totals, struct crash_ids *ret_ids)
{
    struct db *db = app_db(app);
    struct arena *a = p->arena;
    int r = query_database_facts(db, a, &v->database);

    if (!r)
        r = query_totals(db, p->now, ret_totals);
    if (!r)
        r = query_newest_crashes(db, a, SYSTEM_SAMPLE, ret_ids);
    if (!r)
        r = query_problems(db, a, p->now - DAY, PROBLEMS_SHOWN, &v->problems);
    if (!r)
        r = query_open_requests(db, a, &v->requests);
    if (r)
        return r;
    v->requests_words = arena_array(a, const char *, v->requests.n + 1);
    for (size_t i = 0; i < v->requests.n; i++)
        v->requests_words[i] = request_words(&v->requests.rows[i], a);
    return 0;
}

/* Marks in one of the store's folders. */
static uint64_t count_marks(struct app *app, const char *folder)
{
    int fd = openat(blob_root(app->blobs), folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    uint64_t n = 0;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += arrival_valid(str_from(e->d_name));
    closedir(d);
    return n;
}

void handle_system(struct request *q, struct response *r)
{
    struct app *app = request_app(q);
    struct system_view v = {0};
    struct crash_ids ids = {0};
    struct totals totals = {0};
    const char *metrics;
    struct page p;
    bool database;

    page_init(&p, q, "System");
    p.section = SECTION_SYSTEM;
    database = fill_rows(app, &p, &v, &totals, &ids) == 0;
    system_parts(q, database, v.parts, &metrics);
    system_queue(app, metrics, p.now, &v.queue);
    system_disk(app, ids.rows, ids.n, totals.crashes, &v.disk);
    v.arrivals = count_marks(app, "arrived") + count_marks(app, "healing");
    if (access_has(q, MAY_ALL))
        v.settings = system_settings(p.arena, app->conf, &v.n_settings);
    template_system(response_body(r), &p, &v);
    page_send(r);
}
