/* SPDX-License-Identifier: Apache-2.0 */
#include "common/search/moment.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/clock.h"

#define AGE_NUMBER_MAX 100000u
#define DAY_USEC       (24 * 3600 * USEC_PER_SEC)
#define DAY_LENGTH     10              /* "2026-11-21" */
#define MSEC_MAX       253402300799999 /* the end of the year 9999 */

static const struct {
    char letter;
    int64_t usec;
} units[] = {
    {'s', USEC_PER_SEC},
    {'m', 60 * USEC_PER_SEC},
    {'h', 3600 * USEC_PER_SEC},
    {'d', 24 * 3600 * USEC_PER_SEC},
    {'w', 7 * 24 * 3600 * USEC_PER_SEC},
};

static int parse_age(struct str s, int64_t *ret)
{
    uint64_t n;

    for (size_t i = 0; s.n > 1 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (s.p[s.n - 1] != units[i].letter)
            continue;
        if (str_to_u64((struct str){s.p, s.n - 1}, AGE_NUMBER_MAX, &n) < 0)
            return -EINVAL;
        *ret = (int64_t)n * units[i].usec;
        return 0;
    }
    return -EINVAL;
}

static int parse_day(struct str s, int64_t *ret)
{
    char text[CLOCK_TEXT_SIZE];

    if (s.n != DAY_LENGTH)
        return -EINVAL;
    snprintf(text, sizeof(text), "%.*sT00:00:00Z", (int)s.n, s.p);
    return clock_parse(str_from(text), ret);
}

int search_moment_parse(struct str s, int64_t now, struct search_moment *ret)
{
    int64_t at;

    if (parse_age(s, &at) == 0)
        *ret = (struct search_moment){MOMENT_AGE, now - at, now - at};
    else if (parse_day(s, &at) == 0)
        *ret = (struct search_moment){MOMENT_DAY, at, at + DAY_USEC};
    else if (clock_parse(s, &at) == 0)
        *ret = (struct search_moment){MOMENT_POINT, at, at};
    else
        return -EINVAL;
    return 0;
}

int search_range_parse(struct str s, int64_t now, int64_t *ret)
{
    struct search_moment m;
    uint64_t msec;

    if (str_eq(s, STR("now"))) {
        *ret = now;
        return 0;
    }
    if (str_to_u64(s, MSEC_MAX, &msec) == 0) {
        *ret = (int64_t)msec * USEC_PER_MSEC;
        return 0;
    }
    if (str_starts(s, STR("now-")))
        s = (struct str){s.p + 4, s.n - 4};
    if (search_moment_parse(s, now, &m) < 0)
        return -EINVAL;
    *ret = m.begin;
    return 0;
}
