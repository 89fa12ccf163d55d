/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/missed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "client/handler/kernellog.h"
#include "client/handler/rights.h"
#include "client/handler/siphash.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/report/meta.h"

#define RECORDS_MAX  65536u /* of one look; the next one goes on behind them */
#define GROUPS_MAX   64u    /* of one look: a name and a reason */
#define NAMES_MAX    48u    /* … of these; what comes then is counted without its name */
#define COUNT_MAX    10000u /* of one group in one look */
#define LOOK_BACK    (60 * USEC_PER_SEC) /* of the very first look */
#define STATE_MAX    128
#define COMM_MAX     64
#define BOOT_ID_SIZE 37

/* --- How far it was read --- */

struct state {
    char boot_id[BOOT_ID_SIZE];
    uint64_t next; /* record */
    int64_t looked_at;
};

static void read_boot_id(char ret[static BOOT_ID_SIZE])
{
    _cleanup_buf_ struct buf b = BUF_INIT(BOOT_ID_SIZE);

    if (io_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &b) < 0 ||
        b.len < BOOT_ID_SIZE - 1)
        buf_clear(&b);
    snprintf(ret, BOOT_ID_SIZE, "%.36s", b.len ? buf_text(&b) : "-");
}

/* False when there is none yet, or none that can be read. */
static bool read_state(int fd, struct state *ret)
{
    char text[STATE_MAX];
    ssize_t n = io_pread(fd, text, sizeof(text) - 1, 0);
    struct str rest = {text, n > 0 ? (size_t)n : 0}, boot, next, looked_at;
    struct state s = {0};

    if (!str_split(&rest, ' ', &boot) || boot.n == 0 || boot.n >= sizeof(s.boot_id) ||
        !str_split(&rest, ' ', &next) || str_to_u64(next, UINT64_MAX, &s.next) < 0 ||
        !str_split(&rest, '\n', &looked_at) || str_to_i64(looked_at, &s.looked_at) < 0)
        return false;
    memcpy(s.boot_id, boot.p, boot.n);
    *ret = s;
    return true;
}

static int write_state(int fd, const struct state *s)
{
    char text[STATE_MAX];
    int n = snprintf(text, sizeof(text), "%s %020" PRIu64 " %020" PRId64 "\n", s->boot_id, s->next,
                     s->looked_at);
    ssize_t written = pwrite(fd, text, (size_t)n, 0);

    return written == n ? 0 : written < 0 ? -errno : -EIO;
}

/* --- One look --- */

/* Crashes of one name, missed for one reason. */
struct group {
    const char *why;
    char comm[COMM_MAX];
    uint64_t n;
    int64_t time;
};

struct look {
    const struct missed *missed;
    struct state state;
    int64_t since; /* records from before are not ours to count */
    char self[COMM_MAX];
    int64_t last_own; /* pid: its death may have several lines */
    struct group groups[GROUPS_MAX];
    size_t n_groups;
    uint64_t records, overwritten;
};

/* The group of that reason and name. NULL when there is no room for another one. */
static struct group *group_of(struct look *l, const char *why, const char *comm)
{
    struct group *g;

    for (size_t i = 0; i < l->n_groups; i++)
        if (strcmp(l->groups[i].why, why) == 0 && strcmp(l->groups[i].comm, comm) == 0)
            return &l->groups[i];
    if (l->n_groups == GROUPS_MAX)
        return NULL;
    g = &l->groups[l->n_groups++];
    *g = (struct group){.why = why};
    snprintf(g->comm, sizeof(g->comm), "%s", comm);
    return g;
}

static void take_event(struct look *l, const struct kernellog_record *r,
                       const struct kernellog_missed *m)
{
    char comm[COMM_MAX];
    struct group *g;

    if (m->own && m->pid == l->last_own)
        return;
    if (m->own)
        l->last_own = m->pid;
    snprintf(comm, sizeof(comm), "%.*s", (int)m->comm.n, m->comm.p);
    g = group_of(l, m->why, l->n_groups < NAMES_MAX ? comm : "");
    if (!g)
        return;
    g->n += m->n;
    g->time = r->time;
}

static void take_record(struct look *l, struct str bytes)
{
    struct kernellog_missed m;
    struct kernellog_record r;

    if (kernellog_parse(bytes, &r) != 0 || r.sequence < l->state.next)
        return;
    if (r.sequence > l->state.next && l->state.next > 0)
        l->overwritten += r.sequence - l->state.next;
    l->state.next = r.sequence + 1;
    if (r.time >= l->since && kernellog_missed(&r, str_from(l->self), &m) == 0)
        take_event(l, &r, &m);
}

/* Each read gives one record, -EPIPE when records were overwritten under the reader (who then goes
 * on with the oldest that is left), -EAGAIN at the end. */
static int read_log(struct look *l)
{
    char bytes[KERNELLOG_RECORD_MAX];

    if (lseek(l->missed->log, 0, SEEK_SET) < 0 && errno != ESPIPE)
        return -errno;
    for (unsigned i = 0; i < RECORDS_MAX; i++) {
        ssize_t n = read(l->missed->log, bytes, sizeof(bytes));

        if (n < 0 && errno == EAGAIN)
            return 0;
        if (n < 0 && (errno == EPIPE || errno == EINTR || errno == EINVAL))
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        l->records++;
        take_record(l, (struct str){bytes, (size_t)n});
    }
    return 0;
}

