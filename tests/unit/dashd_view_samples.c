/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
#include "dashd/view/samples.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static const char text[] = "# HELP corral_workers How many.\n"
                           "# TYPE corral_workers gauge\n"
                           "corral_workers_dead 9\n"
                           "corral_workers 2\n"
                           "corral_queue_jobs{state=\"waiting\"} 17\n"
                           "corral_queue_jobs{state=\"dead\"} nothing\n"
                           "corral_build_info{program=\"x\",version=\"0.1\"} 1\n"
                           "corral_seconds 0.25";

START_TEST(values)
{
    double value = -1;

    ck_assert(samples_find(text, "corral_workers", &value));
    ck_assert_double_eq(value, 2);
    ck_assert(samples_find(text, "corral_queue_jobs{state=\"waiting\"}", &value));
    ck_assert_double_eq(value, 17);
    ck_assert(samples_find(text, "corral_seconds", &value));
    ck_assert_double_eq(value, 0.25);
    ck_assert(!samples_find(text, "corral_queue_jobs{state=\"dead\"}", &value));
    ck_assert(!samples_find(text, "corral_queue_jobs", &value));
    ck_assert(!samples_find(text, "corral", &value));
    ck_assert(!samples_find("", "corral", &value));
    ck_assert_double_eq(value, 0.25);
}
END_TEST

START_TEST(labels)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(samples_label(&a, text, "corral_build_info", "version"), "0.1");
    ck_assert_ptr_null(samples_label(&a, text, "corral_build_info", "nothing"));
    ck_assert_ptr_null(samples_label(&a, text, "corral_workers", "state"));
    ck_assert_ptr_null(samples_label(&a, "", "corral_build_info", "version"));
    ck_assert_ptr_null(samples_label(&a, "b{v=\"1", "b", "v"));
}
END_TEST

UNIT_MAIN("dashd/view/samples", values, labels)
