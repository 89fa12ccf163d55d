/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define YEAR_1    (-62135596800LL) /* 0001-01-01T00:00:00Z in seconds since the epoch */
#define YEAR_9999 253402300799LL   /* 9999-12-31T23:59:59Z */

static int64_t read_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

int64_t clock_now(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void clock_sleep(int64_t usec)
{
    struct timespec t = {.tv_sec = usec / USEC_PER_SEC, .tv_nsec = (usec % USEC_PER_SEC) * 1000};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

void clock_format(int64_t usec, char ret_text[static CLOCK_TEXT_SIZE])
{
    int64_t seconds = usec / USEC_PER_SEC, fraction = usec % USEC_PER_SEC;
    struct tm tm;
    time_t t;

    if (fraction < 0) {
        fraction += USEC_PER_SEC;
        seconds--;
    }
    if (seconds < YEAR_1)
        seconds = YEAR_1;
    if (seconds > YEAR_9999)
        seconds = YEAR_9999;
    t = (time_t)seconds;
    gmtime_r(&t, &tm);
    snprintf(ret_text, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
             (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
             (unsigned)tm.tm_sec % 100, (unsigned)fraction % 1000000);
}

/* Takes exactly `digits` digits off the front. */
static int take_number(struct str *s, size_t digits, int max, int *ret)
{
    uint64_t value;
    int r;

    if (s->n < digits)
        return -EINVAL;
    r = str_to_u64((struct str){s->p, digits}, (uint64_t)max, &value);
    if (r < 0)
        return -EINVAL;
    s->p += digits;
    s->n -= digits;
    *ret = (int)value;
    return 0;
}

static int take_char(struct str *s, const char *set, char *ret)
{
    for (const char *c = set; s->n && *c; c++)
        if (s->p[0] == *c) {
            if (ret)
                *ret = *c;
            s->p++;
            s->n--;
            return 0;
        }
    return -EINVAL;
}

/* ".123": up to nine digits are read, more than six are cut. */
static int take_fraction(struct str *s, int64_t *ret_usec)
{
    int64_t usec = 0, unit = 100000;
    size_t digits = 0;

    if (take_char(s, ".,", NULL) < 0)
        return 0;
    while (s->n && s->p[0] >= '0' && s->p[0] <= '9' && digits < 9) {
        usec += (s->p[0] - '0') * unit;
        unit /= 10;
        digits++;
        s->p++;
        s->n--;
    }
    if (digits == 0)
        return -EINVAL;
    *ret_usec = usec;
    return 0;
}

static int take_offset(struct str *s, int64_t *ret_seconds)
{
    int hours, minutes;
    char sign;

    if (take_char(s, "Zz", NULL) == 0) {
        *ret_seconds = 0;
        return 0;
    }
    if (take_char(s, "+-", &sign) < 0 || take_number(s, 2, 23, &hours) < 0 ||
        take_char(s, ":", NULL) < 0 || take_number(s, 2, 59, &minutes) < 0)
        return -EINVAL;
    *ret_seconds = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return 0;
}

static int take_date_time(struct str *s, struct tm *tm)
{
    if (take_number(s, 4, 9999, &tm->tm_year) < 0 || take_char(s, "-", NULL) < 0 ||
        take_number(s, 2, 12, &tm->tm_mon) < 0 || take_char(s, "-", NULL) < 0 ||
        take_number(s, 2, 31, &tm->tm_mday) < 0 || take_char(s, "Tt ", NULL) < 0 ||
        take_number(s, 2, 23, &tm->tm_hour) < 0 || take_char(s, ":", NULL) < 0 ||
        take_number(s, 2, 59, &tm->tm_min) < 0 || take_char(s, ":", NULL) < 0 ||
        take_number(s, 2, 60, &tm->tm_sec) < 0)
        return -EINVAL;
    if (tm->tm_year < 1 || tm->tm_mon < 1 || tm->tm_mday < 1)
        return -EINVAL;
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    return 0;
}

int clock_parse(struct str s, int64_t *ret_usec)
{
    struct tm tm = {0}, normal;
    int64_t fraction = 0, offset;
    time_t t;

    if (take_date_time(&s, &tm) < 0 || take_fraction(&s, &fraction) < 0 ||
        take_offset(&s, &offset) < 0 || s.n != 0)
        return -EINVAL;
    normal = tm;
    t = timegm(&normal);
    /* timegm() turns the 31st of February into March: such a date is a mistake (a leap second is
     * not). */
    if (normal.tm_mday != tm.tm_mday && tm.tm_sec != 60)
        return -EINVAL;
    *ret_usec = ((int64_t)t - offset) * USEC_PER_SEC + fraction;
    return 0;
}
