/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/params.h"

#include <string.h>

#include "common/http/framing.h"

struct str params_open(struct params *p, char *text, size_t n)
{
    char *semicolon = n ? memchr(text, ';', n) : NULL;

    p->end = text + n;
    p->at = semicolon ? semicolon : p->end;
    return str_trim((struct str){text, (size_t)(p->at - text)});
}

static void skip_blanks(struct params *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t'))
        p->at++;
}

/* Everything up to one of the stops. */
static struct str take_until(struct params *p, const char *stops)
{
    struct str s = {p->at, 0};

    while (p->at < p->end && !strchr(stops, *p->at))
        p->at++;
    s.n = (size_t)(p->at - s.p);
    return s;
}

/* Behind the opening quote; false when there is no closing one. */
static bool take_quoted(struct params *p, struct str *ret)
{
    char *start = p->at, *out = p->at;

    while (p->at < p->end && *p->at != '"') {
        if (*p->at == '\\' && p->end - p->at > 1 && (p->at[1] == '"' || p->at[1] == '\\'))
            p->at++;
        *out++ = *p->at++;
    }
    if (p->at == p->end)
        return false;
    p->at++;
    *ret = (struct str){start, (size_t)(out - start)};
    return true;
}

static bool take_value(struct params *p, struct str *ret)
{
    if (p->at < p->end && *p->at == '"') {
        p->at++;
        return take_quoted(p, ret);
    }
    *ret = take_until(p, "; \t");
    return framing_token(*ret);
}

int params_next(struct params *p, struct str *ret_name, struct str *ret_value)
{
    struct str name, value;

    skip_blanks(p);
    if (p->at == p->end)
        return PARAMS_END;
    if (*p->at++ != ';')
        return PARAMS_BAD;
    skip_blanks(p);
    if (p->at == p->end)
        return PARAMS_END; /* a semicolon too many is common */
    name = take_until(p, "=; \t");
    if (!framing_token(name) || p->at == p->end || *p->at++ != '=' || !take_value(p, &value))
        return PARAMS_BAD;
    *ret_name = name;
    *ret_value = value;
    return 0;
}
