/* SPDX-License-Identifier: Apache-2.0 */
#include "client/spool/budget.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/base/cleanup.h"

#define WORD_MAX 40 /* of a wrong word, in the message */

static const char *const scopes[BUDGET_SCOPES] = {
    [BUDGET_KIND] = "kind",
    [BUDGET_EXECUTABLE] = "executable",
    [BUDGET_CONTAINER] = "container",
    [BUDGET_HOST] = "host",
};

static const struct {
    const char *suffix;
    int64_t usec;
} units[] = {
    {"s", USEC_PER_SEC},
    {"min", 60 * USEC_PER_SEC},
    {"h", 3600 * USEC_PER_SEC},
    {"d", 86400 * USEC_PER_SEC},
};

/* --- The text --- */

static int wrong(struct budget_error *e, const char *what, struct str word)
{
    size_t n = utf8_valid_prefix(word.p, word.n < WORD_MAX ? word.n : WORD_MAX);

    snprintf(e->message, sizeof(e->message), "%s: '%.*s'", what, (int)n, n ? word.p : "");
    return BUDGET_MALFORMED;
}

static bool parse_period(struct str s, int64_t *ret)
{
    uint64_t number;
    size_t digits = 0;

    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    if (str_to_u64((struct str){s.p, digits}, BUDGET_PERIOD_MAX / USEC_PER_SEC, &number) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (str_eq((struct str){s.p + digits, s.n - digits}, str_from(units[i].suffix))) {
            if ((int64_t)number > BUDGET_PERIOD_MAX / units[i].usec)
                return false;
            *ret = (int64_t)number * units[i].usec;
            return *ret >= BUDGET_PERIOD_MIN;
        }
    return false;
}

/* "16/1h" */
static int parse_rate(struct str word, struct budget_limit *ret, struct budget_error *e)
{
    struct str rest = word, number;
    uint64_t burst;
    int64_t period;

    if (!str_split(&rest, '/', &number) || !rest.p)
        return wrong(e, "expected a number and a time, such as 16/1h, in place of", word);
    if (str_to_u64(str_trim(number), BUDGET_BURST_MAX, &burst) < 0 || burst == 0)
        return wrong(e, "expected a number from 1 to 1000000 before the slash of", word);
    if (!parse_period(str_trim(rest), &period))
        return wrong(e, "expected 1s to 366d, in s, min, h or d, behind the slash of", word);
    *ret = (struct budget_limit){.burst = (int64_t)burst, .interval = period / (int64_t)burst};
    return 0;
}

static int parse_limit(struct str part, struct budget *b, struct budget_error *e)
{
    struct str rest = str_trim(part), name;

    if (rest.n == 0 || !str_split(&rest, ' ', &name))
        return wrong(e, "expected kind, executable, container or host, in place of", rest);
    for (size_t i = 0; i < BUDGET_SCOPES; i++) {
        if (!str_eq(name, str_from(scopes[i])))
            continue;
        if (b->limits[i].interval != 0)
            return wrong(e, "given twice", name);
        return parse_rate(str_trim(rest), &b->limits[i], e);
    }
    return wrong(e, "expected kind, executable, container or host, in place of", name);
}

int budget_parse(struct str text, struct budget *ret, struct budget_error *ret_error)
{
    struct budget b = {0};
    struct str part;

    text = str_trim(text);
    if (!text.p)
        text = STR("");
    if (!str_eq(text, STR("off")))
        while (str_split(&text, ',', &part)) {
            int r = parse_limit(part, &b, ret_error);

            if (r != 0)
                return r;
        }
    *ret = b;
    return 0;
}

/* --- The bucket --- */

int64_t budget_now(const struct budget_limit *l, int64_t now, int64_t full_at)
{
    int64_t latest = now + l->burst * l->interval;

    return full_at < latest ? full_at : latest;
}

int budget_take(const struct budget_limit *l, int64_t now, int64_t *full_at)
{
    int64_t base = *full_at > now ? *full_at : now;

    if (l->interval == 0)
        return 0;
    if (base + l->interval > now + l->burst * l->interval)
        return BUDGET_EMPTY;
    *full_at = base + l->interval;
    return 0;
}

void budget_give_back(const struct budget_limit *l, int64_t *full_at)
{
    *full_at -= l->interval;
}
