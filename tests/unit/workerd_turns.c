/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/engine workerd/cause workerd/wire workerd/oneshot workerd/variables workerd/naming
 * workerd/unwind workerd/indexer workerd/analysis workerd/image workerd/sources workerd/index
 * workerd/front */
#include "workerd/engine/turns.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/unit.h"

static cpu_set_t processors_of(pid_t pid)
{
    cpu_set_t set;

    ck_assert_int_eq(sched_getaffinity(pid, sizeof set, &set), 0);
    return set;
}

START_TEST(both_stay_on_one_processor_until_it_is_work)
{
    const cpu_set_t before = processors_of(0);
    struct turns t = {0};

    turns_begin(&t);
    cpu_set_t here = processors_of(0);
    pid_t child = fork();

    if (child == 0)
        pause();
    cpu_set_t there = processors_of(child);

    ck_assert(t.taken && CPU_COUNT(&here) == 1 && CPU_EQUAL(&here, &there));
    turns_end(&t, child);
    here = processors_of(0);
    there = processors_of(child);
    ck_assert(!t.taken && CPU_EQUAL(&here, &before) && CPU_EQUAL(&there, &before));
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

/* A second child in the same turns must not make one processor of "all". */
START_TEST(what_began_twice_ends_at_once)
{
    const cpu_set_t before = processors_of(0);
    struct turns t = {0};

    turns_begin(&t);
    turns_begin(&t);
    turns_end(&t, 0);
    cpu_set_t after = processors_of(0);

    ck_assert(CPU_EQUAL(&after, &before));
    turns_end(&t, 0);
}
END_TEST

UNIT_MAIN("workerd/turns", both_stay_on_one_processor_until_it_is_work,
          what_began_twice_ends_at_once)
