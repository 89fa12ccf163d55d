/* SPDX-License-Identifier: Apache-2.0 */
/* Light, dark, or as the browser likes it: a cookie, which the server reads, so that no page is
 * drawn in one and then in the other. */
#include "dashd/page.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "dashd/app.h"

#define THEME_COOKIE  "corral_colours"
#define THEME_SECONDS 31536000

const struct page_theme page_themes[] = {
    {"auto", "", "as the system"},
    {"light", "light", "light"},
    {"dark", "dark", "dark"},
};
const size_t page_themes_n = ARRAY_SIZE(page_themes);

/* The first one for whatever is none. */
static const struct page_theme *find(const char *name)
{
    for (size_t i = 0; name && i < ARRAY_SIZE(page_themes); i++)
        if (strcmp(page_themes[i].name, name) == 0)
            return &page_themes[i];
    return &page_themes[0];
}

const char *page_theme_class(struct request *q)
{
    return find(request_cookie(q, THEME_COOKIE))->class;
}

void handle_theme(struct request *q, struct response *r)
{
    const struct app *app = request_app(q);
    const char *path = request_base_path(q);
    const struct page_theme *theme = find(request_form(q, "theme"));
    bool https = cstr_starts(app->conf->public_url, "https://");

    if (access_check_form(q, r))
        return;
    response_header(r, "Set-Cookie",
                    arena_printf(request_arena(q),
                                 THEME_COOKIE "=%s; Path=%s; Max-Age=%d; HttpOnly; SameSite=Lax%s",
                                 theme->name, *path ? path : "/", *theme->class ? THEME_SECONDS : 0,
                                 https ? "; Secure" : ""));
    response_redirect(r, q, access_safe_path(request_form(q, "next")));
}
