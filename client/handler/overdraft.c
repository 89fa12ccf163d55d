/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/overdraft.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/process/cgroup.h"
#include "client/handler/key.h"
#include "client/process/procfs.h"
#include "client/spool/ledger.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"

#define CGROUP_MAX (64u * 1024)

/* As process_tell.c tells it, so that the key is the same. */
static void read_container(const struct arguments *args, struct ledger_key *ret)
{
    _cleanup_buf_ struct buf b = BUF_INIT(CGROUP_MAX);
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct crash_meta m = {0};
    struct cgroup g;
    struct str path;
    char name[48];

    snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)args->pid);
    if (io_read_file(AT_FDCWD, name, &b) < 0 ||
        procfs_parse_cgroup((struct str){b.data, b.len}, &path) != 0)
        return;
    cgroup_parse(path, &g);
    m.cgroup = arena_strndup(&a, path.p, path.n);
    m.container_id = g.runtime ? g.container : NULL;
    key_container(&m, ret);
}

static enum fidelity most(const struct settings *s)
{
    if (strcmp(s->core, "none") == 0)
        return FIDELITY_META;
    return strcmp(s->core, "slim") == 0 ? FIDELITY_SLIM : FIDELITY_FULL;
}

bool overdraft(const struct arguments *args, const struct settings *settings)
{
    _cleanup_fd_ int dir =
        settings->spool[0] == '/' ? open(settings->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    struct ledger_case c = {.kind = {{0}}};
    struct ledger *l = NULL;
    bool spent;

    if (dir < 0 || faccessat(dir, LEDGER_FILE, F_OK, 0) < 0 || ledger_open(dir, settings, &l) < 0)
        return false;
    read_container(args, &c.container);
    spent = ledger_spent(l, &c, most(settings), clock_now());
    ledger_close(l);
    return spent;
}
