/* SPDX-License-Identifier: Apache-2.0 */
/* One table says which key is which field, of which type and how long: parsing, formatting and the
 * plain fields of curl users all walk it. Lists (threads, modules, tags) have a function each. */
#include "common/report/meta.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/report/jsontext.h"
#include "common/report/jsontree.h"
#include "common/report/limits.h"
#include "common/report/signals.h"

#define PLAIN_NUMBER_MAX 20 /* digits */
#define META_VALUES_MAX                                                                            \
    (64u * 1024) /* JSON values of all kinds: five for each module and thread, and room */

enum field_type {
    FIELD_TEXT,   /* const char * */
    FIELD_NUMBER, /* int64_t within min and max */
    FIELD_TIME,   /* int64_t usec; RFC 3339 in JSON */
    FIELD_SIGNAL, /* int64_t; a number in JSON, number or name as a plain field */
    FIELD_BOOL,
    FIELD_ENCODING, /* enum core_encoding */
};

struct field {
    const char *name; /* JSON key and plain field */
    enum field_type type;
    size_t offset;
    int64_t min, max; /* FIELD_NUMBER; FIELD_TEXT: max is the length */
    bool plain;       /* may be sent as a plain field */
};

#define AT(member) offsetof(struct crash_meta, member)

static const struct field fields[] = {
    {"crash_id", FIELD_TEXT, AT(crash_id), 0, UUID_TEXT_SIZE - 1, true},
    {"client", FIELD_TEXT, AT(client), 0, 128, true},
    {"timestamp", FIELD_TIME, AT(crashed_at), 0, 0, true},
    {"hostname", FIELD_TEXT, AT(hostname), 0, 255, true},
    {"executable", FIELD_TEXT, AT(executable), 0, META_TEXT_MAX, true},
    {"comm", FIELD_TEXT, AT(comm), 0, 64, true},
    {"command_line", FIELD_TEXT, AT(command_line), 0, META_CMDLINE_MAX, true},
    {"version", FIELD_TEXT, AT(version), 0, 255, true},
    {"package", FIELD_TEXT, AT(package), 0, 255, true},
    {"pid", FIELD_NUMBER, AT(pid), 0, INT32_MAX, true},
    {"tid", FIELD_NUMBER, AT(tid), 0, INT32_MAX, true},
    {"uid", FIELD_NUMBER, AT(uid), 0, UINT32_MAX, true},
    {"gid", FIELD_NUMBER, AT(gid), 0, UINT32_MAX, true},
    {"signal", FIELD_SIGNAL, AT(signal), 0, 128, true},
    {"cpu", FIELD_NUMBER, AT(cpu), 0, INT32_MAX, true},
    {"dump_mode", FIELD_NUMBER, AT(dump_mode), 0, 2, true},
    {"restricted", FIELD_BOOL, AT(restricted), 0, 0, false},
    {"started_at", FIELD_TIME, AT(started_at), 0, 0, true},
    {"unit", FIELD_TEXT, AT(unit), 0, 255, true},
    {"cgroup", FIELD_TEXT, AT(cgroup), 0, META_TEXT_MAX, true},
    {"working_directory", FIELD_TEXT, AT(working_directory), 0, META_TEXT_MAX, true},
    {"kernel", FIELD_TEXT, AT(kernel), 0, 255, true},
    {"architecture", FIELD_TEXT, AT(architecture), 0, 32, true},
    {"distribution", FIELD_TEXT, AT(distribution), 0, 255, true},
    {"boot_id", FIELD_TEXT, AT(boot_id), 0, 64, true},
    {"machine_id", FIELD_TEXT, AT(machine_id), 0, 64, true},
    {"cut", FIELD_BOOL, AT(cut), 0, 0, false},
    {"encoding", FIELD_ENCODING, AT(encoding), 0, 0, true},
    {"core_bytes", FIELD_NUMBER, AT(core_bytes), 0, INT64_MAX, false},
    {"core_expected", FIELD_NUMBER, AT(core_expected), 0, INT64_MAX, false},
    {"core_truncated", FIELD_BOOL, AT(core_truncated), 0, 0, false},
    {"core_problem", FIELD_TEXT, AT(core_problem), 0, 1024, true},
};

