/* SPDX-License-Identifier: Apache-2.0 */
/* corral-engine, which is also what is installed as corral-workerd: reads cores and modules. A
 * worker starts it with --serve and the descriptor over which it gives orders; with --analyse it
 * reads one core for a person; and with anything else it becomes the daemon. So nobody who waits
 * for a stack waits for the daemon's forty libraries, nor for a second program to start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workerd/engine/children.h"
#include "workerd/engine/local.h"
#include "workerd/front/programs.h"

static int become(const char *name, char **argv)
{
    int r = program_exec(name, argv);

    fprintf(stderr, "corral-workerd: cannot start %s of lib/corral: %s\n", name, strerror(-r));
    return 1;
}

/* From --analyse on. */
static int analyse_main(int argc, char **argv)
{
    const char *program = program_of_analysis(argc, argv);

    if (strcmp(program, PROGRAM_ENGINE) != 0)
        return become(program, argv);
    return oneshot_main(argc, argv, local_analyse);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--serve") == 0)
        return zygote_serve(atoi(argv[2]), &children_jobs);
    if (argc > 1 && strcmp(argv[1], "--analyse") == 0)
        return analyse_main(argc - 1, argv + 1);
    return become(PROGRAM_DAEMON, argv);
}
