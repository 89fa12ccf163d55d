/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/server/reference.h"

#include <stdio.h>
#include <string.h>

#include "client/ctl/server/ask.h"

#define GROUP_MAX INT32_MAX

/* ".../groups/G-142/merge?x#y" → "G-142"; what is no address stays. */
static struct str id_of(struct str text)
{
    static const struct str folders[] = {STR("/groups/"), STR("/events/")};

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        ptrdiff_t at = str_find(text, folders[i]);
        struct str id;

        if (at < 0)
            continue;
        id = (struct str){text.p + at + folders[i].n, 0};
        while (id.p + id.n < text.p + text.n && !strchr("/?#", id.p[id.n]))
            id.n++;
        return id;
    }
    return text;
}

struct reference reference_parse(const char *text)
{
    struct reference ref = {.kind = REFERENCE_NONE};
    struct str id = id_of(str_trim(str_from(text))), digits = id;
    uint64_t n;

    if (uuid_valid(id)) {
        ref.kind = REFERENCE_EVENT;
        snprintf(ref.id, sizeof(ref.id), "%.*s", (int)id.n, id.p);
        return ref;
    }
    if (id.n > 2 && (id.p[0] == 'G' || id.p[0] == 'g') && id.p[1] == '-')
        digits = (struct str){id.p + 2, id.n - 2};
    if (str_to_u64(digits, GROUP_MAX, &n) == 0 && n > 0) {
        ref.kind = REFERENCE_GROUP;
        snprintf(ref.id, sizeof(ref.id), "G-%u", (unsigned)n);
    }
    return ref;
}

int reference_group(const char *text, struct reference *ret)
{
    *ret = reference_parse(text);
    if (ret->kind == REFERENCE_GROUP)
        return CTL_OK;
    return ctl_complain(CTL_USAGE, "%s is no group: they are called G-142", text);
}

int reference_event(const struct access *a, struct connection *c, const char *text,
                    struct reference *ret)
{
    struct reference ref = reference_parse(text);
    _cleanup_json_ json_t *group = NULL;
    const char *id;
    char path[128];
    int status;

    if (ref.kind == REFERENCE_NONE)
        return ctl_complain(CTL_USAGE,
                            "%s is neither an event's id nor a group's (G-142) nor the address of "
                            "a page of one",
                            text);
    if (ref.kind == REFERENCE_GROUP) {
        snprintf(path, sizeof(path), "/api/v1/groups/%s", ref.id);
        status = ask_get(a, c, path, &group);
        if (status != CTL_OK)
            return status;
        id = json_string_value(json_object_get(group, "stack_of"))
                 ?: json_string_value(
                        json_object_get(json_array_get(json_object_get(group, "events"), 0), "id"));
        if (!id || !uuid_valid(str_from(id)))
            return ctl_complain(CTL_NOT_FOUND, "%s has no event that is kept", ref.id);
        snprintf(ref.id, sizeof(ref.id), "%s", id);
        ref.kind = REFERENCE_EVENT;
    }
    *ret = ref;
    return CTL_OK;
}
