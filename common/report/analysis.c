/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting walks the tables of analysisfields.h. A member that has its default value (NULL, 0,
 * false) is left out. */
#include "common/report/analysis.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/report/analysisfields.h"
#include "common/report/jsontext.h"
#include "common/report/limits.h"

static void format_text(const struct field *f, const char *text, struct buf *b)
{
    struct str s = str_from(text);
    size_t max = f->type == FIELD_NAME ? FUNCTION_NAME_MAX : ANALYSIS_TEXT_MAX;

    if (!text)
        return;
    if (s.n > max) {
        s.p += f->type == FIELD_NAME ? s.n - max : 0;
        s.n = max;
    }
    jsontext_slice(b, f->key, s);
}

static void format_number(const struct field *f, int64_t value, struct buf *b)
{
    if (value != 0)
        jsontext_int(b, f->key, value);
}

static void format_count(const struct field *f, uint64_t value, struct buf *b)
{
    format_number(f, value > INT64_MAX ? INT64_MAX : (int64_t)value, b);
}

static void format_hex(const struct field *f, uint64_t value, struct buf *b)
{
    if (value != 0)
        jsontext_hex(b, f->key, value);
}

static void format_bool(const struct field *f, bool value, struct buf *b)
{
    if (value)
        jsontext_bool(b, f->key, true);
}

static void format_field(const struct field *f, const void *member, struct buf *b)
{
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_BUILD_ID:
        format_text(f, *(const char *const *)member, b);
        break;
    case FIELD_INT:
        format_number(f, *(const int64_t *)member, b);
        break;
    case FIELD_COUNT:
        format_count(f, *(const uint64_t *)member, b);
        break;
    case FIELD_SIZE:
        format_count(f, *(const size_t *)member, b);
        break;
    case FIELD_UNSIGNED:
        format_number(f, *(const unsigned *)member, b);
        break;
    case FIELD_HEX:
        format_hex(f, *(const uint64_t *)member, b);
        break;
    case FIELD_BOOL:
        format_bool(f, *(const bool *)member, b);
        break;
    case FIELD_TRUST:
        jsontext_string(b, f->key, trust_words.list[*(const int *)member]);
        break;
    case FIELD_STATUS:
        jsontext_string(b, f->key, status_words.list[*(const int *)member]);
        break;
    case FIELD_CERTAINTY:
        jsontext_string(b, f->key, certainty_words.list[*(const int *)member]);
        break;
    }
}

static void format_fields(const struct field_table *t, const void *object, struct buf *b)
{
    for (size_t i = 0; i < t->n; i++)
        format_field(&t->list[i], (const char *)object + t->list[i].offset, b);
}

void analysis_format_frame(const struct frame *f, struct buf *b)
{
    format_fields(&frame_table, f, b);
}

static void format_variables(const struct frame *f, struct buf *b)
{
    if (f->n_variables == 0)
        return;
    jsontext_array(b, "variables");
    for (size_t i = 0; i < f->n_variables; i++) {
        jsontext_object(b, NULL);
        format_fields(&variable_table, &f->variables[i], b);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

static void format_frames(const struct thread *t, struct buf *b)
{
    jsontext_array(b, "frames");
    for (size_t i = 0; i < t->n_frames; i++) {
        jsontext_object(b, NULL);
        analysis_format_frame(&t->frames[i], b);
        format_variables(&t->frames[i], b);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

static void format_registers(const struct thread *t, struct buf *b)
{
    if (t->n_registers == 0)
        return;
    jsontext_object(b, "registers");
    for (size_t i = 0; i < t->n_registers; i++)
        jsontext_hex(b, t->registers[i].name, t->registers[i].value);
    jsontext_end_object(b);
}

static void format_threads(const struct analysis *an, struct buf *b)
{
    jsontext_array(b, "threads");
    for (size_t i = 0; i < an->n_threads; i++) {
        jsontext_object(b, NULL);
        format_fields(&thread_table, &an->threads[i], b);
        format_registers(&an->threads[i], b);
        format_frames(&an->threads[i], b);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

static void format_modules(const struct analysis *an, struct buf *b)
{
    jsontext_array(b, "modules");
    for (size_t i = 0; i < an->n_modules; i++) {
        jsontext_object(b, NULL);
        format_fields(&module_table, &an->modules[i], b);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
}

void analysis_format_cause(const struct cause *c, struct buf *b)
{
    if (!c->rule)
        return;
    jsontext_object(b, "cause");
    format_fields(&cause_table, c, b);
    jsontext_array(b, "evidence");
    for (size_t i = 0; i < c->n_evidence; i++) {
        jsontext_object(b, NULL);
        format_fields(&evidence_table, &c->evidence[i], b);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
    jsontext_end_object(b);
}

void analysis_format(const struct analysis *an, struct buf *b)
{
    jsontext_object(b, NULL);
    format_fields(&analysis_table, an, b);
    analysis_format_cause(&an->cause, b);
    format_threads(an, b);
    format_modules(an, b);
    jsontext_end_object(b);
}
