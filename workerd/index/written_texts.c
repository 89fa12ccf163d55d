/* SPDX-License-Identifier: Apache-2.0 */
/* A writer is told far more than it writes: aliases, functions without code, and symbols that only
 * serve to find out where a call goes. So the strings of an index are made anew, of what is left.
 */
#include <errno.h>
#include <stdlib.h>

#include "workerd/index/tables.h"

int written_texts_init(struct written_texts *t, const struct index_writer *w)
{
    size_t n = w->texts.strings.bytes.len / 2 + 1;

    t->n = n;
    t->from = &w->texts;
    t->readable = w->readable;
    t->readable_arg = w->readable_arg;
    t->texts = calloc(n, sizeof *t->texts);
    t->symbols = calloc(n, sizeof *t->symbols);
    intern_init(&t->strings, INDEX_SIZE_MAX);
    intern_add(&t->strings, "", 1); /* text 0 */
    return t->texts && t->symbols ? buf_error(&t->strings.bytes) : -ENOMEM;
}

void written_texts_fini(struct written_texts *t)
{
    intern_fini(&t->strings);
    free(t->texts);
    free(t->symbols);
}

static uint32_t add(struct written_texts *t, const char *s)
{
    return s && *s ? intern_add(&t->strings, s, strlen(s) + 1) : 0;
}

/* The text's place in one of the two lists. What was added after they were made has none. */
static uint32_t *place_of(const struct written_texts *t, uint32_t *list, uint32_t text)
{
    return text / 2 < t->n ? &list[text / 2] : NULL;
}

uint32_t written_text(struct written_texts *t, uint32_t text)
{
    uint32_t *place = place_of(t, t->texts, text);

    if (text == 0 || !place)
        return text == 0 ? 0 : add(t, text_get(t->from, text));
    if (*place == 0)
        *place = add(t, text_get(t->from, text));
    return *place;
}

uint32_t written_symbol(struct written_texts *t, uint32_t text)
{
    uint32_t *place = place_of(t, t->symbols, text);

    if (text == 0 || !place)
        return 0;
    if (*place == 0)
        *place = add(t, t->readable(t->readable_arg, text_get(t->from, text)));
    return *place;
}
