/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/view/filter.h"

#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "dashd/view/html.h"
#include "dashd/view/listing.h"

#define ADDRESS_MAX 4096
#define PERCENT_MAX (64 * 1024)

/* "KEY.ID" of the last row seen. */
static bool parse_cursor(const char *text, struct filter *f)
{
    struct str rest = str_from(text), key;

    f->has_after = true;
    return str_split(&rest, '.', &key) && str_to_i64(key, &f->after_key) == 0 &&
           str_to_i64(rest, &f->after_id) == 0 && f->after_id >= 0 && f->after_id <= INT32_MAX;
}

const char *filter_parse(const char *text, const char *cursor, struct arena *a, struct filter *ret)
{
    struct str trimmed = str_trim(str_from(text));
    struct filter f = {0};
    char *copy;

    if (trimmed.n > FILTER_TEXT_MAX)
        return "the searched text is too long: 200 bytes at most";
    if (!cstr_empty(cursor) && !parse_cursor(cursor, &f))
        return "cursor is not one that a page of this list gave: begin at the first page";
    copy = arena_strndup(a, trimmed.p, trimmed.n);
    utf8_repair(copy, trimmed.n);
    f.text = copy;
    *ret = f;
    return NULL;
}

static const char *address(const struct filter *f, struct arena *a, const char *cursor)
{
    _cleanup_buf_ struct buf b = BUF_INIT(ADDRESS_MAX);

    if (*f->text) {
        buf_adds(&b, "?q=");
        html_percent(&b, f->text);
    }
    if (cursor)
        buf_printf(&b, "%ccursor=%s", b.len ? '&' : '?', cursor);
    return arena_strdup(a, buf_text(&b));
}

const char *filter_address(const struct filter *f, struct arena *a)
{
    return address(f, a, NULL);
}

const char *filter_after(const struct filter *f, struct arena *a, int64_t key, int64_t id)
{
    return address(f, a, listing_cursor(a, key, id));
}

const char *filter_percent(struct arena *a, const char *text)
{
    _cleanup_buf_ struct buf b = BUF_INIT(PERCENT_MAX);

    html_percent(&b, text);
    return buf_error(&b) ? "" : arena_strdup(a, buf_text(&b));
}
