/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/arguments.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "client/spool/settings.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/report/meta.h"

enum label_type { LABEL_NUMBER, LABEL_LIMIT, LABEL_TEXT };

#define AT(member) offsetof(struct arguments, member)

static const struct label {
    char letter;
    enum label_type type;
    size_t offset;
    uint64_t max; /* of a number */
} labels[] = {
    {'P', LABEL_NUMBER, AT(pid), INT32_MAX},  {'I', LABEL_NUMBER, AT(tid), INT32_MAX},
    {'u', LABEL_NUMBER, AT(uid), UINT32_MAX}, {'g', LABEL_NUMBER, AT(gid), UINT32_MAX},
    {'s', LABEL_NUMBER, AT(signal), 128},     {'t', LABEL_NUMBER, AT(time), 253402300799},
    {'d', LABEL_NUMBER, AT(dump_mode), 2},    {'C', LABEL_NUMBER, AT(cpu), INT32_MAX},
    {'F', LABEL_NUMBER, AT(pidfd), 1023},     {'c', LABEL_LIMIT, AT(core_limit), UINT64_MAX},
    {'h', LABEL_TEXT, AT(hostname), 0},       {'e', LABEL_TEXT, AT(comm), 0},
    {'E', LABEL_TEXT, AT(path), 0},
};

static void set(const struct label *l, const char *value, struct arguments *a)
{
    void *field = (char *)a + l->offset;
    uint64_t number;

    if (l->type == LABEL_TEXT)
        *(const char **)field = value;
    else if (str_to_u64(str_from(value), l->max, &number) < 0)
        return;
    else if (l->type == LABEL_LIMIT)
        *(uint64_t *)field = number;
    else
        *(int64_t *)field = (int64_t)number;
}

static void init(struct arguments *a)
{
    memset(a, 0, sizeof(*a));
    a->conf_path = SETTINGS_FILE;
    a->core_limit = UINT64_MAX;
    for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
        if (labels[i].type == LABEL_NUMBER)
            *(int64_t *)((char *)a + labels[i].offset) = META_UNKNOWN;
}

/* Returns the index of the first labelled argument. */
static int take_conf(int argc, char **argv, struct arguments *a)
{
    if (argc < 2 || !cstr_starts(argv[1], "-c"))
        return 1;
    if (argv[1][2] != '\0') {
        a->conf_path = argv[1] + 2;
        return 2;
    }
    if (argc > 2)
        a->conf_path = argv[2];
    return 3;
}

int arguments_parse(int argc, char **argv, struct arguments *ret)
{
    bool seen[ARRAY_SIZE(labels)] = {false};
    struct arguments a;

    init(&a);
    for (int i = take_conf(argc, argv, &a); i < argc; i++)
        for (size_t l = 0; l < ARRAY_SIZE(labels); l++)
            if (argv[i][0] == labels[l].letter && !seen[l]) {
                seen[l] = true;
                set(&labels[l], argv[i] + 1, &a);
            }
    *ret = a;
    return a.pid == META_UNKNOWN || a.pid == 0 ? ARGUMENTS_NO_PID : 0;
}
