/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* Paths of control groups as systemd and the container runtimes make them, and as somebody would
 * who wants to be taken for one. */
#include "client/process/cgroup.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "12345678-1234-1234-1234-123456789abc"
#define POU "12345678_1234_1234_1234_123456789abc"

static const struct {
    const char *path, *unit, *user_unit, *slice, *session;
    int64_t owner;
    const char *runtime, *container, *pod;
} rows[] = {
    {"/system.slice/web.service", "web.service", "", "system.slice", "", -1, NULL, "", ""},
    {"/user.slice/user-1000.slice/session-2.scope", "session-2.scope", "", "user-1000.slice", "2",
     1000, NULL, "", ""},
    {"/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.service", "app-x.service",
     "app-x.service", "app.slice", "", 1000, NULL, "", ""},
    {"/system.slice/docker-" ID ".scope", "docker-" ID ".scope", "", "system.slice", "", -1,
     "docker", ID, ""},
    {"/docker/" ID, "", "", "", "", -1, "docker", ID, ""},
    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POU
     ".slice/cri-containerd-" ID ".scope",
     "cri-containerd-" ID ".scope", "", "kubepods-burstable-pod" POU ".slice", "", -1, "containerd",
     ID, POD},
    {"/kubepods/besteffort/pod" POD "/" ID, "", "", "", "", -1, "cri", ID, POD},
    {"/kubepods.slice/kubepods-pod" POU ".slice/crio-" ID ".scope", "crio-" ID ".scope", "",
     "kubepods-pod" POU ".slice", "", -1, "cri-o", ID, POD},
    {"/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", "", "machine.slice", "",
     -1, "podman", ID, ""},
    {"/lxc.payload.web1/system.slice/cron.service", "cron.service", "", "system.slice", "", -1,
     "lxc", "web1", ""},
    {"/lxc/web2", "", "", "", "", -1, "lxc", "web2", ""},
    {"/machine.slice/machine-deb\\x2d12.scope", "machine-deb\\x2d12.scope", "", "machine.slice", "",
     -1, "machine", "deb-12", ""},
    /* None of these is a container. */
    {"/system.slice/docker-short.scope", "docker-short.scope", "", "system.slice", "", -1, NULL, "",
     ""},
    {"/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", "", "machine.slice",
     "", -1, NULL, "", ""},
    {"/" ID, "", "", "", "", -1, NULL, "", ""},
    {"/lxc/$(reboot)", "", "", "", "", -1, NULL, "", ""},
    {"/lxc/..", "", "", "", "", -1, NULL, "", ""},
    {"/user.slice/user-99999999999.slice", "", "", "user-99999999999.slice", "", -1, NULL, "", ""},
    {"/kubepods/pod" POU "x", "", "", "", "", -1, NULL, "", ""},
    {"/", "", "", "", "", -1, NULL, "", ""},
    {"", "", "", "", "", -1, NULL, "", ""},
};

START_TEST(a_path)
{
    struct cgroup g;

    cgroup_parse(str_from(rows[_i].path), &g);
    ck_assert(str_eq(g.unit, str_from(rows[_i].unit)));
    ck_assert(str_eq(g.user_unit, str_from(rows[_i].user_unit)));
    ck_assert(str_eq(g.slice, str_from(rows[_i].slice)));
    ck_assert(str_eq(g.session, str_from(rows[_i].session)));
    ck_assert_int_eq(g.owner_uid, rows[_i].owner);
    ck_assert_pstr_eq(g.runtime, rows[_i].runtime);
    ck_assert_str_eq(g.container, rows[_i].container);
    ck_assert_str_eq(g.pod, rows[_i].pod);
}
END_TEST

UNIT_TABLES_MAIN("client/cgroup", {a_path, ARRAY_SIZE(rows)})
