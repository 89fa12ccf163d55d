/* SPDX-License-Identifier: Apache-2.0 */
/* A Redis or a PostgreSQL of a unit test's own: data and unix sockets in a temporary folder, gone
 * when the test is.
 *
 *     int main(void)
 *     {
 *         int status;
 *
 *         if (!server_redis(&redis, &status))
 *             return status;
 *         status = unit_run(…);
 *         server_end(&redis);
 *         return status;
 *     }
 */
#ifndef CORRAL_TESTS_LIB_SERVER_H
#define CORRAL_TESTS_LIB_SERVER_H

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "common/base/clock.h"
#include "common/base/io.h"

#define SERVER_PG_BIN     "/usr/lib/postgresql/15/bin/"
#define SERVER_START_USEC (30 * USEC_PER_SEC)

struct server {
    char folder[32];
    char
        address[64]; /* of the socket: a path, or for PostgreSQL the folder that libpq calls host */
    char log[64];
    pid_t pid;
};

/* Says that the program is not there, which is a reason to skip the file. */
static inline bool server_missing(const char *program, int *ret_status)
{
    printf("1..0 # SKIP %s is not installed\n", program);
    *ret_status = EXIT_SUCCESS;
    return false;
}

static inline pid_t server_spawn(const struct server *s, const char *const *argv)
{
    pid_t parent = getpid(), pid = fork();
    int fd;

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fd = open(s->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || getppid() != parent)
        _exit(127);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static inline bool server_run(const struct server *s, const char *const *argv)
{
    pid_t pid = server_spawn(s, argv);
    int status;

    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static inline bool server_listens(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected;

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    connected = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    close(fd);
    return connected;
}

static inline bool server_await(const char *path)
{
    int64_t deadline = clock_mono() + SERVER_START_USEC;

    while (!server_listens(path)) {
        if (clock_mono() > deadline)
            return false;
        clock_sleep(5 * USEC_PER_MSEC);
    }
    return true;
}

static inline bool server_folder(struct server *s)
{
    *s = (struct server){.folder = "/tmp/corral-unit.XXXXXX", .pid = -1};
    if (!mkdtemp(s->folder))
        return false;
    snprintf(s->log, sizeof(s->log), "%s/log", s->folder);
    return true;
}

/* Ends it in whatever way: also in the middle of a test, to see what happens then. */
static inline void server_kill(struct server *s)
{
    if (s->pid <= 0)
        return;
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = -1;
}

static inline void server_end(struct server *s)
{
    server_kill(s);
    (void)io_remove_tree(AT_FDCWD, s->folder);
}

/* It is there and does not start: that is a failure. */
static inline bool server_failed(struct server *s, int *ret_status)
{
    char line[256];
    FILE *log = fopen(s->log, "re");

    while (log && fgets(line, sizeof(line), log))
        printf("# %s", line);
    if (log)
        fclose(log);
    printf("Bail out! the server does not start\n");
    server_end(s);
    *ret_status = EXIT_FAILURE;
    return false;
}

/* --- Redis: address is the socket's path --- */

static inline bool server_redis_start(struct server *s)
{
    const char *const argv[] = {"redis-server", "--port", "0",       "--unixsocket",
                                s->address,     "--dir",  s->folder, "--appendonly",
                                "no",           "--save", "",        NULL};

    unlink(s->address);
    s->pid = server_spawn(s, argv);
    return s->pid > 0 && server_await(s->address);
}

/* False: the status to end with is in *ret_status. */
static inline bool server_redis(struct server *s, int *ret_status)
{
    if (access("/usr/bin/redis-server", X_OK) < 0)
        return server_missing("redis-server", ret_status);
    if (!server_folder(s))
        return server_failed(s, ret_status);
    snprintf(s->address, sizeof(s->address), "%s/redis", s->folder);
    return server_redis_start(s) || server_failed(s, ret_status);
}

/* --- PostgreSQL: address is the folder with the socket, database and user are postgres --- */

#define SERVER_ARGS_MAX 32

static inline bool server_has_namespaces(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

/* PostgreSQL refuses root, but takes it under the name of another user in a user namespace; the
 * files stay root's. Where user namespaces are switched off, it becomes that user and gets the
 * folder. */
static inline void server_as_postgres(const struct server *s, const char *const *argv,
                                      const char **ret)
{
    static char user[32], group[32];
    const struct passwd *p = getpwnam("postgres");
    unsigned uid = p ? p->pw_uid : 65534u, gid = p ? p->pw_gid : 65534u;
    bool namespaces = server_has_namespaces();
    const char *const mapped[] = {"unshare", "-U",          user,   group,
                                  "setpriv", "--pdeathsig", "KILL", NULL};
    const char *const changed[] = {"setpriv",     user,   group, "--clear-groups",
                                   "--pdeathsig", "KILL", NULL};
    size_t n = 0;

    snprintf(user, sizeof(user), namespaces ? "--map-user=%u" : "--reuid=%u", uid);
    snprintf(group, sizeof(group), namespaces ? "--map-group=%u" : "--regid=%u", gid);
    if (getuid() == 0 && !namespaces && chown(s->folder, uid, gid) < 0)
        perror(s->folder);
    for (const char *const *word = namespaces ? mapped : changed; getuid() == 0 && *word; word++)
        ret[n++] = *word;
    while (*argv)
        ret[n++] = *argv++;
    ret[n] = NULL;
}

/* It listens before it is ready. */
static inline bool server_postgres_await(const struct server *s)
{
    const char *const keys[] = {"host", "user", "dbname", NULL};
    const char *const values[] = {s->address, "postgres", "postgres", NULL};
    int64_t deadline = clock_mono() + SERVER_START_USEC;

    while (PQpingParams(keys, values, 0) != PQPING_OK) {
        if (clock_mono() > deadline)
            return false;
        clock_sleep(5 * USEC_PER_MSEC);
    }
    return true;
}

static inline bool server_postgres_start(struct server *s)
{
    char data[64], lock[80], path[80];
    const char *const words[] = {SERVER_PG_BIN "postgres",
                                 "-D",
                                 data,
                                 "-k",
                                 s->folder,
                                 "-c",
                                 "listen_addresses=",
                                 "-c",
                                 "fsync=off",
                                 "-c",
                                 "shared_buffers=16MB",
                                 "-c",
                                 "jit=off",
                                 "-c",
                                 "max_connections=10",
                                 NULL};
    const char *argv[SERVER_ARGS_MAX];

    snprintf(data, sizeof(data), "%s/data", s->folder);
    snprintf(lock, sizeof(lock), "%s/postmaster.pid", data);
    snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", s->folder);
    unlink(lock);
    unlink(path);
    server_as_postgres(s, words, argv);
    s->pid = server_spawn(s, argv);
    return s->pid > 0 && server_await(path) && server_postgres_await(s);
}

static inline bool server_postgres(struct server *s, int *ret_status)
{
    char data[64];
    const char *const words[] = {
        SERVER_PG_BIN "initdb", "-D",         data,        "-U", "postgres", "--auth=trust",
        "--encoding=UTF8",      "--locale=C", "--no-sync", NULL};
    const char *argv[SERVER_ARGS_MAX];

    if (access(SERVER_PG_BIN "postgres", X_OK) < 0)
        return server_missing("PostgreSQL 15", ret_status);
    if (!server_folder(s))
        return server_failed(s, ret_status);
    snprintf(data, sizeof(data), "%s/data", s->folder);
    snprintf(s->address, sizeof(s->address), "%s", s->folder);
    server_as_postgres(s, words, argv);
    return (server_run(s, argv) && server_postgres_start(s)) || server_failed(s, ret_status);
}

#endif
