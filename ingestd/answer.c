/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/answer.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/report/jsontext.h"
#include "common/report/limits.h"

#include "ingestd/ingest.h"

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The build-ids of the process, sorted so that each is asked for once. */
static size_t collect_build_ids(const struct crash_meta *m, const char **ret)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_modules; i++)
        if (m->modules[i].build_id)
            ret[n++] = m->modules[i].build_id;
    if (n > 0)
        qsort(ret, n, sizeof(*ret), compare_texts);
    return n;
}

/* Either is enough for stacks, and a host that gives sidecars has nothing more. */
static bool has_module(struct blob_store *store, const char *build_id)
{
    return blob_module_has(store, build_id, MODULE_EXECUTABLE) ||
           blob_module_has(store, build_id, MODULE_UNWIND);
}

static void list_missing(struct blob_store *store, struct arena *a, const struct crash_meta *m,
                         struct buf *b)
{
    const char **ids = arena_array(a, const char *, m->n_modules + 1);
    size_t n = collect_build_ids(m, ids), wanted = 0;

    for (size_t i = 0; i < n && wanted < META_WANTED_MAX; i++) {
        if ((i > 0 && strcmp(ids[i], ids[i - 1]) == 0) || has_module(store, ids[i]))
            continue;
        jsontext_string(b, NULL, ids[i]);
        wanted++;
    }
}

/* A repeated one was counted before. */
static uint64_t crashes_in(enum answer_status status, const struct crash_meta *m)
{
    if (status == ANSWER_REPEATED)
        return 0;
    return m->occurrences == META_UNKNOWN ? 1 : (uint64_t)m->occurrences;
}

static const char *wanted_core(struct ingest *in, enum answer_status status,
                               const struct crash_meta *m)
{
    return appetite_crash(in->appetite, m->kind, crashes_in(status, m), m->fidelity, clock_mono());
}

void answer_taken(struct request *q, struct response *r, enum answer_status status,
                  const struct crash_meta *m)
{
    struct ingest *in = request_app(q);
    struct buf *b = response_body(r);

    response_status(r, status);
    response_type(r, "application/json");
    if (*in->conf->dashboard_url)
        response_header(
            r, "Location",
            arena_printf(request_arena(q), "%s/events/%s", in->conf->dashboard_url, m->crash_id));
    jsontext_object(b, NULL);
    jsontext_string(b, "crash_id", m->crash_id);
    jsontext_object(b, "want");
    jsontext_array(b, "modules");
    list_missing(in->store, request_arena(q), m, b);
    jsontext_end_array(b);
    jsontext_string(b, "core", wanted_core(in, status, m));
    jsontext_end_object(b);
    jsontext_end_object(b);
    buf_addc(b, '\n');
}
