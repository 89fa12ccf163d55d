/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "client/handler/capture.h"
#include "client/handler/coredump_socket.h"
#include "client/handler/overdraft.h"
#include "client/handler/witness.h"
#include "client/spool/settings.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/str.h"

#define HANDED_OVER   3            /* SD_LISTEN_FDS_START of sd_listen_fds(3) */
#define HANDSHAKE_MAX USEC_PER_SEC /* for the kernel's part of it */
#define LOOK_MAX_SEC  10           /* until a capture has a watchdog of its own */
#define COUNT_MAX_SEC 60           /* for counting what was refused */
#define REFUSALS_MAX  128          /* that wait to be counted */
#define BREATH_MSEC   50           /* when there are no descriptors or processes left */
#define OOM_SCORE     "500"        /* of who holds one crash, as systemd-coredump has it */
#define PROGRAM       LOG_STR("program", "corral-handler")

struct child {
    pid_t pid; /* 0: free */
    struct witness crash;
};

struct refusal {
    struct witness crash;
    const char *why; /* a static text */
};

struct listener {
    const char *conf_path;
    int fd, signals;
    struct child children[LISTEN_CHILDREN];
    pid_t counter; /* the one that counts refusals; 0: none */
    struct refusal refusals[REFUSALS_MAX];
    size_t n_refusals;
    bool over;
};

/* --- Beginning --- */

static int read_options(int argc, char **argv, struct listener *l, const char **path)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            l->conf_path = argv[++i];
        else if (argv[i][0] == '/')
            *path = argv[i];
        else
            return -EINVAL;
    return 0;
}

/* LISTEN_PID and LISTEN_FDS of sd_listen_fds(3). */
static bool handed_over(void)
{
    const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
    uint64_t number;

    return pid && n && str_to_u64(str_from(pid), INT32_MAX, &number) == 0 &&
           (pid_t)number == getpid() && strcmp(n, "1") == 0 &&
           fcntl(HANDED_OVER, F_SETFD, FD_CLOEXEC) == 0 &&
           fcntl(HANDED_OVER, F_SETFL, O_NONBLOCK) == 0;
}

static int open_socket(struct listener *l, const char *path)
{
    _cleanup_free_ char *folder = strdup(path);
    int r;

    if (handed_over()) {
        l->fd = HANDED_OVER;
        return 0;
    }
    if (!folder)
        return -ENOMEM;
    *strrchr(folder, '/') = '\0';
    r = *folder ? io_mkdirs(AT_FDCWD, folder, 0755) : 0;
    return r < 0 ? r : coredump_socket_bind(path, &l->fd);
}

static int open_signals(struct listener *l)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
        return -errno;
    l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return l->signals < 0 ? -errno : 0;
}

/* Not dumpable: a crash of ours must not wait for ourselves. */
static int begin(struct listener *l, int argc, char **argv)
{
    const struct rlimit no_core = {0, 0};
    const char *path = COREDUMP_SOCKET_PATH;
    int r = read_options(argc, argv, l, &path);

    if (r < 0) {
        fputs("corral-handler: --listen takes -c FILE and the path of a socket\n", stderr);
        return r;
    }
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &no_core);
    umask(077);
    r = open_signals(l);
    if (r == 0)
        r = open_socket(l, path);
    if (r < 0)
        log_error("cannot listen", PROGRAM, LOG_STR("socket", path), LOG_ERRNO(r));
    else
        log_info("listening for crashes", PROGRAM, LOG_STR("socket", path));
    return r;
}

/* --- In a child --- */

/* No signal is blocked any more, and no further connection can be accepted. */
static void leave_parent(struct listener *l)
{
    sigset_t none;
    _cleanup_fd_ int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    close(l->fd);
    close(l->signals);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (score >= 0)
        (void)io_write(score, OOM_SCORE, strlen(OOM_SCORE));
}