static const char *const encodings[] = {[CORE_IDENTITY] = "identity", [CORE_ZSTD] = "zstd"};

static void *field_of(struct crash_meta *m, const struct field *f)
{
    return (char *)m + f->offset;
}

void meta_init(struct crash_meta *m)
{
    memset(m, 0, sizeof(*m));
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (fields[i].type == FIELD_NUMBER || fields[i].type == FIELD_TIME ||
            fields[i].type == FIELD_SIGNAL)
            *(int64_t *)field_of(m, &fields[i]) = META_UNKNOWN;
}

/* --- Mistakes --- */

static int __attribute__((format(printf, 3, 4)))
out_of_bounds(struct meta_error *e, const char *pointer, const char *format, ...)
{
    va_list ap;

    snprintf(e->pointer, sizeof(e->pointer), "%s", pointer);
    va_start(ap, format);
    vsnprintf(e->message, sizeof(e->message), format, ap);
    va_end(ap);
    return META_OUT_OF_BOUNDS;
}

/* --- Single values --- */

static int set_text(struct arena *a, const char *text, size_t n, size_t max, const char *pointer,
                    const char **field, struct meta_error *e)
{
    if (n > max)
        return out_of_bounds(e, pointer, "longer than %zu bytes", max);
    if (memchr(text, '\0', n))
        return out_of_bounds(e, pointer, "holds a NUL byte");
    *field = arena_strndup(a, text, n);
    return 0;
}

static int set_number(int64_t value, const struct field *f, int64_t *field, const char *pointer,
                      struct meta_error *e)
{
    if (value < f->min || value > f->max)
        return out_of_bounds(e, pointer, "must lie between %" PRId64 " and %" PRId64, f->min,
                             f->max);
    *field = value;
    return 0;
}

static int set_time(struct str text, int64_t *field, const char *pointer, struct meta_error *e)
{
    if (clock_parse(text, field) < 0)
        return out_of_bounds(e, pointer, "must be a time such as 2026-11-21T07:49:00Z (RFC 3339)");
    return 0;
}

static int set_encoding(struct str text, enum core_encoding *field, const char *pointer,
                        struct meta_error *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(encodings); i++)
        if (str_eq(text, str_from(encodings[i]))) {
            *field = (enum core_encoding)i;
            return 0;
        }
    return out_of_bounds(e, pointer, "must be identity or zstd");
}

static int want(bool right, const char *pointer, const char *type, struct meta_error *e)
{
    return right ? 0 : out_of_bounds(e, pointer, "must be %s", type);
}

static struct str text_of(const json_t *v)
{
    return (struct str){json_string_value(v), json_string_length(v)};
}

static int read_field(const json_t *v, const struct field *f, struct arena *a, struct crash_meta *m,
                      struct meta_error *e)
{
    void *field = field_of(m, f);
    char pointer[64];
    int r;

    snprintf(pointer, sizeof(pointer), "/%s", f->name);
    switch (f->type) {
    case FIELD_TEXT:
        r = want(json_is_string(v), pointer, "a text", e);
        return r ? r : set_text(a, text_of(v).p, text_of(v).n, (size_t)f->max, pointer, field, e);
    case FIELD_NUMBER:
    case FIELD_SIGNAL:
        r = want(json_is_integer(v), pointer, "a whole number", e);
        return r ? r : set_number(json_integer_value(v), f, field, pointer, e);
    case FIELD_TIME:
        r = want(json_is_string(v), pointer, "a text", e);
        return r ? r : set_time(text_of(v), field, pointer, e);
    case FIELD_BOOL:
        r = want(json_is_boolean(v), pointer, "true or false", e);
        if (r == 0)
            *(bool *)field = json_is_true(v);
        return r;
    case FIELD_ENCODING:
        r = want(json_is_string(v), pointer, "a text", e);
        return r ? r : set_encoding(text_of(v), field, pointer, e);
    }
    return -EINVAL;
}

