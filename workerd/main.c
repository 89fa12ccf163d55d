/* SPDX-License-Identifier: Apache-2.0 */
/* corral-workerd: turns crashes into stacks and groups. This file says what it can do and in which
 * order its parts begin and end; pool.h has the processes, job.h the way of one crash. */
#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/daemon/daemon.h"
#include "common/daemon/sandbox.h"

#include "workerd/conf.h"
#include "workerd/counters.h"
#include "workerd/front/programs.h"
#include "workerd/healing/reanalyse.h"
#include "workerd/migrate.h"
#include "workerd/pool.h"
#include "workerd/regroup/mode.h"
#include "workerd/grouping/stackmode.h"
#include "workerd/siterules.h"
#include "workerd/status.h"

static struct worker_conf conf;
static struct metrics *metrics;

static int start(void)
{
    int r;

    if (!sandbox_has_landlock())
        log_warning("this kernel has no Landlock: analyses could read all files of this user",
                    LOG_STR("hint", "Linux 5.13 or later with landlock in lsm= has it"));
    metrics = counters_new();
    r = pool_start(&conf, metrics); /* forks, so it comes before any thread */
    if (r < 0)
        return r;
    r = status_start(&conf, metrics);
    if (r < 0)
        pool_stop();
    return r;
}

static void stop(void)
{
    pool_stop();
    status_stop();
    metrics_free(metrics);
}

static const char *check(const void *c)
{
    const char *wrong = worker_conf_check(c);

    if (wrong)
        return wrong;
    return siterules_load(conf.grouping_rules) < 0 ? "grouping_rules has a mistake, see above"
                                                   : NULL;
}

/* Seldom reached: corral-workerd starts the engine itself. */
static int analyse_main(int argc, char **argv, const void *conf_unused)
{
    (void)conf_unused;
    return program_exec(program_of_analysis(argc, argv), argv - 1) < 0;
}

static const struct daemon_mode modes[] = {
    {"--migrate", "[--database CONNINFO]", "Bring the database's schema up to date.", migrate_main,
     true},
    {"--regroup", "[--dry-run [--rules FILE]]", "Group all stacks anew, or say what would change.",
     regroup_main, true},
    {"--reanalyse", "--build-id ID | --crash ID | --group G-1 | --all",
     "Ask for events to be analysed again.", reanalyse_main, true},
    {"--analyse", "CORE …", "Print the stacks of a core.", analyse_main, false},
    {"--fingerprint", "FILE …", "Show how the stacks in FILE are grouped.", stackmode_main, false},
};

int main(int argc, char **argv)
{
    static const struct daemon daemon = {
        .name = "corral-workerd",
        .summary = "Turns crashes into stacks and groups for Corral.",
        .default_conf = "/etc/corral/workerd.conf",
        .keys = worker_conf_keys,
        .n_keys = WORKER_CONF_KEYS,
        .conf = &conf,
        .modes = modes,
        .n_modes = ARRAY_SIZE(modes),
        .check = check,
        .start = start,
        .stop = stop,
    };

    return daemon_main(&daemon, argc, argv);
}
