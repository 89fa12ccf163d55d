/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/spool */
/* Texts of budgets, and buckets under clocks that stand, run and jump. */
#include "client/spool/budget.h"

#include <string.h>

#include "client/spool/settings.h"
#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define HOUR (3600 * USEC_PER_SEC)
#define NOW  (1800000000 * USEC_PER_SEC)

START_TEST(texts)
{
    struct budget_error error;
    struct budget b;

    ck_assert_int_eq(
        budget_parse(STR("kind 1/7d, executable 4/1h,container 8/10min , host 16/30s"), &b, &error),
        0);
    ck_assert_int_eq(b.limits[BUDGET_KIND].burst, 1);
    ck_assert_int_eq(b.limits[BUDGET_KIND].interval, 7 * 24 * HOUR);
    ck_assert_int_eq(b.limits[BUDGET_EXECUTABLE].burst, 4);
    ck_assert_int_eq(b.limits[BUDGET_EXECUTABLE].interval, HOUR / 4);
    ck_assert_int_eq(b.limits[BUDGET_CONTAINER].interval, 600 * USEC_PER_SEC / 8);
    ck_assert_int_eq(b.limits[BUDGET_HOST].burst, 16);
    ck_assert_int_eq(b.limits[BUDGET_HOST].interval, 30 * USEC_PER_SEC / 16);

    ck_assert_int_eq(budget_parse(STR(" host  2/1s "), &b, &error), 0);
    ck_assert_int_eq(b.limits[BUDGET_KIND].interval, 0);
    ck_assert_int_eq(b.limits[BUDGET_HOST].burst, 2);
    ck_assert_int_eq(budget_parse(STR(" off"), &b, &error), 0);
    for (size_t i = 0; i < BUDGET_SCOPES; i++)
        ck_assert_int_eq(b.limits[i].interval, 0);
}
END_TEST

/* Each mistake is shown by its word, and leaves what was there. */
START_TEST(mistakes)
{
    static const struct {
        const char *text, *word;
    } rows[] = {
        {"", "''"},
        {"kind", "''"},
        {"kind 1/7d,", "''"},
        {"kind 1/7d, hots 1/1h", "'hots'"},
        {"kind 1/7d kind 2/1h", "'1/7d kind 2/1h'"},
        {"kind 1/7d, kind 2/1h", "'kind'"},
        {"kind 5", "'5'"},
        {"kind 0/1h", "'0/1h'"},
        {"kind -1/1h", "'-1/1h'"},
        {"kind 1000001/1h", "'1000001/1h'"},
        {"kind 1/0s", "'1/0s'"},
        {"kind 1/367d", "'1/367d'"},
        {"kind 1/99999999999999999999h", "'1/99999999999999999999h'"},
        {"kind 1/1w", "'1/1w'"},
        {"kind 1/h", "'1/h'"},
        {"kind 1/", "'1/'"},
        {"off, kind 1/1h", "'off'"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct budget b = {.limits[0].burst = 77};
        struct budget_error error = {{0}};

        ck_assert_msg(budget_parse(str_from(rows[i].text), &b, &error) == BUDGET_MALFORMED, "%s",
                      rows[i].text);
        ck_assert_msg(strstr(error.message, rows[i].word) != NULL, "%s: %s", rows[i].text,
                      error.message);
        ck_assert_int_eq(b.limits[0].burst, 77);
    }
}
END_TEST

START_TEST(settings_name_the_key)
{
    struct settings s;

    conf_defaults(settings_keys, settings_n_keys, &s);
    ck_assert_ptr_null(settings_check(&s));
    free(s.budget_slim);
    s.budget_slim = strdup("kind 5/10min, cluster 3/1h");
    ck_assert_str_eq(settings_check(&s),
                     "budget_slim: expected kind, executable, container or host, in place of: "
                     "'cluster'");
    settings_fini(&s);
}
END_TEST

static int taken(const struct budget_limit *l, int64_t *bucket, int64_t now)
{
    int n = 0;

    *bucket = budget_now(l, now, *bucket);
    while (n < 1000 && budget_take(l, now, bucket) == 0)
        n++;
    return n;
}

START_TEST(a_burst_and_then_the_rate)
{
    const struct budget_limit l = {.burst = 5, .interval = 120 * USEC_PER_SEC};
    int64_t bucket = 0;

    ck_assert_int_eq(taken(&l, &bucket, NOW), 5);
    ck_assert_int_eq(taken(&l, &bucket, NOW + l.interval - 1), 0);
    ck_assert_int_eq(taken(&l, &bucket, NOW + l.interval), 1);
    ck_assert_int_eq(taken(&l, &bucket, NOW + 3 * l.interval), 2);
    ck_assert_int_eq(taken(&l, &bucket, NOW + 1000 * l.interval), 5);
    ck_assert_int_eq(taken(&(struct budget_limit){0}, &bucket, NOW), 1000);
}
END_TEST

START_TEST(what_is_given_back_can_be_taken_again)
{
    const struct budget_limit l = {.burst = 3, .interval = HOUR};
    int64_t bucket = 0;

    ck_assert_int_eq(taken(&l, &bucket, NOW), 3);
    budget_give_back(&l, &bucket);
    ck_assert_int_eq(taken(&l, &bucket, NOW), 1);
}
END_TEST

/* Set back by years, the bucket is empty but begins to fill at once; whatever a damaged file holds
 * is no worse. */
START_TEST(clocks_that_jump)
{
    const struct budget_limit l = {.burst = 4, .interval = HOUR};
    static const int64_t damaged[] = {INT64_MIN, -1, INT64_MAX, INT64_MAX - 1};
    int64_t bucket = 0;

    ck_assert_int_eq(taken(&l, &bucket, NOW), 4);
    ck_assert_int_eq(taken(&l, &bucket, NOW - 30000 * HOUR), 0);
    ck_assert_int_eq(taken(&l, &bucket, NOW - 29999 * HOUR), 1);
    ck_assert_int_eq(taken(&l, &bucket, NOW - 29996 * HOUR), 3);
    ck_assert_int_eq(taken(&l, &bucket, NOW + 30000 * HOUR), 4);
    for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
        bucket = damaged[i];
        (void)taken(&l, &bucket, NOW);
        ck_assert_int_eq(taken(&l, &bucket, NOW + 4 * HOUR), 4);
    }
}
END_TEST

UNIT_MAIN("client/budget", texts, mistakes, settings_name_the_key, a_burst_and_then_the_rate,
          what_is_given_back_can_be_taken_again, clocks_that_jump)
