/* SPDX-License-Identifier: Apache-2.0 */
/* Which groups are the demonstration's. The label is for people and may be given to anything; what
 * counts is who crashed, and where. */
#include <stdio.h>
#include <string.h>

#include "client/ctl/demo/demo.h"
#include "client/ctl/server/ask.h"

#define GROUPS_MAX 100000
#define FOLDER     "/lib/corral/demo/"

/* The programs lie in such a folder wherever Corral is installed. */
static bool is_program(const char *path)
{
    const char *folder = path ? strstr(path, FOLDER) : NULL;

    for (size_t i = 0; folder && i < DEMO_PROGRAMS; i++)
        if (strcmp(folder + strlen(FOLDER), demo_programs[i]) == 0)
            return true;
    return false;
}

/* Every host is one of ours, and none is missing in the list. */
static int look_at_hosts(struct demo *d, const char *id, bool *ret_ours)
{
    _cleanup_json_ json_t *group = NULL;
    const json_t *hosts, *host;
    char path[64];
    size_t i;
    int status;

    snprintf(path, sizeof(path), "/api/v1/groups/%s", id);
    status = ask_get(d->access, d->dash, path, &group);
    if (status != CTL_OK)
        return status;
    hosts = json_object_get(group, "hosts");
    *ret_ours =
        json_array_size(hosts) > 0 && (json_int_t)json_array_size(hosts) ==
                                          json_integer_value(json_object_get(group, "host_count"));
    json_array_foreach(hosts, i, host)
    {
        if (!history_has_host(json_string_value(json_object_get(host, "host"))))
            *ret_ours = false;
    }
    return CTL_OK;
}

int demo_find(struct demo *d, json_t *ours, json_t *others)
{
    _cleanup_json_ json_t *rows = NULL;
    const json_t *row;
    size_t i;
    int status =
        ask_list(d->access, d->dash, "/api/v1/groups?status=all", "groups", GROUPS_MAX, &rows);

    json_array_foreach(rows, i, row)
    {
        const char *id = json_string_value(json_object_get(row, "id"));
        bool is_ours = false;

        if (id && is_program(json_string_value(json_object_get(row, "executable"))))
            status = look_at_hosts(d, id, &is_ours);
        if (status != CTL_OK)
            return status;
        json_array_append_new(is_ours ? ours : others, json_string(id ?: ""));
    }
    return status;
}