static int read_fields(const json_t *root, struct arena *a, struct crash_meta *m,
                       struct meta_error *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        const json_t *v = json_object_get(root, fields[i].name);
        int r;

        if (!v || json_is_null(v))
            continue;
        r = read_field(v, &fields[i], a, m, e);
        if (r)
            return r;
    }
    return 0;
}

/* --- Lists --- */

/* The array under key: NULL when it is not given. */
static int list_of(const json_t *root, const char *key, size_t max, const json_t **ret_list,
                   struct meta_error *e)
{
    const json_t *list = json_object_get(root, key);
    char pointer[64];
    int r;

    *ret_list = NULL;
    if (!list || json_is_null(list))
        return 0;
    snprintf(pointer, sizeof(pointer), "/%s", key);
    r = want(json_is_array(list), pointer, "a list", e);
    if (r)
        return r;
    if (json_array_size(list) > max)
        return out_of_bounds(e, pointer, "more than %zu entries", max);
    *ret_list = list;
    return 0;
}

static int read_list_text(const json_t *entry, const char *key, struct arena *a, size_t max,
                          const char *pointer, const char **field, struct meta_error *e)
{
    const json_t *v = json_object_get(entry, key);

    if (!v || json_is_null(v))
        return 0;
    if (!json_is_string(v))
        return out_of_bounds(e, pointer, "%s must be a text", key);
    return set_text(a, text_of(v).p, text_of(v).n, max, pointer, field, e);
}

static int read_thread(const json_t *entry, struct arena *a, const char *pointer,
                       struct meta_thread *t, struct meta_error *e)
{
    const json_t *tid = json_object_get(entry, "tid");

    if (!json_is_integer(tid) || json_integer_value(tid) < 0 || json_integer_value(tid) > INT32_MAX)
        return out_of_bounds(e, pointer, "tid must be a whole number");
    t->tid = json_integer_value(tid);
    return read_list_text(entry, "name", a, 64, pointer, &t->name, e);
}

/* Addresses are hexadecimal texts ("0x7f…"): a JSON number loses bits beyond 2^53 in many readers.
 */
static int read_address(const json_t *entry, const char *key, const char *pointer, uint64_t *field,
                        struct meta_error *e)
{
    const json_t *v = json_object_get(entry, key);

    if (!v || json_is_null(v))
        return 0;
    if (jsontree_address(v, field) < 0)
        return out_of_bounds(e, pointer, "%s must be an address such as \"0x7f0000001000\"", key);
    return 0;
}

static int read_module(const json_t *entry, struct arena *a, const char *pointer,
                       struct meta_module *m, struct meta_error *e)
{
    int r = want(json_is_object(entry), pointer, "an object", e);

    if (r == 0)
        r = read_list_text(entry, "path", a, META_TEXT_MAX, pointer, &m->path, e);
    if (r == 0)
        r = read_list_text(entry, "build_id", a, BUILD_ID_TEXT_SIZE - 1, pointer, &m->build_id, e);
    if (r == 0)
        r = read_address(entry, "start", pointer, &m->start, e);
    if (r == 0)
        r = read_address(entry, "end", pointer, &m->end, e);
    if (r)
        return r;
    if (m->build_id && !hex_valid(str_from(m->build_id), BUILD_ID_TEXT_SIZE - 1))
        return out_of_bounds(e, pointer, "build_id must be an even number of hexadecimal digits");
    m->offered = json_is_true(json_object_get(entry, "offered"));
    return 0;
}

static int read_threads(const json_t *root, struct arena *a, struct crash_meta *m,
                        struct meta_error *e)
{
    const json_t *list;
    int r = list_of(root, "threads", META_THREADS_MAX, &list, e);

