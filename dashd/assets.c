/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/assets.h"

#include <assert.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "dashd/api.h"
#include "dashd/page.h"

/* symbol[] and symbol_end[] hold the file's bytes: of this tree, or as templates.mk makes it, which
 * knows that this object depends on the files. */
#define EMBED(symbol, path)                                                                        \
    __asm__(".section .rodata\n" #symbol ":\n.incbin \"" path "\"\n" #symbol                       \
            "_end:\n.byte 0\n.previous\n");                                                        \
    extern const char symbol[], symbol##_end[]

EMBED(asset_style, "static/corral.css");
EMBED(asset_script, "static/corral.js");
EMBED(asset_icon, "dashd/static/icon.svg");
EMBED(asset_openapi, "dashd/static/openapi.json");

static const struct asset {
    const char *name, *type;
    const char *data, *end;
} assets[] = {
    {"corral.css", "text/css; charset=utf-8", asset_style, asset_style_end},
    {"corral.js", "text/javascript; charset=utf-8", asset_script, asset_script_end},
    {"icon.svg", "image/svg+xml", asset_icon, asset_icon_end},
    {"openapi.json", "application/json", asset_openapi, asset_openapi_end},
};

static const struct asset *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(assets); i++)
        if (strcmp(assets[i].name, name) == 0)
            return &assets[i];
    return NULL;
}

/* The first 12 digits of the content's SHA-256. */
static const char *digest_of(struct arena *a, const struct asset *s)
{
    char text[SHA256_TEXT_SIZE];

    sha256_text(s->data, (size_t)(s->end - s->data), text);
    return arena_strndup(a, text, 12);
}

const char *asset_path(struct arena *a, const char *name)
{
    const struct asset *s = find(name);

    assert(s);
    return arena_printf(a, "/static/%s/%s", digest_of(a, s), name);
}

void handle_static(struct request *q, struct response *r)
{
    const struct asset *s = find(request_param(q, "name"));
    const char *digest;

    if (!s) {
        page_problem(q, r, 404, "There is no such file.");
        return;
    }
    digest = digest_of(request_arena(q), s);
    response_header(r, "ETag", arena_printf(request_arena(q), "\"%s\"", digest));
    /* Under another digest's address (a page of another version is open) the file is served, but
     * not to be kept. */
    response_header(r, "Cache-Control",
                    strcmp(digest, request_param(q, "digest")) == 0
                        ? "public, max-age=31536000, immutable"
                        : "no-cache");
    response_type(r, s->type);
    response_static(r, s->data, (size_t)(s->end - s->data));
}

/* It tells of the program and of nothing that the program knows, so it is for all. */
void api_openapi(struct request *q, struct response *r)
{
    const struct asset *s = find("openapi.json");

    response_header(r, "ETag",
                    arena_printf(request_arena(q), "\"%s\"", digest_of(request_arena(q), s)));
    response_header(r, "Cache-Control", "no-cache");
    response_type(r, s->type);
    response_static(r, s->data, (size_t)(s->end - s->data));
}
