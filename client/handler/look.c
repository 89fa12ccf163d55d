/* SPDX-License-Identifier: Apache-2.0 */
/* What is done while we are root: reading /proc, and preparing what can't be had later. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "client/handler/steps.h"
#include "client/spool/usage.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/version.h"

#define COMM_MAX       64
#define HOSTNAME_BYTES 255
#define STATE_FOLDER                                                                               \
    "/run/corral/state" /* of the ledger, where there is no spool; its owner sends */
#define SENDER "corral-sender"

/* --- The process --- */

/* The kernel tells the second; we were started milliseconds after it and know better, unless the
 * machine was that busy. */
static int64_t time_of_crash(const struct arguments *args)
{
    int64_t now = clock_now(), told = args->time * USEC_PER_SEC;

    return args->time == META_UNKNOWN || (now >= told && now - told < 2 * USEC_PER_SEC) ? now
                                                                                        : told;
}

static void read_arguments(struct capture *c)
{
    const struct arguments *args = c->args;
    struct crash_meta *m = &c->meta;

    meta_init(m);
    m->client = "corral-handler " CORRAL_VERSION;
    m->crashed_at = time_of_crash(args);
    m->pid = args->pid;
    m->tid = args->tid;
    m->uid = args->uid;
    m->gid = args->gid;
    m->signal = args->signal;
    m->cpu = args->cpu;
    m->dump_mode = args->dump_mode;
    m->restricted = true; /* until /proc tells otherwise */
    if (!cstr_empty(args->comm))
        m->comm = process_text(&c->arena, str_from(args->comm), COMM_MAX, &m->cut);
    if (!cstr_empty(args->hostname))
        m->hostname = process_text(&c->arena, str_from(args->hostname), HOSTNAME_BYTES, &m->cut);
}

/* core_pattern tells it with c%c alone; who honours it without has to ask. */
static void read_core_limit(struct capture *c)
{
    struct rlimit limit;

    if (c->core_limit == UINT64_MAX && c->settings.honour_core_limit &&
        prlimit((pid_t)c->args->pid, RLIMIT_CORE, NULL, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY)
        c->core_limit = limit.rlim_cur;
}

static int read_process(struct capture *c)
{
    int r = process_open(c->args, &c->process);

    if (r != 0)
        return r;
    process_read(&c->process, c->args, &c->arena, &c->meta);
    read_core_limit(c);
    modules_read(&c->process, &c->arena, &c->modules);
    return process_verify(&c->process, c->args);
}

/* What /proc told is the crashed process' own, or is not told at all (CVE-2025-4598). That holds
 * for the memory as well: it was opened before. */
void look_at_process(struct capture *c)
{
    int r;

    read_arguments(c);
    r = read_process(c);
    c->known = r == 0;
    if (c->known)
        return;
    modules_close(&c->modules);
    c->modules.n = 0;
    process_close(&c->process);
    c->process = PROCESS_CLOSED;
    c->core_limit = c->args->core_limit;
    read_arguments(c);
    capture_warn(c, "the process was gone before it could be looked at", NULL);
}

/* --- The place --- */

static int sibling(char ret[static PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - sizeof(SENDER));
    char *slash;

    if (n < 0)
        return -errno;
    ret[n] = '\0';
    slash = strrchr(ret, '/');
    if (!slash)
        return -ENOENT;
    strcpy(slash + 1, SENDER);
    return 0;
}

/* It speaks to the network: never as root unless the spool is root's. */
static void prepare_sender(struct capture *c, const char *how)
{
    char path[PATH_MAX], *program = c->settings.sender;
    struct deputy_role role = {.uid = c->spool.uid, .gid = c->spool.gid};
    int r = 0;

    if (cstr_empty(program)) {
        r = sibling(path);
        program = path;
    }
    role.argv = (char *const[]){program, (char *)(uintptr_t)how, (char *)(uintptr_t) "-c",
                                (char *)(uintptr_t)c->args->conf_path, NULL};
    if (r == 0)
        r = deputy_begin(&role, &c->sender);
    if (r < 0)
        capture_fail(c,
                     c->streamed ? "cannot start corral-sender"
                                 : "cannot start corral-sender: the crash stays in the spool",
                     r);
    if (r < 0 && c->streamed)
        c->spool_error = r;
}

static void prepare_spool(struct capture *c)
{
    int lock = -1, r = spool_open(c->settings.spool, &c->spool);

    if (r < 0) {
        c->spool_error = r;
        return;
    }
    usage_limit(&c->spool, &c->settings);
    c->ledger_dir = fcntl(c->spool.dir, F_DUPFD_CLOEXEC, 3);
    missed_open(&c->missed);
    r = spool_lock(&c->spool, &lock);
    if (r == SPOOL_BUSY)
        return;
    if (lock >= 0)
        close(lock);
    prepare_sender(c, "--once");
}

/* Nothing touches a disk: the crash goes straight to the sender, counts live in /run. */
static void prepare_stream(struct capture *c)
{
    struct stat st;

    c->streamed = true;
    (void)io_mkdirs(AT_FDCWD, STATE_FOLDER, 0700);
    c->ledger_dir = open(STATE_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (c->ledger_dir >= 0 && fstat(c->ledger_dir, &st) == 0 &&
        !(st.st_mode & (S_IWGRP | S_IWOTH))) {
        c->spool.uid = st.st_uid;
        c->spool.gid = st.st_gid;
    }
    prepare_sender(c, "--stream");
}

void look_for_place(struct capture *c)
{
    int r;

    c->spool.uid = geteuid();
    c->spool.gid = getegid();
    if (strcmp(c->settings.spool, "none") == 0)
        prepare_stream(c);
    else
        prepare_spool(c);
    if (cstr_empty(c->settings.chain))
        return;
    r = chain_begin(c->settings.chain, c->args, &c->arena, &c->chain);
    if (r < 0)
        capture_fail(c, "cannot start the handler that `chain` names", r);
}
