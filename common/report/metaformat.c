/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata as JSON. The handler links this half alone: it parses no JSON, and starts without the
 * library that does. */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/report/jsontext.h"
#include "common/report/metafields.h"

static void format_texts(const struct meta_texts *list, const char *key, struct buf *b)
{
    if (list->n == 0)
        return;
    jsontext_array(b, key);
    for (size_t i = 0; i < list->n; i++)
        jsontext_string(b, NULL, list->items[i]);
    jsontext_end_array(b);
}

static void format_field(const struct crash_meta *m, const struct meta_field *f, struct buf *b)
{
    const void *field = (const char *)m + f->offset;
    char time[CLOCK_TEXT_SIZE];
    int64_t number;

    switch (f->type) {
    case META_TEXT:
        jsontext_string(b, f->name, *(const char *const *)field);
        break;
    case META_TEXTS:
        format_texts(field, f->name, b);
        break;
    case META_NUMBER:
    case META_SIGNAL:
        number = *(const int64_t *)field;
        if (number != META_UNKNOWN)
            jsontext_int(b, f->name, number);
        break;
    case META_TIME:
        number = *(const int64_t *)field;
        if (number == META_UNKNOWN)
            break;
        clock_format(number, time);
        jsontext_string(b, f->name, time);
        break;
    case META_BOOL:
        if (*(const bool *)field)
            jsontext_bool(b, f->name, true);
        break;
    case META_ENCODING:
        jsontext_string(b, f->name, meta_encodings[*(const enum core_encoding *)field]);
        break;
    case META_FIDELITY:
        jsontext_string(b, f->name, fidelity_name(*(const enum fidelity *)field));
        break;
    }
}

static void format_threads(const struct crash_meta *m, struct buf *b)
{
    if (m->n_threads == 0)
        return;
    jsontext_array(b, "threads");
    for (size_t i = 0; i < m->n_threads; i++) {
        jsontext_object(b, NULL);
        jsontext_int(b, "tid", m->threads[i].tid);
        jsontext_string(b, "name", m->threads[i].name);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

static void format_modules(const struct crash_meta *m, struct buf *b)
{
    if (m->n_modules == 0)
        return;
    jsontext_array(b, "modules");
    for (size_t i = 0; i < m->n_modules; i++) {
        const struct meta_module *module = &m->modules[i];

        jsontext_object(b, NULL);
        jsontext_string(b, "path", module->path);
        jsontext_string(b, "build_id", module->build_id);
        jsontext_hex(b, "start", module->start);
        jsontext_hex(b, "end", module->end);
        if (module->offered)
            jsontext_bool(b, "offered", true);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

static void format_tags(const struct crash_meta *m, struct buf *b)
{
    if (m->n_tags == 0)
        return;
    jsontext_object(b, "tags");
    for (size_t i = 0; i < m->n_tags; i++)
        jsontext_string(b, m->tags[i].key, m->tags[i].value);
    jsontext_end_object(b);
}

void meta_format(const struct crash_meta *m, struct buf *b)
{
    jsontext_object(b, NULL);
    for (size_t i = 0; i < meta_n_fields; i++)
        format_field(m, &meta_fields[i], b);
    format_tags(m, b);
    format_threads(m, b);
    format_modules(m, b);
    jsontext_end_object(b);
}
