/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
#include "dashd/view/chart.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(sparkline)
{
    static const uint32_t values[] = {0, 5, 10, 1};
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    ck_assert_str_eq(chart_spark(&a, values, 4, "last 4 h", "an hour").text,
                     "<svg class=\"spark\" viewBox=\"0 0 16 20\" role=\"img\" "
                     "aria-label=\"last 4 h: 16 crashes, at most 10 an hour\">"
                     "<path d=\"M0 20v-1h3V20M4 20v-10h3V20M8 20v-20h3V20M12 20v-2h3V20\"/></svg>");
}
END_TEST

START_TEST(sparkline_of_nothing_is_flat)
{
    static const uint32_t values[24] = {0}, huge[1] = {UINT32_MAX};
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    ck_assert_ptr_nonnull(strstr(chart_spark(&a, values, 24, "x", "y").text, "M92 20v-1h3V20\"/>"));
    ck_assert_ptr_nonnull(strstr(chart_spark(&a, huge, 1, "x", "y").text, "v-20h3"));
}
END_TEST

START_TEST(labels_of_bars_are_hostile)
{
    static const struct chart_bar bars[] = {{3, "<b>\"14:00\"", NULL}, {0, "15:00", NULL}};
    _cleanup_arena_ struct arena a;
    const char *svg;

    arena_init(&a, 0);
    svg = chart_bars(&a, bars, 2, "a & b").text;
    ck_assert_ptr_nonnull(strstr(svg, "aria-label=\"a &amp; b\""));
    ck_assert_ptr_nonnull(strstr(svg, "<title>&lt;b&gt;&#34;14:00&#34;: 3</title>"));
    ck_assert_ptr_nonnull(strstr(svg, "v-100h16"));
    ck_assert_ptr_nonnull(strstr(svg, "<title>15:00: 0</title>"));
    ck_assert_ptr_null(strstr(svg, "<b>"));
    ck_assert_ptr_null(strstr(svg, "style="));
}
END_TEST

START_TEST(bars_lead_to_what_is_behind_them)
{
    static const struct chart_bar bars[] = {{3, "14:00", "/groups?a=1&b=2"}, {0, "15:00", "/"}};
    _cleanup_arena_ struct arena a;
    const char *svg;

    arena_init(&a, 0);
    svg = chart_bars(&a, bars, 2, "hours").text;
    ck_assert_ptr_nonnull(strstr(svg, "role=\"group\""));
    ck_assert_ptr_nonnull(
        strstr(svg, "<a href=\"/groups?a=1&amp;b=2\" aria-label=\"14:00: 3\"><g>"));
    ck_assert_ptr_null(strstr(svg, "href=\"/\""));
}
END_TEST

START_TEST(scales_are_round_and_near)
{
    static const struct {
        uint64_t highest, scale;
    } cases[] = {{0, 1},
                 {1, 1},
                 {7, 7},
                 {10, 10},
                 {11, 12},
                 {13, 15},
                 {61, 80},
                 {81, 100},
                 {101, 120},
                 {5001, 6000},
                 {UINT64_MAX, UINT64_MAX}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_uint_eq(chart_scale(cases[i].highest), cases[i].scale);
    for (uint64_t n = 1; n < 100000; n += 7) {
        ck_assert_uint_ge(chart_scale(n), n);
        ck_assert_uint_le(chart_scale(n) * 3, n * 4);
    }
}
END_TEST

UNIT_MAIN("dashd/view/chart", sparkline, sparkline_of_nothing_is_flat, labels_of_bars_are_hostile,
          bars_lead_to_what_is_behind_them, scales_are_round_and_near)
