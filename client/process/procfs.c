/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/procfs.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "common/base/cleanup.h"

#define OCTAL_DIGITS 3

/* --- Pieces --- */

/* The next run of characters that are not blank; the empty slice at the end. */
static struct str word(struct str *rest)
{
    struct str w;

    while (rest->n > 0 && *rest->p == ' ') {
        rest->p++;
        rest->n--;
    }
    w = (struct str){rest->p, 0};
    while (rest->n > 0 && *rest->p != ' ') {
        rest->p++;
        rest->n--;
        w.n++;
    }
    return w;
}

/* "A<separator>B" as two hexadecimal numbers. */
static bool hex_pair(struct str s, char separator, uint64_t *ret_a, uint64_t *ret_b)
{
    struct str a;

    if (s.n == 0 || !memchr(s.p, separator, s.n))
        return false;
    str_split(&s, separator, &a);
    return str_hex_to_u64(a, UINT64_MAX, ret_a) == 0 && str_hex_to_u64(s, UINT64_MAX, ret_b) == 0;
}

/* --- stat --- */

/* By number of the field, which counts from 1 as in proc(5). */
static const struct stat_field {
    unsigned number;
    size_t offset;
    uint64_t max;
} stat_fields[] = {
    {4, offsetof(struct procfs_stat, parent), INT32_MAX},
    {9, offsetof(struct procfs_stat, flags), UINT32_MAX},
    {22, offsetof(struct procfs_stat, start_ticks), UINT64_MAX},
    {48, offsetof(struct procfs_stat, arguments_start), UINT64_MAX},
    {49, offsetof(struct procfs_stat, arguments_end), UINT64_MAX},
    {50, offsetof(struct procfs_stat, environment_start), UINT64_MAX},
    {51, offsetof(struct procfs_stat, environment_end), UINT64_MAX},
};

static bool take_stat_field(struct str field, const struct stat_field *f, struct procfs_stat *stat)
{
    return str_to_u64(field, f->max, (uint64_t *)((char *)stat + f->offset)) == 0;
}

/* "PID (NAME) STATE PPID …": NAME may hold parentheses, blanks and newlines; numbers follow the
 * last parenthesis. What comes after the start time may be missing. */
int procfs_parse_stat(struct str text, struct procfs_stat *ret)
{
    const char *end = text.n ? memrchr(text.p, ')', text.n) : NULL;
    const struct stat_field *next = stat_fields;
    struct procfs_stat stat = {0};
    struct str rest, field;

    if (!end)
        return PROCFS_MALFORMED;
    rest = str_trim((struct str){end + 1, text.n - (size_t)(end + 1 - text.p)});
    field = word(&rest);
    stat.state = field.n == 1 ? field.p[0] : '?';
    for (unsigned i = 4; next < stat_fields + ARRAY_SIZE(stat_fields); i++) {
        field = word(&rest);
        if (field.n == 0 && i > 22)
            break;
        if (field.n == 0 || (i == next->number && !take_stat_field(field, next, &stat)))
            return PROCFS_MALFORMED;
        next += i == next->number;
    }
    *ret = stat;
    return 0;
}

/* --- maps --- */

/* "START-END PERMS OFFSET MAJOR:MINOR INODE   PATH" */
int procfs_parse_mapping(struct str line, struct procfs_mapping *ret)
{
    struct procfs_mapping m = {0};
    struct str rest = line, perms;
    bool good = rest.n > 0 && hex_pair(word(&rest), '-', &m.start, &m.end) && m.start < m.end;

    perms = word(&rest);
    good = good && perms.n == 4 && str_hex_to_u64(word(&rest), UINT64_MAX, &m.offset) == 0;
    good = good && hex_pair(word(&rest), ':', &m.device_major, &m.device_minor);
    good = good && str_to_u64(word(&rest), UINT64_MAX, &m.inode) == 0;
    if (!good)
        return PROCFS_MALFORMED;
    m.executable = perms.p[2] == 'x';
    while (rest.n > 0 && *rest.p == ' ') {
        rest.p++;
        rest.n--;
    }
    m.path = rest;
    *ret = m;
    return 0;
}

