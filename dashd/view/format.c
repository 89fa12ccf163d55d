/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/format.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

void format_count(uint64_t n, char ret[static FORMAT_SIZE])
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, n), out = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            ret[out++] = ',';
        ret[out++] = digits[i];
    }
    ret[out] = '\0';
}

void format_bytes(uint64_t n, char ret[static FORMAT_SIZE])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    double value = (double)n / 1024;

    if (n < 1024) {
        snprintf(ret, FORMAT_SIZE, "%" PRIu64 " bytes", n);
        return;
    }
    /* 1023.95 would be printed as 1024.0. */
    while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1024;
        unit++;
    }
    snprintf(ret, FORMAT_SIZE, "%.1f %s", value, units[unit]);
}

void format_ago(int64_t at, int64_t now, char ret[static FORMAT_SIZE])
{
    static const struct {
        int64_t below, unit;
        const char *word;
    } steps[] = {{MINUTE, USEC_PER_SEC, "s"},
                 {HOUR, MINUTE, "min"},
                 {2 * DAY, HOUR, "h"},
                 {INT64_MAX, DAY, "days"}};
    int64_t distance;
    size_t i = 0;

    if (__builtin_sub_overflow(now, at, &distance) || distance == INT64_MIN)
        distance = INT64_MAX;
    if (distance > -USEC_PER_SEC && distance < 2 * USEC_PER_SEC) {
        snprintf(ret, FORMAT_SIZE, "just now");
        return;
    }
    at = distance < 0 ? -distance : distance;
    while (at >= steps[i].below && steps[i].below != INT64_MAX)
        i++;
    snprintf(ret, FORMAT_SIZE, "%s%" PRId64 " %s%s", distance < 0 ? "in " : "", at / steps[i].unit,
             steps[i].word, distance < 0 ? "" : " ago");
}

void format_time(int64_t at, char ret[static FORMAT_SIZE])
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(at, text);
    snprintf(ret, FORMAT_SIZE, "%.10s %.8s UTC", text, text + 11);
}

void format_change(uint64_t now, uint64_t before, char ret[static FORMAT_SIZE])
{
    double percent;

    if (now == before) {
        snprintf(ret, FORMAT_SIZE, "as many as");
        return;
    }
    if (before == 0) {
        snprintf(ret, FORMAT_SIZE, "none");
        return;
    }
    percent = ((double)now - (double)before) * 100 / (double)before;
    if (percent > 1000)
        snprintf(ret, FORMAT_SIZE, "more than ten times");
    else
        snprintf(ret, FORMAT_SIZE, "%s%.0f %% against", percent < 0 ? "−" : "+",
                 percent < 0 ? -percent : percent);
}

void format_duration(int64_t usec, char ret[static FORMAT_SIZE])
{
    if (usec < 0)
        snprintf(ret, FORMAT_SIZE, "less than nothing (a clock is wrong)");
    else if (usec < USEC_PER_SEC)
        snprintf(ret, FORMAT_SIZE, "%" PRId64 " ms", usec / USEC_PER_MSEC);
    else if (usec < MINUTE)
        snprintf(ret, FORMAT_SIZE, "%" PRId64 " s", usec / USEC_PER_SEC);
    else if (usec < HOUR)
        snprintf(ret, FORMAT_SIZE, "%" PRId64 " min", usec / MINUTE);
    else if (usec < 2 * DAY)
        snprintf(ret, FORMAT_SIZE, "%" PRId64 " h %" PRId64 " min", usec / HOUR,
                 usec % HOUR / MINUTE);
    else
        snprintf(ret, FORMAT_SIZE, "%" PRId64 " days", usec / DAY);
}
