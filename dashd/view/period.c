/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/period.h"

#include "common/base/str.h"
#include "common/search/moment.h"

static int parse(const char *text, int64_t now, const char **ret_text, int64_t *ret)
{
    if (cstr_empty(text))
        return 0;
    *ret_text = text;
    return search_range_parse(str_from(text), now, ret);
}

const char *period_parse(const char *from, const char *to, int64_t now, struct period *ret)
{
    struct period p = {0};

    if (parse(from, now, &p.from_text, &p.from) < 0 || parse(to, now, &p.to_text, &p.to) < 0)
        return "from and to take now, now-24h, a day as 2026-11-21, a time as in RFC 3339, or "
               "milliseconds since 1970";
    if (p.from_text && p.to_text && p.from >= p.to)
        return "from must be earlier than to";
    *ret = p;
    return NULL;
}
