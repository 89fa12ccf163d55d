/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "client/handler/dump.h"
#include "client/handler/host.h"
#include "client/handler/launch.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/base/version.h"
#include "common/report/limits.h"

#define DESCRIPTORS    (META_MODULES_MAX + 64)
#define CORE_LIMIT_MIN 4096                /* a RLIMIT_CORE below is how people say no */
#define HOLD_FIRST_MAX (10 * USEC_PER_SEC) /* until the configuration is read */
#define COMM_MAX       64
#define HOSTNAME_BYTES 255

/* --- Begin --- */

static void report(struct capture *c, const char *what, int error)
{
    log_error(what, LOG_STR("program", "corral-handler"), LOG_INT("pid", c->args.pid),
              LOG_STR("crash_id", c->draft.id), LOG_ERRNO(error));
}

/* The kernel starts us with no standard error; then the kernel log is the place that people look
 * at. */
static void open_kernel_log(void)
{
    int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);

    if (fd >= 0)
        log_set_fd(fd);
}

/* We are root with somebody's memory in hand: nobody may trace us, no file is for others, and a
 * crash of ours starts no further handler (the kernel gave us RLIMIT_CORE 1 for the same reason).
 */
static void harden(void)
{
    const struct rlimit no_core = {0, 0}, descriptors = {DESCRIPTORS, DESCRIPTORS};

    prctl(PR_SET_DUMPABLE, 0);
    umask(077);
    setrlimit(RLIMIT_CORE, &no_core);
    (void)setrlimit(RLIMIT_NOFILE, &descriptors);
}

static void load_settings(struct capture *c)
{
    struct conf_error error = {0};

    if (settings_load(c->args.conf_path, &c->settings, &error) == 0)
        return;
    log_error("the configuration is not valid: going on with its defaults",
              LOG_STR("program", "corral-handler"), LOG_STR("file", c->args.conf_path),
              LOG_INT("line", error.line), LOG_STR("detail", error.message));
}

int capture_begin(struct capture *c, int argc, char **argv)
{
    bool has_stderr = fcntl(2, F_GETFD) >= 0;
    int r;

    *c = (struct capture){.core = -1, .spool = SPOOL_CLOSED, .draft = {.dir = -1}};
    harden();
    r = hold_begin(&c->hold, HOLD_FIRST_MAX);
    if (!has_stderr)
        open_kernel_log();
    if (r < 0) {
        report(c, "cannot take the pipe", r);
        return r;
    }
    if (arguments_parse(argc, argv, &c->args) != 0) {
        report(c, "no P%P among the arguments: see corral-handler(8) for core_pattern", EINVAL);
        return -EINVAL;
    }
    if (c->args.pidfd != META_UNKNOWN)
        (void)fcntl((int)c->args.pidfd, F_SETFD, FD_CLOEXEC);
    load_settings(c);
    hold_set_max(&c->hold, c->settings.hold_max);
    return 0;
}

/* --- Observe --- */

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
    const struct arguments *args = &c->args;
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

/* What /proc told is the crashed process' own, or is not told at all (CVE-2025-4598). */
static void observe_process(struct capture *c)
{
    _cleanup_process_ struct process p = PROCESS_CLOSED;
    int r = process_open(&c->args, &p);

    if (r == 0) {
        process_read(&p, &c->args, &c->arena, &c->meta);
        modules_read(&p, &c->arena, &c->modules);
        r = process_verify(&p, &c->args);
    }
    if (r == 0)
        return;
    modules_close(&c->modules);
    c->modules.n = 0;
    read_arguments(c);
    log_warning("the process was gone before it could be looked at",
                LOG_STR("program", "corral-handler"), LOG_INT("pid", c->args.pid));
}

void capture_observe(struct capture *c)
{
    read_arguments(c);
    observe_process(c);
    host_read(&c->arena, &c->meta);
}

/* --- Dump --- */

