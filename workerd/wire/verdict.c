/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/wire/verdict.h"

#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

#include "common/base/cleanup.h"
#include "workerd/wire/orders.h"

/* How a child may end, and what is said of it: of an analysis, and of the making of an index. */
struct end {
    int how; /* signal, or enum job_status */
    enum verdict verdict;
    const char *analysis, *index;
};

static const struct end signals[] = {
    {SIGSYS, VERDICT_FAILED, "the analysis was stopped: it tried a forbidden system call",
     "reading it was stopped: that tried a forbidden system call"},
    {SIGXCPU, VERDICT_FAILED, "the analysis took too long", "reading it took too long"},
    {SIGXFSZ, VERDICT_FAILED, "the core is too large when it is decompressed",
     "its index would be too large"},
    {SIGKILL, VERDICT_FAILED, "the analysis was killed, probably for want of memory",
     "reading it was killed, probably for want of memory"},
};

static const struct end statuses[] = {
    {STATUS_DONE, VERDICT_DONE, NULL, NULL},
    {STATUS_NO_SANDBOX, VERDICT_HOST, NULL, NULL},
    {STATUS_HOST_FAILED, VERDICT_HOST, NULL, NULL},
    {STATUS_TOO_LONG, VERDICT_FAILED, "the analysis is too large", "its index would be too large"},
    {STATUS_NO_MEMORY, VERDICT_FAILED, "the analysis needed more memory than job_memory gives it",
     "reading it needed more memory than index_memory gives"},
    {STATUS_NOT_ELF, VERDICT_FAILED, NULL, "it is no ELF file of a kind that is read"},
    {STATUS_MALFORMED, VERDICT_FAILED, NULL, "its ELF headers are damaged"},
    {STATUS_TOO_LARGE, VERDICT_FAILED, NULL, "it is larger than is read"},
};

/* An allocation that fails calls abort(3), which ends so too behind the filter. */
static const struct end otherwise = {0, VERDICT_FAILED,
                                     "the analysis itself crashed, or had too little memory",
                                     "reading it crashed, or had too little memory"};

static const struct end *find(const struct end *list, size_t n, int how)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].how == how)
            return &list[i];
    return &otherwise;
}

static const struct end *end_of(int status)
{
    if (WIFSIGNALED(status))
        return find(signals, ARRAY_SIZE(signals), WTERMSIG(status));
    return find(statuses, ARRAY_SIZE(statuses), WEXITSTATUS(status));
}

enum verdict verdict_of_analysis(int status, const char **ret_problem)
{
    const struct end *e = end_of(status);

    if (e->verdict == VERDICT_FAILED)
        *ret_problem = e->analysis ? e->analysis : otherwise.analysis;
    return e->verdict;
}

enum verdict verdict_of_index(int status, const char **ret_problem)
{
    const struct end *e = end_of(status);

    if (e->verdict == VERDICT_FAILED)
        *ret_problem = e->index;
    return e->verdict;
}
