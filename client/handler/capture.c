/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "client/handler/key.h"
#include "client/handler/rights.h"
#include "client/handler/steps.h"
#include "common/base/io.h"
#include "common/base/log.h"

#define HOLD_FIRST_MAX (10 * USEC_PER_SEC) /* until the configuration is read */

/* --- What is said --- */

void capture_warn(const struct capture *c, const char *what, const char *why)
{
    log_warning(what, LOG_STR("program", "corral-handler"), LOG_INT("pid", c->args->pid),
                LOG_STR("crash_id", c->draft.id[0] ? c->draft.id : NULL), LOG_STR("reason", why));
}

void capture_fail(const struct capture *c, const char *what, int error)
{
    log_error(what, LOG_STR("program", "corral-handler"), LOG_INT("pid", c->args->pid),
              LOG_STR("crash_id", c->draft.id[0] ? c->draft.id : NULL), LOG_ERRNO(error));
}

/* --- Begin and end --- */

static void load_settings(struct capture *c)
{
    struct conf_error error = {0};

    if (settings_load(c->args->conf_path, &c->settings, &error) == 0)
        return;
    log_error("the configuration is not valid: going on with its defaults",
              LOG_STR("program", "corral-handler"), LOG_STR("file", c->args->conf_path),
              LOG_INT("line", error.line), LOG_STR("detail", error.message));
}

static void init(struct capture *c, const struct arguments *args)
{
    *c = (struct capture){.args = args,
                          .process = PROCESS_CLOSED,
                          .spool = SPOOL_CLOSED,
                          .ledger_dir = -1,
                          .sender = DEPUTY_NONE,
                          .chain = CHAIN_NONE,
                          .head = {.expected = META_UNKNOWN},
                          .draft = {.dir = -1},
                          .entry = ENTRY_CLOSED,
                          .missed = MISSED_CLOSED,
                          .core_fd = -1,
                          .full_fd = -1};
    c->core_limit = args->core_limit;
    c->memory = (struct memory){&c->process, &c->hold};
}

static int begin(struct capture *c, int core_fd)
{
    int r;

    rights_harden();
    signal(SIGPIPE, SIG_IGN);
    r = hold_begin(&c->hold, core_fd, HOLD_FIRST_MAX);
    if (r < 0) {
        capture_fail(c, "cannot take the core", r);
        return r;
    }
    if (c->args->pidfd != META_UNKNOWN)
        (void)fcntl((int)c->args->pidfd, F_SETFD, FD_CLOEXEC);
    load_settings(c);
    hold_set_max(&c->hold, c->settings.hold_max);
    return 0;
}

static void close_descriptor(int *fd)
{
    if (*fd >= 0)
        close(TAKE_FD(*fd));
}

static void end(struct capture *c)
{
    hold_release(&c->hold);
    modules_close(&c->modules);
    missed_close(&c->missed);
    process_close(&c->process);
    slim_free(c->slim);
    head_fini(&c->head);
    draft_abandon(&c->draft);
    entry_close(&c->entry);
    close_descriptor(&c->core_fd);
    close_descriptor(&c->full_fd);
    chain_end(&c->chain);
    deputy_end(&c->sender);
    ledger_close(c->ledger);
    close_descriptor(&c->ledger_dir);
    spool_close(&c->spool);
    settings_fini(&c->settings);
    arena_fini(&c->arena);
    hold_fini(&c->hold);
}

/* --- The steps --- */

/* A filter that can't be set up costs us our confinement, not the crash; root that can't be given
 * up costs the crash. */
static int drop(struct capture *c)
{
    int r = rights_drop(c->spool.uid, c->spool.gid);

    if (r < 0)
        capture_fail(c, "cannot give up root: the crash is lost", r);
    hold_drop(&c->hold);
    return r;
}

static void open_ledger(struct capture *c)
{
    int r = c->ledger_dir >= 0 ? ledger_open(c->ledger_dir, &c->settings, &c->ledger) : 0;

    if (r < 0 && r != -ENOSYS)
        capture_fail(c, "cannot open the ledger: no budget holds", r);
}

