/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata from the plain fields of a form, as people with curl send them. */
#include <errno.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/report/metavalue.h"
#include "common/report/signals.h"

#define PLAIN_NUMBER_MAX 20 /* digits */

static int set_plain_time(struct str value, int64_t *field, const char *name, struct meta_error *e)
{
    uint64_t seconds;

    if (str_to_u64(value, 253402300799ull, &seconds) == 0) {
        *field = (int64_t)seconds * USEC_PER_SEC;
        return 0;
    }
    return meta_put_time(value, field, name, e);
}

static int set_plain_number(struct str value, const struct meta_field *f, int64_t *field,
                            struct meta_error *e)
{
    int64_t number;

    if (value.n > PLAIN_NUMBER_MAX || str_to_i64(value, &number) < 0)
        return meta_wrong(e, f->name, "must be a whole number");
    return meta_put_number(number, f, field, f->name, e);
}

static int set_plain_signal(struct str value, struct arena *a, const struct meta_field *f,
                            int64_t *field, struct meta_error *e)
{
    int64_t number;

    if (value.n > PLAIN_NUMBER_MAX || signal_parse(arena_strndup(a, value.p, value.n), &number) < 0)
        return meta_wrong(e, f->name, "must be the number or the name of a signal");
    return meta_put_number(number, f, field, f->name, e);
}

static int set_plain(struct crash_meta *m, struct arena *a, const struct meta_field *f,
                     struct str value, struct meta_error *e)
{
    void *field = meta_member(m, f);

    switch (f->type) {
    case META_TEXT:
        if (utf8_valid_prefix(value.p, value.n) != value.n)
            return meta_wrong(e, f->name, "must be UTF-8");
        return meta_put_text(a, value.p, value.n, (size_t)f->max, f->name, field, e);
    case META_NUMBER:
        return set_plain_number(value, f, field, e);
    case META_SIGNAL:
        return set_plain_signal(value, a, f, field, e);
    case META_TIME:
        return set_plain_time(value, field, f->name, e);
    case META_TEXTS:
    case META_FIDELITY:
        return META_MALFORMED; /* never a plain field */
    case META_ENCODING:
        return meta_put_encoding(value, field, f->name, e);
    case META_BOOL:
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
            return meta_wrong(ret_error, "tag", "must be UTF-8");
        return meta_put_tag(a, (struct str){name.p + 4, name.n - 4}, value, m, ret_error);
    }
    for (size_t i = 0; i < meta_n_fields; i++) {
        int r;

        if (!meta_fields[i].plain || !str_eq(name, str_from(meta_fields[i].name)))
            continue;
        r = set_plain(m, a, &meta_fields[i], value, ret_error);
        return r ? r : meta_check_crash_id(m, ret_error);
    }
    snprintf(ret_error->pointer, sizeof(ret_error->pointer), "%.*s",
             (int)(name.n > 64 ? 64 : name.n), name.p);
    snprintf(ret_error->message, sizeof(ret_error->message), "no such field");
    return META_MALFORMED;
}
