/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/handler client/process client/sidecar client/slim client/spool */
/* The filter on real processes: what a capture needs goes on, what it never needs is the end. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/handler/confine.h"
#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

enum act { WRITE, THREADLESS_CLONE, NEW_PROGRAM, SOCKET, TRACE, SIGNAL, EXECUTABLE, UNKNOWN };

static int do_it(enum act what)
{
    char *const none[] = {NULL};

    switch (what) {
    case WRITE:
        return write(STDOUT_FILENO, "", 0) == 0 ? 0 : 1;
    case THREADLESS_CLONE:
        return fork() < 0 ? 0 : 1;
    case NEW_PROGRAM:
        return execve("/bin/true", none, none);
    case SOCKET:
        return socket(AF_UNIX, SOCK_STREAM, 0);
    case TRACE:
        return (int)syscall(SYS_ptrace, 0, 0, 0, 0);
    case SIGNAL:
        return kill(getppid(), 0);
    case EXECUTABLE:
        return (int)syscall(SYS_mmap, 0, 4096, 4, 0x22, -1, 0);
    case UNKNOWN:
        return syscall(SYS_getcpu, NULL, NULL, NULL) < 0 && errno == ENOSYS ? 0 : 1;
    }
    return 1;
}

/* How it ended: an exit status, or minus the signal. */
static int ends(enum act what)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        prctl(PR_SET_DUMPABLE, 0);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || confine() < 0)
            _exit(99);
        _exit(do_it(what));
    }
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

START_TEST(what_is_needed)
{
    ck_assert_int_eq(ends(WRITE), 0);
}
END_TEST

START_TEST(what_is_not_known)
{
    ck_assert_int_eq(ends(UNKNOWN), 0);
}
END_TEST

START_TEST(what_is_the_end)
{
    static const enum act acts[] = {THREADLESS_CLONE, NEW_PROGRAM, SOCKET, TRACE,
                                    SIGNAL,           EXECUTABLE};

    for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
        ck_assert_int_eq(ends(acts[i]), -SIGSYS);
}
END_TEST

UNIT_MAIN("client/confine", what_is_needed, what_is_not_known, what_is_the_end)
