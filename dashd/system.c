/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/system.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "common/base/cleanup.h"
#include "common/base/version.h"
#include "dashd/neighbour.h"
#include "dashd/view/format.h"
#include "dashd/view/samples.h"

#define PATIENCE    (1 * USEC_PER_SEC) /* for each of the other daemons */
#define DETAIL_MAX  200
#define ANSWER_READ "/readyz"
#define ANSWER_MORE "/metrics"

/* --- The programs --- */

/* What a daemon says of itself in /readyz, cut to a line. */
static const char *line(struct arena *a, const struct buf *b)
{
    const char *text = buf_text(b);
    char *copy =
        arena_strndup(a, text, strcspn(text, "\n") < DETAIL_MAX ? strcspn(text, "\n") : DETAIL_MAX);

    utf8_repair(copy, strlen(copy));
    return copy;
}

static struct system_part ask(struct arena *a, const char *name, const char *url,
                              const char **ret_metrics)
{
    _cleanup_buf_ struct buf ready = BUF_INIT(NEIGHBOUR_ANSWER_MAX);
    _cleanup_buf_ struct buf metrics = BUF_INIT(NEIGHBOUR_ANSWER_MAX);
    int64_t deadline = clock_mono() + PATIENCE;
    unsigned status;
    int r;

    *ret_metrics = "";
    if (!*url)
        return (struct system_part){name, "unknown", NULL, "its address is not configured"};
    r = neighbour_get(url, ANSWER_READ, deadline, &status, &ready);
    if (r < 0)
        return (struct system_part){name, "away", NULL,
                                    arena_printf(a, "%s: %s", url, strerror(-r))};
    if (neighbour_get(url, ANSWER_MORE, deadline, &status, &metrics) == 0)
        *ret_metrics = arena_strdup(a, buf_text(&metrics));
    return (struct system_part){
        .name = name,
        .state = strstr(buf_text(&ready), "\"not ready\"") ? "not ready" : "ready",
        .version = samples_label(a, *ret_metrics, "corral_build_info", "version"),
        .detail = line(a, &ready),
    };
}

static struct system_part redis(const char *metrics)
{
    double up;

    if (!samples_find(metrics, "corral_redis_up", &up))
        return (struct system_part){"Redis", "unknown", NULL, "corral-workerd knows"};
    return (struct system_part){"Redis", up > 0 ? "ready" : "away", NULL,
                                up > 0 ? "as corral-workerd sees it"
                                       : "crashes wait on disk until it is back"};
}

void system_parts(struct request *q, bool database, struct system_part ret[static SYSTEM_PARTS],
                  const char **ret_metrics)
{
    const struct app *app = request_app(q);
    struct arena *a = request_arena(q);
    const char *unused;

    ret[0] = (struct system_part){"corral-dashd", "ready", CORRAL_VERSION, "this page"};
    ret[1] = ask(a, "corral-ingestd", app->conf->ingestd_url, &unused);
    ret[2] = ask(a, "corral-workerd", app->conf->workerd_url, ret_metrics);
    ret[3] = (struct system_part){"PostgreSQL", database ? "ready" : "away", NULL, ""};
    ret[4] = redis(*ret_metrics);
}

/* --- The queue --- */

struct waiting {
    uint64_t n;
    int64_t oldest;
};

static int count_one(const char *crash_id, void *arg)
{
    struct waiting *w = arg;
    int64_t at = uuid_time_msec(crash_id) * USEC_PER_MSEC;

    w->n++;
    if (w->oldest == 0 || at < w->oldest)
        w->oldest = at;
    return 0;
}

static uint64_t sample(const char *metrics, const char *row)
{
    double value;

    return samples_find(metrics, row, &value) && value > 0 ? (uint64_t)value : 0;
}