    if (r || !list)
        return r;
    m->threads = arena_array(a, struct meta_thread, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        char pointer[64];

        snprintf(pointer, sizeof(pointer), "/threads/%zu", i);
        r = read_thread(json_array_get(list, i), a, pointer, &m->threads[i], e);
        if (r)
            return r;
        m->n_threads++;
    }
    return 0;
}

static int read_modules(const json_t *root, struct arena *a, struct crash_meta *m,
                        struct meta_error *e)
{
    const json_t *list;
    int r = list_of(root, "modules", META_MODULES_MAX, &list, e);

    if (r || !list)
        return r;
    m->modules = arena_array(a, struct meta_module, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        char pointer[64];

        snprintf(pointer, sizeof(pointer), "/modules/%zu", i);
        r = read_module(json_array_get(list, i), a, pointer, &m->modules[i], e);
        if (r)
            return r;
        m->n_modules++;
    }
    return 0;
}

static bool has_tag(const struct crash_meta *m, struct str key)
{
    for (size_t i = 0; i < m->n_tags; i++)
        if (str_eq(str_from(m->tags[i].key), key))
            return true;
    return false;
}

/* A key that came twice would make JSON that no reader of ours takes. */
static int read_tag(struct arena *a, struct str key, struct str value, struct crash_meta *m,
                    struct meta_error *e)
{
    struct meta_tag tag = {0};
    int r;

    if (m->n_tags == META_TAGS_MAX)
        return out_of_bounds(e, "/tags", "more than %d tags", META_TAGS_MAX);
    if (has_tag(m, key))
        return out_of_bounds(e, "/tags", "a tag came twice");
    r = set_text(a, key.p, key.n, 64, "/tags", &tag.key, e);
    if (r == 0)
        r = set_text(a, value.p, value.n, 1024, "/tags", &tag.value, e);
    if (r)
        return r;
    if (!m->tags)
        m->tags = arena_array(a, struct meta_tag, META_TAGS_MAX);
    m->tags[m->n_tags++] = tag;
    return 0;
}

static int read_tags(json_t *root, struct arena *a, struct crash_meta *m, struct meta_error *e)
{
    json_t *tags = json_object_get(root, "tags"), *value;
    const char *key;

    if (!tags || json_is_null(tags))
        return 0;
    if (!json_is_object(tags))
        return out_of_bounds(e, "/tags", "must be an object of texts");
    json_object_foreach(tags, key, value)
    {
        int r = want(json_is_string(value), "/tags", "an object of texts", e);

        if (r == 0)
            r = read_tag(a, str_from(key), text_of(value), m, e);
        if (r)
            return r;
    }
    return 0;
}

/* --- The whole --- */

static int check_crash_id(const struct crash_meta *m, struct meta_error *e)
{
    if (m->crash_id && !uuid_valid(str_from(m->crash_id)))
        return out_of_bounds(e, "/crash_id", "must be a UUID of version 7 in lower case");
    return 0;
}

int meta_parse(struct str json, struct arena *a, struct crash_meta *ret,
               struct meta_error *ret_error)
{
    _cleanup_json_ json_t *root = NULL;
    struct crash_meta m;
    struct jsontree_error where;
    int r;

    *ret_error = (struct meta_error){0};
    root = jsontree_object(json, META_VALUES_MAX, &where);
    if (!root) {
        snprintf(ret_error->message, sizeof(ret_error->message), "not a JSON object: %s (line %d)",
                 where.text, where.line);
        return META_MALFORMED;
    }
    meta_init(&m);
    r = read_fields(root, a, &m, ret_error);
    if (r == 0)
        r = check_crash_id(&m, ret_error);
    if (r == 0)
        r = read_threads(root, a, &m, ret_error);
    if (r == 0)
        r = read_modules(root, a, &m, ret_error);
    if (r == 0)
        r = read_tags(root, a, &m, ret_error);
    if (r == 0)
        *ret = m;
    return r;
}

