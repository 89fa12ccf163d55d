/* SPDX-License-Identifier: Apache-2.0 */
/* The half of process.h that understands what was read. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "client/process/cgroup.h"
#include "client/process/facts.h"
#include "client/process/package_note.h"
#include "client/process/process.h"
#include "common/base/clock.h"
#include "common/report/limits.h"

#define NAME_BYTES_MAX 255
#define LABEL_MAX      255
#define COUNTER_MAX    64
#define CGROUP_ROOT    "/sys/fs/cgroup"

static const char *text_of(struct str s, size_t max, const char *field, struct arena *a,
                           struct crash_meta *m)
{
    bool cut = false;
    const char *text = s.n > 0 ? process_text(a, s, max, &cut) : NULL;

    if (cut)
        meta_cut(m, a, field);
    return text;
}

/* --- Control group --- */

/* Below the root of all groups, through no link: the path is the kernel's, its names are not. */
static int64_t read_counter(struct str cgroup, const char *name)
{
    const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    _cleanup_fd_ int root = open(CGROUP_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
    char path[META_TEXT_MAX + COUNTER_MAX], text[COUNTER_MAX];
    uint64_t value;
    ssize_t n;

    if (cgroup.n < 2 || cgroup.n > META_TEXT_MAX)
        return META_UNKNOWN;
    snprintf(path, sizeof(path), "%.*s/%s", (int)cgroup.n - 1, cgroup.p + 1, name);
    fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    n = fd < 0 ? -1 : read(fd, text, sizeof(text));
    if (n <= 0 || str_to_u64(str_trim((struct str){text, (size_t)n}), INT64_MAX, &value) < 0)
        return META_UNKNOWN;
    return (int64_t)value;
}

static void tell_cgroup(const struct process *p, struct arena *a, struct crash_meta *m)
{
    struct cgroup g;
    struct str path;

    if (procfs_parse_cgroup(p->texts.cgroup, &path) != 0)
        return;
    cgroup_parse(path, &g);
    m->cgroup = text_of(path, META_TEXT_MAX, "cgroup", a, m);
    m->unit = text_of(g.unit, NAME_BYTES_MAX, "unit", a, m);
    m->user_unit = text_of(g.user_unit, NAME_BYTES_MAX, "user_unit", a, m);
    m->slice = text_of(g.slice, NAME_BYTES_MAX, "slice", a, m);
    m->session = text_of(g.session, CGROUP_ID_MAX, "session", a, m);
    if (g.owner_uid >= 0)
        m->owner_uid = g.owner_uid;
    m->container_runtime = g.runtime;
    m->container_id = g.runtime ? arena_strdup(a, g.container) : NULL;
    m->pod_uid = g.pod[0] ? arena_strdup(a, g.pod) : NULL;
    m->cgroup_memory = read_counter(path, "memory.current");
    m->cgroup_memory_max = read_counter(path, "memory.max");
}

/* --- Facts --- */

/* stat counts from boot, with the time in suspend (proc(5)); CLOCK_BOOTTIME does as well. */
static void tell_start(const struct process *p, struct crash_meta *m)
{
    int64_t ticks = sysconf(_SC_CLK_TCK), started;
    struct timespec up;

    if (ticks <= 0 || p->at_start.start_ticks > INT64_MAX / (uint64_t)USEC_PER_SEC ||
        clock_gettime(CLOCK_BOOTTIME, &up) < 0)
        return;
    m->host_uptime = up.tv_sec * USEC_PER_SEC + up.tv_nsec / 1000;
    started = (int64_t)p->at_start.start_ticks * USEC_PER_SEC / ticks;
    m->started_at = clock_now() - m->host_uptime + started;
    if (started <= m->host_uptime)
        m->uptime = m->host_uptime - started;
}

/* Nothing of a program that ran with more rights than its caller's is for every eye
 * (CVE-2022-4415). */
static void tell_restriction(const struct process *p, struct crash_meta *m)
{
    const struct str auxv = p->texts.auxv;

    m->restricted = m->dump_mode != 1 || auxv.n == 0 || procfs_auxv_secure(auxv.p, auxv.n) ||
                    !facts_same_ids(p->texts.status);
}

static void tell_facts(const struct process *p, struct arena *a, struct crash_meta *m)
{
    struct str label = p->texts.label;
    int64_t score;

    facts_from_status(p->texts.status, a, m);
    facts_from_limits(p->texts.limits, a, m);
    facts_from_io(p->texts.io, m);
    label.n = strnlen(label.p, label.n); /* SELinux ends it with a NUL */
    m->lsm_label = text_of(str_trim(label), LABEL_MAX, "lsm_label", a, m);
    if (str_to_i64(str_trim(p->texts.oom_score_adj), &score) == 0 && score >= -1000 &&
        score <= 1000)
        m->oom_score_adj = score;
}

void process_tell(const struct process *p, const struct settings *s, struct arena *a,
                  struct crash_meta *m, struct privacy *ret)
{
    const struct slim_source memory = {process_memory, (void *)(uintptr_t)p};

    tell_restriction(p, m);
    tell_cgroup(p, a, m);
    tell_start(p, m);
    tell_facts(p, a, m);
    package_note_read(&memory, p->texts.auxv, a, m);
    privacy_apply(&p->areas, s, a, m, ret);
}