void system_queue(struct app *app, const char *metrics, int64_t now, struct system_queue *ret)
{
    struct waiting w = {0};
    double seconds = 0, unused;

    (void)blob_pending_each(app->blobs, 0, count_one, &w);
    *ret = (struct system_queue){
        .pending = w.n,
        .oldest = w.oldest > now ? now : w.oldest,
        .known = samples_find(metrics, "corral_workers", &unused),
        .waiting = sample(metrics, "corral_queue_jobs{state=\"waiting\"}"),
        .taken = sample(metrics, "corral_queue_jobs{state=\"taken\"}"),
        .dead = sample(metrics, "corral_queue_jobs{state=\"dead\"}"),
        .workers = sample(metrics, "corral_workers"),
        .processed = sample(metrics, "corral_processing_duration_seconds_count"),
    };
    if (ret->processed && samples_find(metrics, "corral_processing_duration_seconds_sum", &seconds))
        ret->mean = (int64_t)(seconds / (double)ret->processed * USEC_PER_SEC);
}

/* --- The disk --- */

/* All that is on disk of one crash. */
static uint64_t bytes_of(struct app *app, const char *crash_id)
{
    int fd = -1;
    uint64_t sum = 0;
    DIR *d;

    if (blob_crash_folder(app->blobs, crash_id, &fd) != 0)
        return 0;
    d = fdopendir(fd);
    if (!d) {
        close(fd);
        return 0;
    }
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        struct stat st;

        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            sum += (uint64_t)st.st_blocks * 512;
    }
    closedir(d);
    return sum;
}

void system_disk(struct app *app, const char *const *crash_ids, size_t n, uint64_t crashes_a_day,
                 struct system_disk *ret)
{
    struct system_disk disk = {0};
    struct statvfs fs;
    uint64_t sum = 0;

    (void)blob_free_bytes(app->blobs, &disk.free_bytes);
    if (fstatvfs(blob_root(app->blobs), &fs) == 0)
        disk.all_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
    for (size_t i = 0; i < n; i++)
        sum += bytes_of(app, crash_ids[i]);
    disk.a_crash = n ? sum / n : 0;
    disk.a_day = disk.a_crash * crashes_a_day;
    disk.days = disk.a_day ? disk.free_bytes / disk.a_day : 0;
    *ret = disk;
}

/* --- The configuration --- */

/* libpq's words without what libpq itself does not show. */
static const char *without_secrets(struct arena *a, const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    _cleanup_buf_ struct buf b = BUF_INIT(CONF_LINE_MAX);

    for (PQconninfoOption *o = options; o && o->keyword; o++)
        if (o->val)
            buf_printf(&b, "%s%s=%s", b.len ? " " : "", o->keyword,
                       strchr(o->dispchar, '*') ? "(hidden)" : o->val);
    PQconninfoFree(options);
    return arena_strdup(a, buf_text(&b));
}

static const char *value_of(struct arena *a, const struct conf_key *k, const void *conf)
{
    const void *field = (const char *)conf + k->offset;
    char text[FORMAT_SIZE];

    switch (k->type) {
    case CONF_TEXT:
        return *(char *const *)field ? *(char *const *)field : "";
    case CONF_BOOL:
        return *(const bool *)field ? "yes" : "no";
    case CONF_UINT:
        return arena_printf(a, "%llu", (unsigned long long)*(const uint64_t *)field);
    case CONF_SIZE:
        format_bytes(*(const uint64_t *)field, text);
        return arena_strdup(a, text);
    case CONF_DURATION:
        format_duration(*(const int64_t *)field, text);
        return arena_strdup(a, text);
    }
    return "";
}

struct system_setting *system_settings(struct arena *a, const struct dashd_conf *conf,
                                       size_t *ret_n)
{
    struct system_setting *settings = arena_array(a, struct system_setting, dashd_keys_n);
    struct dashd_conf defaults;

    conf_defaults(dashd_keys, dashd_keys_n, &defaults);
    for (size_t i = 0; i < dashd_keys_n; i++) {
        const struct conf_key *k = &dashd_keys[i];
        const char *value = value_of(a, k, conf);

        settings[i] = (struct system_setting){
            .name = k->name,
            .value = strcmp(k->name, "database") == 0 ? without_secrets(a, value) : value,
            .help = k->help,
            .configured = strcmp(value, value_of(a, k, &defaults)) != 0,
        };
    }
    conf_fini(dashd_keys, dashd_keys_n, &defaults);
    *ret_n = dashd_keys_n;
    return settings;
}
