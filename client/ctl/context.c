/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

#define CACHE_MAX "10G"

static const struct conf_key general_keys[] = {
    {"context", CONF_TEXT, offsetof(struct ctl_conf, context), NULL, 0, 0,
     "the section that is meant when --context is not given"},
    {"cache_max", CONF_SIZE, offsetof(struct ctl_conf, cache_max), CACHE_MAX, 1 << 20, 0,
     "bytes that fetched cores and modules may have"},
};

static const struct conf_key context_keys[] = {
    {"server", CONF_TEXT, offsetof(struct context, server), NULL, 0, 0, "URL of the dashboard"},
    {"ingest", CONF_TEXT, offsetof(struct context, ingest), NULL, 0, 0, "URL of corral-ingestd"},
    {"token_file", CONF_TEXT, offsetof(struct context, token_file), NULL, 0, 0,
     "file with the token"},
    {"ca_file", CONF_TEXT, offsetof(struct context, ca_file), NULL, 0, 0,
     "authorities that may vouch for the server"},
};

/* "[name]" → name; empty for a line that is none. */
static struct str header_of(struct str line)
{
    line = str_trim(line);
    if (line.n < 3 || line.p[0] != '[' || line.p[line.n - 1] != ']')
        return (struct str){0};
    return str_trim((struct str){line.p + 1, line.n - 2});
}

/* Cuts *rest before the next header, which goes to *ret_name (empty at the end). */
static struct str cut_section(struct str *rest, unsigned *lines, struct str *ret_name)
{
    struct str section = {rest->p, 0}, line;

    *ret_name = (struct str){0};
    while (str_split(rest, '\n', &line)) {
        ++*lines;
        *ret_name = header_of(line);
        if (ret_name->n > 0)
            break;
        section.n = (size_t)(line.p + line.n - section.p);
    }
    return section;
}

static int parse_sections(struct str rest, const char *name, unsigned lines, struct str header,
                          struct ctl_conf *c, struct conf_error *error)
{
    bool found = false;

    while (header.n > 0) {
        bool wanted = name && str_eq(header, str_from(name));
        struct context section = {0};
        unsigned first = lines;
        struct str text = cut_section(&rest, &lines, &header);
        int r;

        conf_defaults(context_keys, ARRAY_SIZE(context_keys), &section);
        r = conf_parse(context_keys, ARRAY_SIZE(context_keys), text, &section, error);
        if (r == 0 && wanted && !found) {
            c->chosen = section;
            found = true;
        } else {
            conf_fini(context_keys, ARRAY_SIZE(context_keys), &section);
        }
        if (r < 0) {
            error->line += first;
            return r;
        }
    }
    return found || !name ? 0 : CONTEXT_UNKNOWN;
}

int context_parse(struct str text, const char *name, struct ctl_conf *ret,
                  struct conf_error *ret_error)
{
    unsigned lines = 0;
    struct str header, general = cut_section(&text, &lines, &header);
    int r;

    *ret = (struct ctl_conf){0};
    conf_defaults(general_keys, ARRAY_SIZE(general_keys), ret);
    r = conf_parse(general_keys, ARRAY_SIZE(general_keys), general, ret, ret_error);
    if (r < 0)
        return r;
    return parse_sections(text, name ?: ret->context, lines, header, ret, ret_error);
}

static void expand(char **path, const char *home)
{
    char *whole;

    if (!*path || !cstr_starts(*path, "~/") || asprintf(&whole, "%s%s", home, *path + 1) < 0)
        return;
    free(*path);
    *path = whole;
}

void context_expand(struct context *c, const char *home)
{
    expand(&c->token_file, home);
    expand(&c->ca_file, home);
}

void context_fini(struct ctl_conf *c)
{
    conf_fini(general_keys, ARRAY_SIZE(general_keys), c);
    conf_fini(context_keys, ARRAY_SIZE(context_keys), &c->chosen);
}
