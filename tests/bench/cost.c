/* SPDX-License-Identifier: Apache-2.0 */
/* What a command costs: cost COMMAND... prints the microseconds that it took, those of processor
 * time (user and system, with the processes that it waited for), and the KiB that the largest of
 * its processes had in memory. Its output goes nowhere. Ends with the command's status. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_usec(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double usec(struct timeval t)
{
    return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static _Noreturn void become(char **argv)
{
    int nowhere = open("/dev/null", O_RDWR);

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(nowhere, fd);
    execvp(argv[0], argv);
    _exit(127);
}

int main(int argc, char **argv)
{
    struct rusage used;
    double begin, end;
    int status;
    pid_t pid;

    if (argc < 2) {
        fprintf(stderr, "usage: %s COMMAND...\n", argv[0]);
        return 2;
    }
    begin = now_usec();
    pid = fork();
    if (pid == 0)
        become(argv + 1);
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
        return 1;
    end = now_usec();
    printf("%.0f %.0f %ld\n", end - begin, usec(used.ru_utime) + usec(used.ru_stime),
           used.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
