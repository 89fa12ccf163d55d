/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon's life in a child process: what it prints and how it ends. */
#include "common/daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

static struct {
    char *log_level;
    uint64_t threads;
} conf;

static const struct conf_key keys[] = {
    {"log_level", CONF_TEXT, 0, "info", 0, 0, "What is logged."},
    {"threads", CONF_UINT, sizeof(char *), "4", 1, 64, "How many."},
};

static const char *check(const void *c)
{
    (void)c;
    return conf.threads == 13 ? "threads must not be 13" : NULL;
}

static int start(void)
{
    return conf.threads == 7 ? -EADDRINUSE : 0;
}

static void stop(void)
{
    fprintf(stderr, "drained\n");
}

static int show(int argc, char **argv, const void *c)
{
    (void)c;
    printf("mode");
    for (int i = 0; i < argc; i++)
        printf(" [%s]", argv[i]);
    printf(" threads=%d\n", (int)conf.threads);
    return 5;
}

static const struct daemon_mode modes[] = {{"--show", "WORD", "shows its arguments", show, true}};

static const struct daemon sample = {
    .name = "corral-sampled",
    .summary = "A daemon for its test.",
    .default_conf = "/no/such/default.conf",
    .keys = keys,
    .n_keys = ARRAY_SIZE(keys),
    .conf = &conf,
    .modes = modes,
    .n_modes = ARRAY_SIZE(modes),
    .check = check,
    .start = start,
    .stop = stop,
};

static char output[16384];

/* A file without a name: the child inherits its descriptor. */
static const char *conf_file(const char *text)
{
    static char path[32];
    int fd = memfd_create("conf", 0);

    ck_assert_int_eq(io_write(fd, text, strlen(text)), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return path;
}

/* The child with its output on a pipe. */
static pid_t spawn(const char *const *argv, int *ret_fd)
{
    int ends[2], argc = 0;
    pid_t pid;

    while (argv[argc])
        argc++;
    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        exit(daemon_main(&sample, argc, (char **)(uintptr_t)argv));
    }
    close(ends[1]);
    *ret_fd = ends[0];
    return pid;
}

static int collect(pid_t pid, int fd, size_t from)
{
    ssize_t n = io_read(fd, output + from, sizeof(output) - 1 - from);
    int status;

    output[from + (size_t)(n > 0 ? n : 0)] = '\0';
    close(fd);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define run(...)                                                                                   \
    ({                                                                                             \
        int out_;                                                                                  \
        pid_t pid_ = spawn((const char *const[]){"corral-sampled", ##__VA_ARGS__, NULL}, &out_);   \
        collect(pid_, out_, 0);                                                                    \
    })

#define ck_has(text)                                                                               \
    ck_assert_msg(strstr(output, (text)) != NULL, "no \"%s\" in: %s", (text), output)

START_TEST(words)
{
    ck_assert_int_eq(run("--version"), 0);
    ck_has("corral-sampled " CORRAL_VERSION);
    ck_assert_int_eq(run("--help"), 0);
    ck_has("A daemon for its test.");
    ck_has("--show WORD");
    ck_assert_int_eq(run("--nonsense"), 2);
    ck_has("unknown argument --nonsense");
    ck_assert_int_eq(run("-c"), 2);
}
END_TEST

START_TEST(configuration)
{
    ck_assert_int_eq(run("-t", "-c", conf_file("threads = 5\n")), 0);
    ck_has("is valid");
    ck_assert_int_eq(run("-t", "-c", conf_file("\nthread = 5\n")), 78);
    ck_has(":2: unknown key \"thread\"; did you mean \"threads\"?");
    ck_assert_int_eq(run("-t", "-c", conf_file("threads = 13\n")), 78);
    ck_has("threads must not be 13");
    ck_assert_int_eq(run("-t", "-c", conf_file("log_level = loud\n")), 78);
    ck_has("log_level must be");
    ck_assert_int_eq(run("-t"), 78);
    ck_has("/no/such/default.conf: cannot read it: No such file");
}
END_TEST

START_TEST(a_mode_gets_its_arguments_and_the_configuration)
{
    ck_assert_int_eq(run("--show", "a", "-c", conf_file("threads = 9\n"), "--b"), 5);
    ck_has("mode [a] [--b] threads=9");
    ck_assert_int_eq(run("--show"), 5);
    ck_has("threads=4");
}
END_TEST

START_TEST(start_and_drain)
{
    const char *argv[] = {"corral-sampled", "-c", conf_file("threads = 2\n"), NULL};
    size_t have = 0;
    int fd;
    pid_t pid = spawn(argv, &fd);

    while (have < sizeof(output) - 1 && !strstr(output, "msg=started")) {
        ssize_t n = read(fd, output + have, sizeof(output) - 1 - have);

        ck_assert_int_gt(n, 0);
        have += (size_t)n;
        output[have] = '\0';
    }
    ck_assert_int_eq(kill(pid, SIGTERM), 0);
    ck_assert_int_eq(collect(pid, fd, have), 0);
    ck_has("drained");
    ck_has("msg=stopped");
}
END_TEST

START_TEST(a_failed_start_is_an_exit_status)
{
    ck_assert_int_eq(run("-c", conf_file("threads = 7\n")), 1);
    ck_has("Address already in use");
}
END_TEST

UNIT_MAIN("daemon/daemon", words, configuration, a_mode_gets_its_arguments_and_the_configuration,
          start_and_drain, a_failed_start_is_an_exit_status)
