/* SPDX-License-Identifier: Apache-2.0 */
/* When a connection is late: the rule alone. What follows from it is shown by http_exchange. */
#include "common/http/pace.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(the_rule)
{
    static const struct pace_limits limits = {
        .peer = {.header_usec = 100, .window_usec = 1000, .window_bytes = 50, .linger_usec = 10},
        .idle_usec = 5000,
    };
    static const struct {
        enum pace_phase phase;
        int64_t elapsed;
        uint64_t moved;
        enum pace_verdict verdict;
    } cases[] = {
        {PACE_HEADERS, 100, 0, PACE_FINE},    {PACE_HEADERS, 101, 0, PACE_LATE},
        {PACE_HEADERS, 101, 1000, PACE_LATE}, {PACE_BODY, 999, 0, PACE_FINE},
        {PACE_BODY, 1000, 49, PACE_LATE},     {PACE_BODY, 1000, 50, PACE_NEW_WINDOW},
        {PACE_BODY, 999, 50, PACE_FINE},      {PACE_REPLY, 1000000, 0, PACE_FINE},
        {PACE_IDLE, 5100, 0, PACE_FINE},      {PACE_IDLE, 5101, 0, PACE_LATE},
        {PACE_LINGER, 10, 0, PACE_FINE},      {PACE_LINGER, 11, 1000000, PACE_LATE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct pace_state s = {cases[i].phase, 700, cases[i].moved};

        ck_assert_msg(pace_judge(&limits, &s, 700 + cases[i].elapsed) == cases[i].verdict,
                      "row %zu", i);
    }
}
END_TEST

START_TEST(silence_without_a_limit)
{
    static const struct pace_limits limits = {.peer = {.header_usec = 100}};
    struct pace_state s = {PACE_IDLE, 0, 0};

    ck_assert_int_eq(pace_judge(&limits, &s, INT64_MAX), PACE_FINE);
}
END_TEST

UNIT_MAIN("http/pace", the_rule, silence_without_a_limit)
