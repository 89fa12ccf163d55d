/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/metrics.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

enum { ACCEPTED, REFUSED, DEPTH, SECONDS };

static const struct metric table[] = {
    [ACCEPTED] = {"corral_uploads_total", METRIC_COUNTER, "result=\"accepted\"", "Uploads."},
    [REFUSED] = {"corral_uploads_total", METRIC_COUNTER, "result=\"refused\"", NULL},
    [DEPTH] = {"corral_queue_jobs", METRIC_GAUGE, NULL, "Jobs that wait."},
    [SECONDS] = {"corral_duration_seconds", METRIC_HISTOGRAM, NULL, "How long."},
};

START_TEST(text)
{
    struct metrics *m = metrics_new(table, ARRAY_SIZE(table));
    _cleanup_buf_ struct buf b;

    buf_init(&b, 65536);
    metrics_add(m, ACCEPTED, 3);
    metrics_set(m, DEPTH, -2);
    metrics_observe(m, SECONDS, 700);
    metrics_observe(m, SECONDS, 90000000);
    metrics_print(m, &b);
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "# HELP corral_uploads_total Uploads.\n"
                                               "# TYPE corral_uploads_total counter\n"
                                               "corral_uploads_total{result=\"accepted\"} 3\n"
                                               "corral_uploads_total{result=\"refused\"} 0\n"
                                               "# HELP corral_queue_jobs"));
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "corral_queue_jobs -2\n"));
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "_bucket{le=\"0.0005\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "_bucket{le=\"0.001\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "_bucket{le=\"60\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "_bucket{le=\"+Inf\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "_sum 90.000700\n"));
    ck_assert_ptr_nonnull(strstr(buf_text(&b), "_count 2\n"));
    metrics_free(m);
}
END_TEST

START_TEST(children_count_into_the_same_cells)
{
    struct metrics *m = metrics_new(table, ARRAY_SIZE(table));

    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            for (int k = 0; k < 1000; k++)
                metrics_add(m, ACCEPTED, 1);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    ck_assert_int_eq(metrics_get(m, ACCEPTED), 4000);
    metrics_free(m);
}
END_TEST

UNIT_MAIN("base/metrics", text, children_count_into_the_same_cells)