static int open_draft(struct capture *c)
{
    char id[UUID_TEXT_SIZE];
    int r = spool_open(c->settings.spool, &c->spool);

    uuid_new(id);
    if (r == 0)
        r = draft_begin(&c->spool, id, &c->draft);
    if (r < 0)
        log_error("cannot write to the spool: the crash is lost",
                  LOG_STR("program", "corral-handler"), LOG_INT("pid", c->args.pid),
                  LOG_STR("spool", c->settings.spool), LOG_ERRNO(r));
    return r;
}

static const char *reason_for_no_core(const struct capture *c)
{
    if (!settings_wants_core(&c->settings))
        return "the configuration of the host wants no cores";
    if (c->args.core_limit < CORE_LIMIT_MIN)
        return "the process wanted no core (RLIMIT_CORE)";
    return NULL;
}

/* A core that could not be written makes room for the metadata. */
static void drop_core(struct capture *c)
{
    close(TAKE_FD(c->core));
    (void)draft_drop_core(&c->draft);
    c->meta.core_bytes = 0;
}

static void take_core(struct capture *c)
{
    uint64_t max = c->settings.core_max;
    struct dump d;

    if (c->args.core_limit < max)
        max = c->args.core_limit;
    dump_stream(&c->hold, c->core, max, &d);
    c->meta.encoding = CORE_ZSTD;
    c->meta.core_bytes = (int64_t)d.received;
    c->meta.core_expected = d.expected;
    c->meta.core_truncated = d.truncated;
    c->meta.core_problem = d.problem;
    if (d.error < 0 || d.received == 0)
        drop_core(c);
    if (d.problem)
        log_warning("the core is not complete", LOG_STR("program", "corral-handler"),
                    LOG_INT("pid", c->args.pid), LOG_STR("crash_id", c->draft.id),
                    LOG_STR("reason", d.problem), LOG_UINT("bytes", d.received));
}

int capture_dump(struct capture *c)
{
    int r = open_draft(c);

    if (r < 0)
        return r;
    c->meta.crash_id = c->draft.id;
    c->meta.core_problem = reason_for_no_core(c);
    if (!c->meta.core_problem) {
        r = draft_create_core(&c->draft, &c->core);
        if (r == 0)
            take_core(c);
        else
            c->meta.core_problem = "the spool took no core";
    }
    hold_release(&c->hold);
    return 0;
}

/* --- Keep --- */

/* Lists give way until the text fits: a crash with too many libraries is still a crash. */
static int format_meta(struct capture *c, struct buf *b)
{
    struct crash_meta *m = &c->meta;

    for (;;) {
        buf_clear(b);
        meta_format(m, b);
        if (buf_error(b) != -E2BIG || (m->n_modules == 0 && m->n_threads == 0))
            return buf_error(b);
        m->n_modules /= 2;
        m->n_threads /= 2;
        m->cut = true;
    }
}

int capture_keep(struct capture *c)
{
    _cleanup_buf_ struct buf b = BUF_INIT(META_JSON_MAX);
    int r = modules_keep(&c->modules, &c->spool, c->settings.module_max, &c->arena);

    if (r < 0)
        report(c, "cannot keep all executables of the crash", r);
    c->meta.modules = c->modules.entries;
    c->meta.n_modules = c->modules.n;
    c->meta.cut |= c->modules.cut;
    r = format_meta(c, &b);
    if (r == 0)
        r = draft_publish(&c->draft, c->core, (struct str){b.data, b.len});
    if (r < 0)
        report(c, "cannot write to the spool: the crash is lost", r);
    return r;
}

void capture_hand_over(struct capture *c)
{
    int r = launch_sender(&c->spool, c->settings.sender, c->args.conf_path);

    if (r < 0)
        report(c, "cannot start corral-sender: the crash stays in the spool", r);
}

void capture_end(struct capture *c)
{
    modules_close(&c->modules);
    draft_abandon(&c->draft);
    if (c->core >= 0)
        close(c->core);
    spool_close(&c->spool);
    hold_fini(&c->hold);
    settings_fini(&c->settings);
    arena_fini(&c->arena);
}
