/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/conf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"

#define KEYS_MAX     64
#define KEY_NAME_MAX 48

/* --- Values: each type is a function from text to the field, with the words for when it does not
 * fit --- */

struct unit {
    const char *suffix;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"", 1}, {"K", 1ull << 10}, {"M", 1ull << 20}, {"G", 1ull << 30}, {"T", 1ull << 40},
};
static const struct unit duration_units[] = {
    {"us", 1},         {"ms", 1000},         {"s", 1000000},        {"", 1000000},
    {"min", 60000000}, {"h", 3600000000ull}, {"d", 86400000000ull},
};

static int parse_scaled(struct str s, const struct unit *units, size_t n, uint64_t *ret)
{
    size_t digits = 0;
    struct str suffix;
    uint64_t value;

    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    if (str_to_u64((struct str){s.p, digits}, INT64_MAX, &value) < 0)
        return -EINVAL;
    suffix = str_trim((struct str){s.p + digits, s.n - digits});
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(suffix, str_from(units[i].suffix))) {
            if (value > INT64_MAX / units[i].factor)
                return -ERANGE;
            *ret = value * units[i].factor;
            return 0;
        }
    return -EINVAL;
}

static int parse_bool(struct str s, bool *ret)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};

    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        if (str_eq_nocase(s, str_from(yes[i])) || str_eq_nocase(s, str_from(no[i]))) {
            *ret = str_eq_nocase(s, str_from(yes[i]));
            return 0;
        }
    }
    return -EINVAL;
}

static void set_text(char **field, struct str s)
{
    char *copy = strndup(s.p, s.n);

    if (!copy)
        abort();
    free(*field);
    *field = copy;
}

static int parse_number(const struct conf_key *k, struct str s, uint64_t *ret)
{
    uint64_t value;
    int r;

    if (k->type == CONF_UINT)
        r = str_to_u64(s, INT64_MAX, &value);
    else if (k->type == CONF_SIZE)
        r = parse_scaled(s, size_units, ARRAY_SIZE(size_units), &value);
    else
        r = parse_scaled(s, duration_units, ARRAY_SIZE(duration_units), &value);
    if (r < 0)
        return r;
    if (value < k->min || (k->max && value > k->max))
        return -ERANGE;
    *ret = value;
    return 0;
}

static int set_value(const struct conf_key *k, struct str s, void *target)
{
    void *field = (char *)target + k->offset;
    uint64_t value;
    int r;

    switch (k->type) {
    case CONF_TEXT:
        if (memchr(s.p, '\0', s.n))
            return -EINVAL;
        set_text(field, s);
        return 0;
    case CONF_BOOL:
        return parse_bool(s, field);
    case CONF_UINT:
    case CONF_SIZE:
    case CONF_DURATION:
        r = parse_number(k, s, &value);
        if (r == 0)
            *(uint64_t *)field = value; /* CONF_DURATION's int64_t is never negative */
        return r;
    }
    return -EINVAL;
}

static const char *expectation(enum conf_type type)
{
    static const char *const words[] = {
        [CONF_TEXT] = "a text",
        [CONF_BOOL] = "yes or no",
        [CONF_UINT] = "a whole number",
        [CONF_SIZE] = "a size such as 512K, 10M or 2G",
        [CONF_DURATION] = "a duration such as 250ms, 10s, 5min, 2h or 7d",
    };

    return words[type];
}

/* --- Lines --- */

struct reader {
    const struct conf_key *keys;
    size_t n;
    void *target;
    unsigned line;
    unsigned seen[KEYS_MAX]; /* line on which a key stood, 0 for not yet */
    struct conf_error *error;
};

static int __attribute__((format(printf, 2, 3))) mistake(struct reader *rd, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    rd->error->line = rd->line;
    vsnprintf(rd->error->message, sizeof(rd->error->message), format, ap);
    va_end(ap);
    return -EINVAL;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;

    return m < c ? m : c;
}

/* Levenshtein's distance with one row of memory. */
static unsigned distance(struct str a, struct str b)
{
    unsigned row[KEY_NAME_MAX + 1];

    if (b.n > KEY_NAME_MAX)
        b.n = KEY_NAME_MAX;
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned above = row[j];

            row[j] = min3(row[j] + 1, row[j - 1] + 1, diagonal + (a.p[i - 1] != b.p[j - 1]));
            diagonal = above;
        }
    }
    return row[b.n];
}

static const char *nearest(const struct reader *rd, struct str name)
{
    const char *best = rd->keys[0].name;
    unsigned least = UINT32_MAX;

    for (size_t i = 0; i < rd->n; i++) {
        unsigned d = distance(name, str_from(rd->keys[i].name));

        if (d < least) {
            least = d;
            best = rd->keys[i].name;
        }
    }
    return best;
}

