/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/facts.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "common/base/cleanup.h"

#define LIMITS_MAX       32 /* the kernel knows 16 */
#define LIMIT_TEXT_MAX   128
#define LIMIT_NAME_WIDTH 26 /* "%-25s %-20s %-20s %-10s" of fs/proc/base.c */
#define HEX_MASK_MAX     16
#define MODEL_MAX        255
#define MICROCODE_MAX    32

/* --- "Key: value" lines --- */

/* The value of a line, without blanks around; false when the line has another key. */
static bool value_of(struct str line, struct str key, struct str *ret)
{
    struct str name;

    if (!memchr(line.p, ':', line.n))
        return false;
    str_split(&line, ':', &name);
    if (!str_eq(str_trim(name), key))
        return false;
    *ret = str_trim(line);
    return true;
}

/* The first line with that key: the process chooses its name, which is one line (newlines in it are
 * escaped) and the first. */
static bool find_value(struct str text, struct str key, struct str *ret)
{
    struct str line;

    while (str_split(&text, '\n', &line))
        if (line.n > 0 && value_of(line, key, ret))
            return true;
    return false;
}

#define AT(member) offsetof(struct crash_meta, member)

struct number_line {
    struct str key;
    size_t offset;
    uint64_t max;
    bool kib; /* "1234 kB" */
};

static void read_numbers(struct str text, const struct number_line *lines, size_t n,
                         struct crash_meta *m)
{
    for (size_t i = 0; i < n; i++) {
        int64_t *field = (int64_t *)((char *)m + lines[i].offset);
        struct str value, number;
        uint64_t v;

        if (!find_value(text, lines[i].key, &value) || !str_split(&value, ' ', &number) ||
            str_to_u64(number, lines[i].max, &v) < 0)
            continue;
        *field = (int64_t)(lines[i].kib ? v * 1024 : v);
    }
}

/* --- status --- */

void facts_from_status(struct str text, struct arena *a, struct crash_meta *m)
{
    static const struct number_line lines[] = {
        {STR("PPid"), AT(parent_pid), INT32_MAX, false},
        {STR("Seccomp"), AT(seccomp), 2, false},
        {STR("NoNewPrivs"), AT(no_new_privs), 1, false},
        {STR("VmPeak"), AT(memory_peak), INT64_MAX / 1024, true},
        {STR("VmRSS"), AT(memory_resident), INT64_MAX / 1024, true},
        {STR("VmSwap"), AT(memory_swapped), INT64_MAX / 1024, true},
        {STR("VmLck"), AT(memory_locked), INT64_MAX / 1024, true},
    };
    struct str value;
    uint64_t mask;

    read_numbers(text, lines, ARRAY_SIZE(lines), m);
    if (find_value(text, STR("CapEff"), &value) && value.n <= HEX_MASK_MAX &&
        str_hex_to_u64(value, UINT64_MAX, &mask) == 0)
        m->capabilities = arena_strndup(a, value.p, value.n);
}

/* "Uid:\tREAL\tEFFECTIVE\tSAVED\tFS" */
static bool same_four(struct str text, struct str key)
{
    struct str value, id, first = {0};
    unsigned n = 0;

    if (!find_value(text, key, &value))
        return false;
    for (; str_split(&value, '\t', &id); n++) {
        if (id.n == 0)
            return false;
        if (n == 0)
            first = id;
        else if (!str_eq(id, first))
            return false;
    }
    return n == 4;
}

bool facts_same_ids(struct str status)
{
    return same_four(status, STR("Uid")) && same_four(status, STR("Gid"));
}

bool facts_is_user(struct str status, int64_t uid)
{
    struct str value, id;
    uint64_t real;

    return find_value(status, STR("Uid"), &value) && str_split(&value, '\t', &id) &&
           str_to_u64(id, UINT32_MAX, &real) == 0 && (int64_t)real == uid;
}

/* --- limits, io --- */

/* Columns are padded with blanks: one is enough. */
static const char *squeezed(struct str line, struct arena *a)
{
    char text[LIMIT_TEXT_MAX];
    size_t n = 0;

    line = str_trim(line);
    for (size_t i = 0; i < line.n && n < sizeof(text); i++)
        if (line.p[i] != ' ' || line.p[i - 1] != ' ')
            text[n++] = line.p[i];
    return arena_strndup(a, text, n);
}

void facts_from_limits(struct str text, struct arena *a, struct crash_meta *m)
{
    struct str line;

    m->limits.items = arena_array(a, const char *, LIMITS_MAX);
    while (str_split(&text, '\n', &line) && m->limits.n < LIMITS_MAX) {
        struct str soft;

        if (!str_starts(line, STR("Max ")) || line.n <= LIMIT_NAME_WIDTH)
            continue;
        soft = (struct str){line.p + LIMIT_NAME_WIDTH, line.n - LIMIT_NAME_WIDTH};
        if (!str_starts(soft, STR("unlimited")))
            m->limits.items[m->limits.n++] = squeezed(line, a);
    }
}

void facts_from_io(struct str text, struct crash_meta *m)
{
    static const struct number_line lines[] = {
        {STR("read_bytes"), AT(read_bytes), INT64_MAX, false},
        {STR("write_bytes"), AT(write_bytes), INT64_MAX, false},
    };

    read_numbers(text, lines, ARRAY_SIZE(lines), m);
}

/* --- cpuinfo --- */

/* Paragraphs, one for each CPU, that begin with its number. */
static struct str cpu_paragraph(struct str text, int64_t cpu)
{
    struct str rest = text;

    while (rest.n > 0) {
        ptrdiff_t end = str_find(rest, STR("\n\n"));
        struct str part = {rest.p, end < 0 ? rest.n : (size_t)end}, value;
        uint64_t number;

        if (find_value(part, STR("processor"), &value) &&
            str_to_u64(value, INT32_MAX, &number) == 0 && (int64_t)number == cpu)
            return part;
        if (end < 0)
            break;
        rest = (struct str){rest.p + end + 2, rest.n - (size_t)end - 2};
    }
    return text;
}

static const char *short_value(struct str part, struct str key, size_t max, struct arena *a)
{
    struct str value;

    if (!find_value(part, key, &value) || value.n == 0)
        return NULL;
    return arena_strndup(a, value.p, value.n < max ? value.n : max);
}

void facts_from_cpuinfo(struct str text, struct arena *a, struct crash_meta *m)
{
    struct str part = cpu_paragraph(text, m->cpu);

    m->cpu_model = short_value(part, STR("model name"), MODEL_MAX, a);
    m->cpu_microcode = short_value(part, STR("microcode"), MICROCODE_MAX, a);
}

/* --- The core --- */

void facts_from_core(const struct corefile *core, struct arena *a, struct crash_meta *m)
{
    if (!core->has_siginfo)
        return;
    m->signal_code = core->code;
    if (core->has_address)
        m->signal_address = arena_printf(a, "0x%" PRIx64, core->address);
    if (core->has_sender) {
        m->sender_pid = core->sender_pid;
        m->sender_uid = core->sender_uid;
    }
}
