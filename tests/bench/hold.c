/* SPDX-License-Identifier: Apache-2.0 */
/* How long a crash holds its process: hold MIB THREADS ROUNDS [none]. Each round makes a child with
 * MIB of touched memory and THREADS threads, sends it SIGSEGV, and prints the microseconds from
 * just before the signal to the parent's wait: what a supervisor that restarts the program would
 * wait for. What the kernel does with the core is up to core_pattern; with `none` the child has
 * RLIMIT_CORE 0, else no limit. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

static void *wait_forever(void *unused)
{
    for (;;)
        pause();
    return unused;
}

/* The victim: fills its memory with what does not compress to nothing, tells that it is ready,
 * waits for its end. */
static _Noreturn void victim(size_t bytes, unsigned threads, int ready_fd, rlim_t core)
{
    const struct rlimit limit = {core, core};
    uint64_t *memory;
    uint64_t x = 88172645463325252u;

    if (setrlimit(RLIMIT_CORE, &limit) < 0)
        _exit(1);
    memory = mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        _exit(1);
    for (size_t i = 0; i < bytes / sizeof(*memory); i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17; /* xorshift64 */
        memory[i] = i % 4 == 0 ? x : i;
    }
    for (unsigned i = 1; i < threads; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, wait_forever, NULL) != 0)
            _exit(1);
    }
    if (write(ready_fd, "", 1) != 1)
        _exit(1);
    wait_forever(NULL);
    _exit(0);
}

/* Microseconds, or a negative number when the victim did not come up. */
static double one_round(size_t bytes, unsigned threads, rlim_t core)
{
    int ready[2], status;
    double begin, end;
    char byte;
    pid_t pid;

    if (pipe(ready) < 0)
        return -1;
    pid = fork();
    if (pid == 0)
        victim(bytes, threads, ready[1], core);
    close(ready[1]);
    if (pid < 0 || read(ready[0], &byte, 1) != 1)
        return -1;
    close(ready[0]);
    begin = now_usec();
    kill(pid, SIGSEGV);
    waitpid(pid, &status, 0);
    end = now_usec();
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? end - begin : -1;
}

int main(int argc, char **argv)
{
    size_t mib;
    unsigned threads, rounds;
    rlim_t core;

    if (argc < 4) {
        fprintf(stderr, "usage: %s MIB THREADS ROUNDS [none]\n", argv[0]);
        return 2;
    }
    mib = strtoul(argv[1], NULL, 10);
    threads = (unsigned)strtoul(argv[2], NULL, 10);
    rounds = (unsigned)strtoul(argv[3], NULL, 10);
    core = argc > 4 && strcmp(argv[4], "none") == 0 ? 0 : RLIM_INFINITY;
    for (unsigned i = 0; i < rounds; i++) {
        double usec = one_round(mib << 20, threads, core);

        if (usec < 0) {
            fprintf(stderr, "%s: no crash: %s\n", argv[0], strerror(errno));
            return 1;
        }
        printf("%.0f\n", usec);
        fflush(stdout);
    }
    return 0;
}