/* --- Counting --- */

/* A fixed key, so that all hosts of a fleet say the same. */
static void make_kind(const struct group *g, struct ledger_key *ret)
{
    static const uint8_t key[SIPHASH_KEY_SIZE] = "corral/missed/k";
    char text[COMM_MAX + 128];
    int n = snprintf(text, sizeof(text), "missed\n%s\n%s", g->why, g->comm);

    siphash(key, text, (size_t)n, ret->bytes);
}

static uint64_t count_group(const struct group *g, struct ledger *l)
{
    struct ledger_case c = {.comm = g->comm, .signal = META_UNKNOWN, .code = META_UNKNOWN};
    uint64_t n = g->n < COUNT_MAX ? g->n : COUNT_MAX;
    int64_t age = clock_mono() - g->time;

    make_kind(g, &c.kind);
    for (uint64_t i = 0; i < n; i++)
        ledger_count(l, &c, g->why, clock_now() - (age > 0 ? age : 0));
    return n;
}

static uint64_t count_all(const struct look *look, struct ledger *l)
{
    uint64_t n = 0;

    for (size_t i = 0; i < look->n_groups; i++)
        n += count_group(&look->groups[i], l);
    if (look->overwritten > 0)
        log_warning("records of the kernel log were overwritten before they were read: crashes "
                    "that never reached the handler may be missing",
                    LOG_STR("program", "corral-handler"), LOG_UINT("records", look->overwritten));
    return n;
}

/* --- The whole --- */

void missed_open(struct missed *ret)
{
    ret->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

void missed_close(struct missed *m)
{
    if (m->log >= 0)
        close(TAKE_FD(m->log));
}

/* The log of another boot is read from its start; the first time of all, from a moment ago: what
 * was before is of before we were there. */
static int begin_look(struct look *l, int state_fd, bool eager)
{
    bool known = read_state(state_fd, &l->state);
    int64_t now = clock_now(), ago = now - l->state.looked_at;
    char boot_id[BOOT_ID_SIZE];

    if (known && !eager && ago >= 0 && ago < MISSED_INTERVAL)
        return MISSED_TOO_SOON;
    read_boot_id(boot_id);
    if (!known)
        l->since = clock_mono() - LOOK_BACK;
    if (!known || strcmp(boot_id, l->state.boot_id) != 0)
        l->state.next = 0;
    memcpy(l->state.boot_id, boot_id, sizeof(boot_id));
    l->state.looked_at = now;
    (void)prctl(PR_GET_NAME, l->self);
    return 0;
}

int missed_look(const struct missed *m, const struct spool *s, struct ledger *ledger, bool eager,
                uint64_t *ret_n)
{
    _cleanup_free_ struct look *l = calloc(1, sizeof(*l));
    _cleanup_fd_ int state = -1;
    int r = l ? spool_lock_file(s, MISSED_FILE, &state) : -ENOMEM;

    if (r == SPOOL_BUSY)
        return MISSED_TOO_SOON; /* another handler is looking */
    if (r == 0) {
        l->missed = m;
        r = begin_look(l, state, eager);
    }
    if (r == 0)
        r = m->log < 0 ? -ENOENT : read_log(l);
    if (r == 0)
        r = write_state(state, &l->state);
    if (r == 0)
        *ret_n = count_all(l, ledger);
    return r;
}

static int reconcile(const struct settings *settings, uint64_t *ret_n)
{
    _cleanup_spool_ struct spool spool = SPOOL_CLOSED;
    struct missed missed = MISSED_CLOSED;
    struct ledger *ledger = NULL;
    int r = spool_open(settings->spool, &spool);

    if (r < 0)
        return r;
    missed_open(&missed);
    r = rights_drop(spool.uid, spool.gid);
    if (r == 0)
        r = ledger_open(spool.dir, settings, &ledger);
    if (r == 0)
        r = missed_look(&missed, &spool, ledger, true, ret_n);
    ledger_close(ledger);
    missed_close(&missed);
    return r;
}

int missed_reconcile(const char *conf_path)
{
    struct conf_error error = {0};
    struct settings settings;
    uint64_t n = 0;
    int r = settings_load(conf_path, &settings, &error);

    if (r != 0)
        log_error("the configuration is not valid", LOG_STR("program", "corral-handler"),
                  LOG_STR("file", conf_path), LOG_INT("line", error.line),
                  LOG_STR("detail", error.message));
    else
        r = reconcile(&settings, &n);
    settings_fini(&settings);
    if (r < 0)
        log_error("cannot look for missed crashes", LOG_STR("program", "corral-handler"),
                  LOG_ERRNO(r));
    else if (n > 0)
        log_warning("crashes that never reached the handler were counted",
                    LOG_STR("program", "corral-handler"), LOG_UINT("crashes", n));
    return r < 0 || error.message[0] ? EXIT_FAILURE : EXIT_SUCCESS;
}
