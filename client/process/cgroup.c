/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process/cgroup.h"

#include <ctype.h>
#include <string.h>

#include "client/process/procfs.h"
#include "common/base/cleanup.h"

#define HEX_ID         64
#define POD_HASH       32 /* of a static pod */
#define UID_CGROUP_MAX 4294967294u

/* --- Shapes --- */

static bool is_hex(struct str s, size_t n)
{
    if (s.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
            return false;
    return true;
}

/* What LXC and systemd-machined take as the name of a container. */
static bool is_machine_name(struct str s)
{
    if (s.n == 0 || s.n > CGROUP_ID_MAX || s.p[0] == '.' || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!isalnum((unsigned char)s.p[i]) && !strchr("-_.", s.p[i]))
            return false;
    return true;
}

static struct str without(struct str s, struct str prefix, struct str suffix)
{
    if (s.n < prefix.n + suffix.n || !str_starts(s, prefix) || !str_ends(s, suffix))
        return (struct str){"", 0};
    return (struct str){s.p + prefix.n, s.n - prefix.n - suffix.n};
}

static bool read_uid(struct str s, int64_t *ret)
{
    uint64_t uid;

    if (str_to_u64(s, UID_CGROUP_MAX, &uid) < 0)
        return false;
    *ret = (int64_t)uid;
    return true;
}

/* systemd writes \x2d for a dash in the middle of a unit's name. */
static struct str unescape(struct str s, char room[static CGROUP_ID_MAX + 1])
{
    size_t to = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (to == CGROUP_ID_MAX)
            return (struct str){"", 0};
        if (s.n - i >= 4 && memcmp(s.p + i, "\\x2d", 4) == 0) {
            room[to++] = '-';
            i += 3;
        } else {
            room[to++] = s.p[i];
        }
    }
    return (struct str){room, to};
}

/* --- Containers --- */

/* One part of the path, by its shape. parent: the part before it must be this one. */
static const struct container_shape {
    const char *runtime, *parent, *prefix, *suffix;
    bool named; /* a name, not an id */
} shapes[] = {
    {"docker", NULL, "docker-", ".scope", false},
    {"docker", "docker", "", "", false},
    {"containerd", NULL, "cri-containerd-", ".scope", false},
    {"containerd", NULL, "nerdctl-", ".scope", false},
    {"cri-o", NULL, "crio-", ".scope", false},
    {"cri-o", NULL, "crio-", "", false},
    {"podman", NULL, "libpod-", ".scope", false},
    {"podman", NULL, "libpod-", "", false},
    {"lxc", NULL, "lxc.payload.", "", true},
    {"lxc", "lxc.payload", "", "", true},
    {"lxc", "lxc", "", "", true},
    {"machine", NULL, "machine-", ".scope", true},
    {"machine", NULL, "systemd-nspawn@", ".service", true},
};

static bool take_container(const struct container_shape *s, struct str parent, struct str part,
                           struct cgroup *g)
{
    char room[CGROUP_ID_MAX + 1];
    struct str id = without(part, str_from(s->prefix), str_from(s->suffix));

    if (s->parent && !str_eq(parent, str_from(s->parent)))
        return false;
    if (s->named)
        id = unescape(id, room);
    if (s->named ? !is_machine_name(id) : !is_hex(id, HEX_ID))
        return false;
    g->runtime = s->runtime;
    memcpy(g->container, id.p, id.n);
    g->container[id.n] = '\0';
    return true;
}

/* "pod" and a UUID, whose dashes are underscores in the names of slices. */
static bool take_pod(struct str part, struct cgroup *g)
{
    char text[CGROUP_POD_MAX + 1] = "";
    struct str id = without(part, STR(""), STR(".slice"));
    ptrdiff_t at;

    id = id.n > 0 ? id : part;
    at = str_find(id, STR("-pod"));
    if (at < 0 && !str_starts(id, STR("pod")))
        return false;
    at = at < 0 ? 3 : at + 4;
    id = (struct str){id.p + at, id.n - (size_t)at};
    if (id.n != CGROUP_POD_MAX && id.n != POD_HASH)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        bool dash = id.n == CGROUP_POD_MAX && (i == 8 || i == 13 || i == 18 || i == 23);

        if (dash ? id.p[i] != '_' && id.p[i] != '-' : !is_hex((struct str){id.p + i, 1}, 1))
            return false;
        text[i] = dash ? '-' : id.p[i];
    }
    memcpy(g->pod, text, sizeof(text));
    return true;
}

static void look_for_container(struct str parent, struct str part, bool in_pod, struct cgroup *g)
{
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
        if (take_container(&shapes[i], parent, part, g))
            return;
    /* Without systemd the kubelet names a container's group after it, and says no more. */
    if (in_pod && is_hex(part, HEX_ID))
        (void)take_container(&(struct container_shape){"cri", NULL, "", "", false}, parent, part,
                             g);
}

/* --- Units --- */

static void look_for_unit(struct str part, struct cgroup *g, bool *in_user_manager)
{
    struct str session = without(part, STR("session-"), STR(".scope"));

    if (str_ends(part, STR(".slice")))
        g->slice = part;
    if (is_machine_name(session))
        g->session = session;
    (void)read_uid(without(part, STR("user-"), STR(".slice")), &g->owner_uid);
    if (read_uid(without(part, STR("user@"), STR(".service")), &g->owner_uid))
        *in_user_manager = true;
    else if (*in_user_manager && (str_ends(part, STR(".service")) || str_ends(part, STR(".scope"))))
        g->user_unit = part;
}

void cgroup_parse(struct str path, struct cgroup *ret)
{
    struct cgroup g = {.owner_uid = -1};
    struct str part, parent = {"", 0}, rest = path;
    bool in_pod = false, in_user_manager = false;

    g.unit = procfs_unit(path);
    g.user_unit = g.slice = g.session = (struct str){"", 0};
    while (str_split(&rest, '/', &part)) {
        if (part.n == 0)
            continue;
        look_for_unit(part, &g, &in_user_manager);
        in_pod |= take_pod(part, &g);
        look_for_container(parent, part, in_pod, &g);
        parent = part;
    }
    *ret = g;
}