static struct str unquote(struct str s)
{
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
        return (struct str){s.p + 1, s.n - 2};
    return s;
}

static int range_mistake(struct reader *rd, const struct conf_key *k, struct str value)
{
    const char *unit = k->type == CONF_SIZE       ? " bytes"
                       : k->type == CONF_DURATION ? " microseconds"
                                                  : "";

    if (!k->max)
        return mistake(rd, "%s = %.*s is out of range: at least %" PRIu64 "%s", k->name,
                       (int)value.n, value.p, k->min, unit);
    return mistake(rd, "%s = %.*s is out of range: %" PRIu64 " to %" PRIu64 "%s", k->name,
                   (int)value.n, value.p, k->min, k->max, unit);
}

static int apply(struct reader *rd, struct str name, struct str value)
{
    size_t i;
    int r;

    if (name.n > KEY_NAME_MAX)
        name.n = KEY_NAME_MAX;
    for (i = 0; i < rd->n && !str_eq(name, str_from(rd->keys[i].name)); i++)
        ;
    if (i == rd->n)
        return mistake(rd, "unknown key \"%.*s\"; did you mean \"%s\"?", (int)name.n, name.p,
                       nearest(rd, name));
    if (rd->seen[i])
        return mistake(rd, "%s is given twice, first on line %u", rd->keys[i].name, rd->seen[i]);
    rd->seen[i] = rd->line;
    if (value.n > 64 && rd->keys[i].type != CONF_TEXT)
        value.n = 64;
    r = set_value(&rd->keys[i], value, rd->target);
    if (r == -ERANGE)
        return range_mistake(rd, &rd->keys[i], value);
    if (r < 0)
        return mistake(rd, "%s must be %s, not \"%.*s\"", rd->keys[i].name,
                       expectation(rd->keys[i].type), (int)value.n, value.p);
    return 0;
}

static int read_line(struct reader *rd, struct str line)
{
    struct str name;

    if (line.n > CONF_LINE_MAX)
        return mistake(rd, "the line is longer than %d bytes", CONF_LINE_MAX);
    line = str_trim(line);
    if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
        return 0;
    if (line.p[0] == '[')
        return mistake(rd, "sections are not used here: write `key = value` alone");
    if (str_find(line, STR("=")) < 0)
        return mistake(rd, "expected `key = value`");
    str_split(&line, '=', &name);
    return apply(rd, str_trim(name), unquote(str_trim(line)));
}

int conf_parse(const struct conf_key *keys, size_t n, struct str text, void *target,
               struct conf_error *ret_error)
{
    struct reader rd = {.keys = keys, .n = n, .target = target, .error = ret_error};
    struct str line;

    assert(n > 0 && n <= KEYS_MAX);
    while (str_split(&text, '\n', &line)) {
        int r;

        rd.line++;
        r = read_line(&rd, line);
        if (r < 0)
            return r;
    }
    return 0;
}

void conf_defaults(const struct conf_key *keys, size_t n, void *target)
{
    for (size_t i = 0; i < n; i++) {
        int r = 0;

        if (keys[i].type == CONF_TEXT)
            *(char **)((char *)target + keys[i].offset) = NULL;
        if (keys[i].default_value)
            r = set_value(&keys[i], str_from(keys[i].default_value), target);
        assert(r == 0);
    }
}

int conf_load(const struct conf_key *keys, size_t n, const char *path, void *target,
              struct conf_error *ret_error)
{
    _cleanup_buf_ struct buf b = BUF_INIT(CONF_FILE_MAX);
    int r;

    conf_defaults(keys, n, target);
    r = io_read_file(AT_FDCWD, path, &b);
    if (r < 0) {
        ret_error->line = 0;
        snprintf(ret_error->message, sizeof(ret_error->message), "cannot read it: %s",
                 strerrordesc_np(-r));
        return r;
    }
    return conf_parse(keys, n, (struct str){buf_text(&b), b.len}, target, ret_error);
}

void conf_fini(const struct conf_key *keys, size_t n, void *target)
{
    for (size_t i = 0; i < n; i++) {
        char **field = (char **)((char *)target + keys[i].offset);

        if (keys[i].type != CONF_TEXT)
            continue;
        free(*field);
        *field = NULL;
    }
}

void conf_sample(const struct conf_key *keys, size_t n, const char *program, struct buf *b)
{
    buf_printf(b, "# Configuration of %s. What is commented out shows the default.\n", program);
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "\n# %s\n#%s = %s\n", keys[i].help, keys[i].name,
                   keys[i].default_value ? keys[i].default_value : "");
}
