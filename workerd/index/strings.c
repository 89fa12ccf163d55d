/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's texts: a pointer that was seen lately is only compared with what it said then, all
 * others are looked up by what they say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "workerd/index/tables.h"

#define STUB_SUFFIX "@plt"

#define CACHE_SHIFT 52 /* leaves as many bits of a 64-bit product as the cache has slots */
_Static_assert(TEXT_CACHE == 1u << (64 - CACHE_SHIFT), "each product names a slot");

void text_table_init(struct text_table *t)
{
    intern_init(&t->strings, INDEX_SIZE_MAX);
    memset(t->cache, 0, sizeof t->cache);
    intern_add(&t->strings, "", 1); /* text 0 */
}

void text_table_fini(struct text_table *t)
{
    intern_fini(&t->strings);
}

const char *text_get(const struct text_table *t, uint32_t text)
{
    return text < t->strings.bytes.len ? t->strings.bytes.data + text : "";
}

uint32_t text_add(struct text_table *t, const char *s)
{
    if (!s || *s == '\0')
        return 0;
    struct cached_text *c = &t->cache[((uintptr_t)s * 0x9E3779B97F4A7C15ull) >> CACHE_SHIFT];

    if (c->p == s && strcmp(text_get(t, c->text), s) == 0)
        return c->text;
    *c = (struct cached_text){.p = s, .text = intern_add(&t->strings, s, strlen(s) + 1)};
    return c->text;
}

/* A copy, for texts move while one is added; NULL when there is no memory. *ret_n is its length. */
static char *copy_unversioned(const char *s, size_t *ret_n)
{
    *ret_n = strcspn(s, "@");
    return strndup(s, *ret_n);
}

uint32_t text_add_unversioned(struct text_table *t, uint32_t text)
{
    const char *s = text_get(t, text);
    size_t n;

    if (!strchr(s, '@'))
        return text;
    _cleanup_free_ char *copy = copy_unversioned(s, &n);

    if (!copy) {
        t->strings.bytes.error = -ENOMEM;
        return 0;
    }
    return n > 0 ? intern_add(&t->strings, copy, n + 1) : 0;
}

/* The stub through which another file's function is called: not that function. */
static bool is_stub(const char *s)
{
    size_t n = strlen(s), m = strlen(STUB_SUFFIX);

    return n > m && memcmp(s + n - m, STUB_SUFFIX, m) == 0;
}

uint32_t text_find_unversioned(const struct text_table *t, uint32_t text)
{
    const char *s = text_get(t, text);
    size_t n;

    if (!strchr(s, '@'))
        return text;
    if (is_stub(s))
        return INDEX_NONE;
    _cleanup_free_ char *copy = copy_unversioned(s, &n);

    return copy ? intern_find(&t->strings, copy, n + 1) : INDEX_NONE;
}

bool text_has_old_version(const struct text_table *t, uint32_t text)
{
    const char *at = strchr(text_get(t, text), '@');

    return at && at[1] != '@';
}

struct comparison {
    const struct text_table *texts;
    size_t size; /* of a row */
};

/* By what the text says; the rest of the row decides among equals, so that no two orders are
 * possible. */
static int compare_rows(const void *a, const void *b, void *arg)
{
    const struct comparison *c = arg;
    uint32_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    int order = strcmp(text_get(c->texts, x), text_get(c->texts, y));

    return order != 0 ? order : memcmp(a, b, c->size);
}

size_t sort_by_text(void *rows, size_t n, size_t size, const struct text_table *texts)
{
    struct comparison c = {texts, size};
    uint8_t *p = rows;
    size_t kept = 0;

    if (n > 0)
        qsort_r(rows, n, size, compare_rows, &c);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && memcmp(p + (kept - 1) * size, p + i * size, sizeof(uint32_t)) == 0)
            continue;
        memmove(p + kept++ * size, p + i * size, size);
    }
    return kept;
}