static void read_head(struct capture *c)
{
    struct corefile core;
    int r = head_read(&c->hold, &c->head);

    if (r == 0)
        r = corefile_open(bytes_of_memory(c->head.bytes.data, c->head.bytes.len), &c->arena, &core);
    c->has_core = r == 0 && slim_understands(&core);
    if (c->has_core)
        c->core = core;
    if (r < 0)
        capture_fail(c, "cannot read the head of the core", r);
}

static int keep(struct capture *c)
{
    switch (c->fidelity) {
    case FIDELITY_FULL:
        return keep_full(c);
    case FIDELITY_SLIM:
        return keep_slim(c);
    default:
        return keep_meta(c);
    }
}

/* A crash that could not be kept is counted all the same. */
static int count(struct capture *c, const char *why, int error)
{
    hold_release(&c->hold);
    hold_looked(&c->hold);
    if (!c->ledger)
        return error;
    ledger_count(c->ledger, &c->crash, why, c->meta.crashed_at);
    return 0;
}

/* From the memory of the process, as long as it is there: then no file of a module that is known
 * needs to be opened. */
static void identify_modules(struct capture *c)
{
    struct slim_source source = memory_source(&c->memory);

    if (c->known)
        modules_identify(&c->modules, &source, &c->arena);
}

/* With the process gone and the crash safe: which others did the kernel not hand over? */
static void look_for_missed(struct capture *c)
{
    uint64_t n = 0;
    int r = c->missed.log >= 0 && c->ledger
                ? missed_look(&c->missed, &c->spool, c->ledger, false, &n)
                : 0;

    if (r < 0)
        capture_fail(c, "cannot look for missed crashes in the kernel log", r);
    else if (n > 0)
        log_warning("crashes that never reached the handler were counted",
                    LOG_STR("program", "corral-handler"), LOG_UINT("crashes", n));
}

static int run(struct capture *c)
{
    int r;

    look_at_process(c);
    look_for_place(c);
    r = drop(c);
    if (r < 0)
        return r;
    open_ledger(c);
    read_head(c);
    decide(c);
    if (c->fidelity == FIDELITY_COUNT)
        return count(c, "over the budget", 0);
    identify_modules(c);
    r = c->spool_error < 0 ? c->spool_error : keep(c);
    if (r < 0) {
        capture_fail(c, "cannot write to the spool: the crash is lost", r);
        r = count(c,
                  r == -ENOSPC || r == -EDQUOT ? "the disk of the spool is full"
                                               : "the spool could not be written",
                  r);
    } else if (!c->meta.like) {
        ledger_spooled(c->ledger, &c->crash, c->draft.id);
    }
    return r;
}

int capture_crash(const struct arguments *args, int core_fd)
{
    struct capture c;
    int r;

    init(&c, args);
    r = begin(&c, core_fd);
    if (r == 0) {
        r = run(&c);
        look_for_missed(&c);
    }
    end(&c);
    return r;
}

/* The kernel writes ! for / (%E of core(5)). */
static const char *refused_path(const struct arguments *args, struct arena *a)
{
    char *path = arena_strdup(a, args->path);

    for (char *p = path; p && *p; p++)
        if (*p == '!')
            *p = '/';
    return path;
}

int capture_refused(const struct arguments *args, const char *why)
{
    struct capture c;
    int r;

    init(&c, args);
    load_settings(&c);
    look_for_place(&c);
    open_ledger(&c);
    c.crash = (struct ledger_case){.path = refused_path(args, &c.arena),
                                   .comm = args->comm,
                                   .signal = args->signal,
                                   .code = META_UNKNOWN};
    key_unseen(c.crash.path, args->comm, args->signal, &c.crash.kind);
    c.meta.crashed_at = clock_now();
    c.hold = (struct hold){.pipe = -1, .null = -1, .wake = -1};
    r = c.ledger ? 0 : -ENOSYS;
    if (c.ledger)
        ledger_count(c.ledger, &c.crash, why, c.meta.crashed_at);
    ledger_close(c.ledger);
    close_descriptor(&c.ledger_dir);
    deputy_end(&c.sender);
    chain_end(&c.chain);
    spool_close(&c.spool);
    settings_fini(&c.settings);
    arena_fini(&c.arena);
    return r;
}