static int only_count(const struct arguments *args, const char *why)
{
    return capture_refused(args, why) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* True when the core is not to be asked for. Asks for the process' own limit, which the kernel
 * passes over in this mode, where the configuration honours it. */
static bool unwanted(struct arguments *args)
{
    struct settings settings;
    struct conf_error error;
    bool spent;

    if (settings_load(args->conf_path, &settings, &error) < 0) { /* the capture says so */
        args->core_limit = UINT64_MAX;
        return false;
    }
    if (!settings.honour_core_limit)
        args->core_limit = UINT64_MAX;
    spent = overdraft(args, &settings);
    settings_fini(&settings);
    return spent;
}

/* One crash. Until the capture has its own watchdog the alarm ends us, and with us the hold. */
static int serve(struct listener *l, int fd, const struct coredump_peer *peer)
{
    struct witness w;
    int r;

    alarm(LOOK_MAX_SEC);
    r = witness_read(peer, l->conf_path, &w);
    if (r == 0 && unwanted(&w.args)) {
        coredump_socket_reject(fd);
        close(fd);
        return only_count(&w.args, "over the budget");
    }
    if (r == 0)
        r = coredump_socket_take(fd, clock_mono() + HANDSHAKE_MAX);
    alarm(0);
    if (r == 0 && fcntl(fd, F_SETFL, 0) == 0)
        return capture_crash(&w.args, fd) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    close(fd);
    log_warning("a crash was announced and not handed over", PROGRAM, LOG_INT("pid", peer->pid));
    return only_count(&w.args, "the process was gone before it could be looked at");
}

static int count(struct listener *l)
{
    int r = 0;

    alarm(COUNT_MAX_SEC);
    for (size_t i = 0; i < l->n_refusals && r >= 0; i++)
        r = capture_refused(&l->refusals[i].crash.args, l->refusals[i].why);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- Refusing --- */

/* Texts of a witness lie in itself. */
static void copy_witness(const struct witness *from, struct witness *to)
{
    *to = *from;
    to->args.comm = from->args.comm ? to->comm : NULL;
    to->args.path = from->args.path ? to->path : NULL;
    to->args.hostname = from->args.hostname ? to->hostname : NULL;
}

static void note_refusal(struct listener *l, const struct witness *w, const char *why)
{
    if (l->n_refusals == REFUSALS_MAX) {
        log_error("a crash was refused and could not even be counted", PROGRAM,
                  LOG_INT("pid", w->args.pid));
        return;
    }
    copy_witness(w, &l->refusals[l->n_refusals].crash);
    l->refusals[l->n_refusals++].why = why;
}

static void refuse(struct listener *l, int fd, const struct witness *w, const char *why)
{
    coredump_socket_reject(fd);
    note_refusal(l, w, why);
}

/* By one child at a time: the ledger lies on a disk, which may hang. */
static void count_refusals(struct listener *l)
{
    pid_t pid;

    if (l->counter != 0 || l->n_refusals == 0)
        return;
    pid = fork();
    if (pid < 0)
        return;
    if (pid == 0) {
        leave_parent(l);
        _exit(count(l));
    }
    l->counter = pid;
    l->n_refusals = 0;
}

/* --- Accepting --- */

static struct child *free_child(struct listener *l)
{
    for (size_t i = 0; i < LISTEN_CHILDREN; i++)
        if (l->children[i].pid == 0)
            return &l->children[i];
    return NULL;
}

static void start_child(struct listener *l, struct child *c, int fd,
                        const struct coredump_peer *peer)
{
    pid_t pid = fork();

    if (pid == 0) {
        leave_parent(l);
        _exit(serve(l, fd, peer));
    }
    if (pid > 0)
        c->pid = pid;
    else
        refuse(l, fd, &c->crash, "no process could be started for it");
}

static void take(struct listener *l, int fd)
{
    struct coredump_peer peer = {.pidfd = -1};
    struct child *c = free_child(l);
    struct witness w;

    if (coredump_socket_peer(fd, &peer) != 0) {
        log_warning("a connection was closed that is no crash", PROGRAM);
        return;
    }
    witness_glance(&peer, l->conf_path, c ? &c->crash : &w);
    if (c)
        start_child(l, c, fd, &peer);
    else
        refuse(l, fd, &w, "too many crashes at the same time");
    close(peer.pidfd);
}

static void accept_all(struct listener *l)
{
    int fd;

    while ((fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        take(l, fd);
        close(fd);
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        log_error("cannot accept", PROGRAM, LOG_ERRNO(errno));
        (void)poll(NULL, 0, BREATH_MSEC);
    }
}

/* --- Ending --- */

static void ended(struct listener *l, pid_t pid, int how)
{
    if (pid == l->counter)
        l->counter = 0;
    for (size_t i = 0; i < LISTEN_CHILDREN; i++) {
        struct child *c = &l->children[i];

        if (c->pid != pid)
            continue;
        c->pid = 0;
        if (!WIFSIGNALED(how))
            return;
        log_error("a handler was ended by a signal", PROGRAM, LOG_INT("pid", c->crash.args.pid),
                  LOG_INT("signal", WTERMSIG(how)));
        note_refusal(l, &c->crash, "the handler was ended by a signal");
    }
}

/* Captures that are under way finish without us. */
static void take_signals(struct listener *l)
{
    struct signalfd_siginfo signal;
    pid_t pid;
    int how;

    while (read(l->signals, &signal, sizeof(signal)) == sizeof(signal))
        l->over |= signal.ssi_signo != SIGCHLD;
    while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
        ended(l, pid, how);
}

int listen_run(int argc, char **argv)
{
    static struct listener l = {.conf_path = SETTINGS_FILE, .fd = -1, .signals = -1};

    if (begin(&l, argc, argv) < 0)
        return EXIT_FAILURE;
    while (!l.over) {
        struct pollfd ready[] = {{.fd = l.signals, .events = POLLIN},
                                 {.fd = l.fd, .events = POLLIN}};

        if (poll(ready, ARRAY_SIZE(ready), -1) < 0 && errno != EINTR)
            break;
        take_signals(&l);
        accept_all(&l);
        count_refusals(&l);
    }
    return EXIT_SUCCESS;
}