static void format_field(const struct crash_meta *m, const struct field *f, struct buf *b)
{
    const void *field = (const char *)m + f->offset;
    char time[CLOCK_TEXT_SIZE];
    int64_t number;

    switch (f->type) {
    case FIELD_TEXT:
        jsontext_string(b, f->name, *(const char *const *)field);
        break;
    case FIELD_NUMBER:
    case FIELD_SIGNAL:
        number = *(const int64_t *)field;
        if (number != META_UNKNOWN)
            jsontext_int(b, f->name, number);
        break;
    case FIELD_TIME:
        number = *(const int64_t *)field;
        if (number == META_UNKNOWN)
            break;
        clock_format(number, time);
        jsontext_string(b, f->name, time);
        break;
    case FIELD_BOOL:
        if (*(const bool *)field)
            jsontext_bool(b, f->name, true);
        break;
    case FIELD_ENCODING:
        jsontext_string(b, f->name, encodings[*(const enum core_encoding *)field]);
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
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        format_field(m, &fields[i], b);
    format_tags(m, b);
    format_threads(m, b);
    format_modules(m, b);
    jsontext_end_object(b);
}

/* --- Plain fields --- */

static int set_plain_time(struct str value, int64_t *field, const char *name, struct meta_error *e)
{
    uint64_t seconds;

    if (str_to_u64(value, 253402300799ull, &seconds) == 0) {
        *field = (int64_t)seconds * USEC_PER_SEC;
        return 0;
    }
    return set_time(value, field, name, e);
}

static int set_plain_number(struct str value, const struct field *f, int64_t *field,
                            struct meta_error *e)
{
    int64_t number;

    if (value.n > PLAIN_NUMBER_MAX || str_to_i64(value, &number) < 0)
        return out_of_bounds(e, f->name, "must be a whole number");
    return set_number(number, f, field, f->name, e);
}

static int set_plain_signal(struct str value, struct arena *a, const struct field *f,
                            int64_t *field, struct meta_error *e)
{
    int64_t number;

    if (value.n > PLAIN_NUMBER_MAX || signal_parse(arena_strndup(a, value.p, value.n), &number) < 0)
        return out_of_bounds(e, f->name, "must be the number or the name of a signal");
    return set_number(number, f, field, f->name, e);
}

static int set_plain(struct crash_meta *m, struct arena *a, const struct field *f, struct str value,
                     struct meta_error *e)
{
    void *field = field_of(m, f);

    switch (f->type) {
    case FIELD_TEXT:
        if (utf8_valid_prefix(value.p, value.n) != value.n)
            return out_of_bounds(e, f->name, "must be UTF-8");
        return set_text(a, value.p, value.n, (size_t)f->max, f->name, field, e);
    case FIELD_NUMBER:
        return set_plain_number(value, f, field, e);
    case FIELD_SIGNAL:
        return set_plain_signal(value, a, f, field, e);
    case FIELD_TIME:
        return set_plain_time(value, field, f->name, e);
    case FIELD_ENCODING:
        return set_encoding(value, field, f->name, e);
    case FIELD_BOOL:
        break;
    }
    return -EINVAL;
}

int meta_set_field(struct crash_meta *m, struct arena *a, struct str name, struct str value,
                   struct meta_error *ret_error)
{
    *ret_error = (struct meta_error){0};
    if (str_starts(name, STR("tag.")) && name.n > 4) {
        if (utf8_valid_prefix(name.p, name.n) != name.n ||
            utf8_valid_prefix(value.p, value.n) != value.n)
            return out_of_bounds(ret_error, "tag", "must be UTF-8");
        return read_tag(a, (struct str){name.p + 4, name.n - 4}, value, m, ret_error);
    }
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        int r;

        if (!fields[i].plain || !str_eq(name, str_from(fields[i].name)))
            continue;
        r = set_plain(m, a, &fields[i], value, ret_error);
        return r ? r : check_crash_id(m, ret_error);
    }
    snprintf(ret_error->pointer, sizeof(ret_error->pointer), "%.*s",
             (int)(name.n > 64 ? 64 : name.n), name.p);
    snprintf(ret_error->message, sizeof(ret_error->message), "no such field");
    return META_MALFORMED;
}