static bool octal(const char *p)
{
    for (unsigned i = 0; i < OCTAL_DIGITS; i++)
        if (p[i] < '0' || p[i] > '7')
            return false;
    return p[0] <= '3';
}

size_t procfs_unescape(char *path, size_t n)
{
    const struct str deleted = STR(" (deleted)");
    size_t to = 0;

    if (str_ends((struct str){path, n}, deleted))
        n -= deleted.n;
    for (size_t from = 0; from < n; from++) {
        if (path[from] == '\\' && n - from > OCTAL_DIGITS && octal(path + from + 1)) {
            path[to++] = (char)((path[from + 1] - '0') << 6 | (path[from + 2] - '0') << 3 |
                                (path[from + 3] - '0'));
            from += OCTAL_DIGITS;
        } else {
            path[to++] = path[from];
        }
    }
    return to;
}

/* --- cgroup --- */

/* "ID:CONTROLLERS:PATH" a line (cgroups(7)). */
int procfs_parse_cgroup(struct str text, struct str *ret_path)
{
    struct str line, unified = {0}, named = {0};

    while (str_split(&text, '\n', &line)) {
        struct str id, controllers;

        if (!str_split(&line, ':', &id) || !str_split(&line, ':', &controllers) || line.n == 0)
            continue;
        if (str_eq(id, STR("0")) && controllers.n == 0 && unified.n == 0)
            unified = line;
        else if (str_eq(controllers, STR("name=systemd")) && named.n == 0)
            named = line;
    }
    if (unified.n > 1 || (unified.n == 1 && named.n == 0))
        *ret_path = unified;
    else if (named.n > 0)
        *ret_path = named;
    else
        return PROCFS_MALFORMED;
    return 0;
}

struct str procfs_unit(struct str cgroup)
{
    struct str part, unit = {"", 0};

    while (str_split(&cgroup, '/', &part))
        if (str_ends(part, STR(".service")) || str_ends(part, STR(".scope")))
            unit = part;
    /* systemd puts an underscore before names that would look like a file of the kernel's. */
    if (unit.n > 0 && unit.p[0] == '_')
        return (struct str){unit.p + 1, unit.n - 1};
    return unit;
}

/* --- The rest --- */

/* The vector of a process of 32 bits has pairs of half the size: what it says of AT_SECURE is
 * not found then, or not zero. */
bool procfs_auxv_secure(const void *auxv, size_t n)
{
    Elf64_auxv_t pair;

    for (size_t at = 0; n - at >= sizeof(pair); at += sizeof(pair)) {
        memcpy(&pair, (const char *)auxv + at, sizeof(pair));
        if (pair.a_type == AT_NULL)
            break;
        if (pair.a_type == AT_SECURE)
            return pair.a_un.a_val != 0;
    }
    return true;
}

uint64_t procfs_auxv_value(const void *auxv, size_t n, uint64_t type)
{
    Elf64_auxv_t pair;

    for (size_t at = 0; n - at >= sizeof(pair); at += sizeof(pair)) {
        memcpy(&pair, (const char *)auxv + at, sizeof(pair));
        if (pair.a_type == AT_NULL)
            break;
        if (pair.a_type == type)
            return pair.a_un.a_val;
    }
    return 0;
}

int procfs_parse_pidfd(struct str text, int64_t *ret_pid)
{
    struct str line;

    while (str_split(&text, '\n', &line)) {
        if (!str_starts(line, STR("Pid:")))
            continue;
        line = str_trim((struct str){line.p + 4, line.n - 4});
        return str_to_i64(line, ret_pid) < 0 ? PROCFS_MALFORMED : 0;
    }
    return PROCFS_MALFORMED;
}

struct str procfs_os_release(struct str text, struct str key)
{
    struct str line, name;

    while (str_split(&text, '\n', &line)) {
        line = str_trim(line);
        if (!str_split(&line, '=', &name) || !str_eq(name, key))
            continue;
        if (line.n >= 2 && (line.p[0] == '"' || line.p[0] == '\'') &&
            line.p[line.n - 1] == line.p[0])
            return (struct str){line.p + 1, line.n - 2};
        return line;
    }
    return (struct str){"", 0};
}
