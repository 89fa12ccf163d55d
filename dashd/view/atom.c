/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/atom.h"

#include <ctype.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/codepoint.h"
#include "common/base/str.h"
#include "dashd/view/html.h"

/* --- Ids --- */

/* The host of an address without user and port; "" when there is none. */
static struct str host_of(struct str url)
{
    ptrdiff_t at = str_find(url, STR("://"));
    struct str host = url;

    if (at >= 0)
        host = (struct str){url.p + at + 3, url.n - (size_t)at - 3};
    return (struct str){host.p, strcspn(host.p, ":/?#")};
}

/* The path without its first slash. */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://"), *slash = strchr(host ? host + 3 : url, '/');

    return slash ? slash + 1 : "";
}

/* An authority is made of letters, digits, dots and minuses: an address of IPv6 has others. */
const char *atom_id(struct arena *a, const char *public_url, const char *specific)
{
    struct str host = host_of(str_from(public_url));
    const char *path = path_of(public_url);
    char *name = arena_strndup(a, host.p, host.n);

    for (char *p = name; *p; p++)
        *p = (char)(isalnum((unsigned char)*p) || *p == '.' ? tolower((unsigned char)*p) : '-');
    return arena_printf(a, "tag:%s,2026:%s%s%s", *name ? name : "localhost", path, *path ? "/" : "",
                        specific);
}

/* --- Elements --- */

/* U+FFFE and U+FFFF are characters of Unicode and none of XML; html_escape writes all else as XML
 * has it. */
static void put_text(struct buf *b, const char *text)
{
    struct str rest = str_from(text);

    while (rest.n > 0) {
        const char *start = rest.p;
        uint32_t c = codepoint_next(&rest);

        if ((c & 0xfffe) == 0xfffe)
            codepoint_put(b, CODEPOINT_BAD);
        else
            html_escape(b, (struct str){start, (size_t)(rest.p - start)});
    }
}

static void element(struct buf *b, const char *name, const char *text)
{
    buf_printf(b, "<%s>", name);
    put_text(b, text);
    buf_printf(b, "</%s>\n", name);
}

static void time_element(struct buf *b, const char *name, int64_t at)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(at, text);
    element(b, name, text);
}

static void link_to(struct buf *b, const char *rel, const char *type, const char *href)
{
    buf_printf(b, "<link rel=\"%s\" type=\"%s\" href=\"", rel, type);
    put_text(b, href);
    buf_adds(b, "\"/>\n");
}

void atom_begin(struct buf *b, const struct atom_head *h)
{
    buf_adds(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                "<feed xmlns=\"http://www.w3.org/2005/Atom\">\n");
    element(b, "id", h->id);
    element(b, "title", h->title);
    time_element(b, "updated", h->updated);
    link_to(b, "self", "application/atom+xml", h->self);
    link_to(b, "alternate", "text/html", h->page);
    buf_adds(b, "<author><name>Corral</name></author>\n");
}

void atom_entry(struct buf *b, const struct atom_entry *e)
{
    buf_adds(b, "<entry>\n");
    element(b, "id", e->id);
    element(b, "title", e->title);
    time_element(b, "updated", e->updated);
    link_to(b, "alternate", "text/html", e->page);
    buf_adds(b, "<category term=\"");
    put_text(b, e->category);
    buf_adds(b, "\"/>\n");
    element(b, "summary", e->summary);
    buf_adds(b, "</entry>\n");
}

void atom_end(struct buf *b)
{
    buf_adds(b, "</feed>\n");
}
