/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/coredumps.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/report/jsontree.h"

#define VALUES_MAX 4096
#define BOOT_ID    32 /* digits */

static const struct {
    struct str suffix;
    enum coredump_packing packing;
} suffixes[] = {
    {STR(".zst"), COREDUMP_ZSTD},
    {STR(".lz4"), COREDUMP_OTHER},
    {STR(".xz"), COREDUMP_OTHER},
};

/* Cuts the last part behind a dot off. */
static struct str cut_last(struct str *s)
{
    size_t i = s->n;
    struct str last;

    while (i > 0 && s->p[i - 1] != '.')
        i--;
    last = (struct str){s->p + i, s->n - i};
    s->n = i > 0 ? i - 1 : 0;
    return last;
}

/* A UUIDv7 (RFC 9562) of that time whose other bits are a digest of the name. */
static void make_id(struct str name, int64_t at, char ret[static UUID_TEXT_SIZE])
{
    uint8_t digest[SHA256_SIZE], b[16];
    uint64_t msec = (uint64_t)(at / USEC_PER_MSEC);
    char hex[33];

    sha256(name.p, name.n, digest);
    memcpy(b, digest, sizeof(b));
    for (int i = 0; i < 6; i++)
        b[i] = (uint8_t)(msec >> (8 * (5 - i)));
    b[6] = (uint8_t)(0x70 | (b[6] & 0x0f));
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
    hex_encode(b, sizeof(b), hex);
    snprintf(ret, UUID_TEXT_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

bool coredump_name(const char *file, struct arena *a, struct coredump *ret)
{
    const char *slash = strrchr(file, '/');
    struct str name = str_from(slash ? slash + 1 : file), rest, boot;
    struct coredump c = {.packing = COREDUMP_PLAIN};
    uint64_t usec, pid, uid;

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (str_ends(name, suffixes[i].suffix)) {
            name.n -= suffixes[i].suffix.n;
            c.packing = suffixes[i].packing;
            break;
        }
    rest = name;
    if (!str_starts(name, STR("core.")) ||
        str_to_u64(cut_last(&rest), (uint64_t)INT64_MAX, &usec) < 0 ||
        str_to_u64(cut_last(&rest), INT32_MAX, &pid) < 0)
        return false;
    boot = cut_last(&rest);
    if (boot.n != BOOT_ID || !hex_valid(boot, BOOT_ID) ||
        str_to_u64(cut_last(&rest), UINT32_MAX, &uid) < 0 || rest.n < strlen("core."))
        return false;
    c.at = (int64_t)usec;
    c.file = arena_strdup(a, file);
    make_id(name, c.at, c.id);
    *ret = c;
    return uuid_valid(str_from(c.id));
}

/* --- The journal --- */

static const struct {
    const char *field;
    struct str member;
} fields[] = {
    {"COREDUMP_HOSTNAME", STR("hostname")},
    {"COREDUMP_UNIT", STR("unit")},
    {"COREDUMP_UID", STR("uid")},
    {"COREDUMP_GID", STR("gid")},
    {"COREDUMP_PACKAGE_NAME", STR("package")},
    {"COREDUMP_PACKAGE_VERSION", STR("version")},
};

bool coredump_entry(struct str line, struct arena *a, struct coredump *ret, struct crash_meta *meta)
{
    _cleanup_json_ json_t *entry = jsontree_object(line, VALUES_MAX, NULL);
    const char *file = json_string_value(json_object_get(entry, "COREDUMP_FILENAME"));
    const char *when = json_string_value(json_object_get(entry, "COREDUMP_TIMESTAMP"));
    struct meta_error error;
    int64_t at;

    if (!file || !coredump_name(file, a, ret))
        return false;
    if (when && str_to_i64(str_from(when), &at) == 0 && at > 0)
        ret->at = at;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *value = json_string_value(json_object_get(entry, fields[i].field));

        if (value)
            (void)meta_set_field(meta, a, fields[i].member, str_from(value), &error);
    }
    return true;
}
