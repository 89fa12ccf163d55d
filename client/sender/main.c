/* SPDX-License-Identifier: Apache-2.0 */
/* corral-sender: ships the spool to corral-ingestd, and keeps what cannot be shipped for as long as
 * it takes. Runs as a user of its own that owns the spool and has no capability; what it knows of a
 * crash is two files and a few build-ids. */
#include "client/sender/once.h"
#include "client/sender/service.h"
#include "client/sender/stream.h"
#include "common/base/cleanup.h"
#include "common/daemon/daemon.h"

static struct settings settings;

static const struct daemon_mode modes[] = {
    {"--once", NULL,
     "send what there is and exit: 0 when the spool is empty, 75 when something stays", once_run,
     true},
    {"--stream", NULL, "send one crash from standard input, for hosts without a spool", stream_run,
     true},
};

static int start(void)
{
    return service_start(&settings);
}

int main(int argc, char **argv)
{
    const struct daemon sender = {
        .name = "corral-sender",
        .summary = "Ships spooled crashes to corral-ingestd.",
        .default_conf = SETTINGS_FILE,
        .keys = settings_keys,
        .n_keys = settings_n_keys,
        .conf = &settings,
        .modes = modes,
        .n_modes = ARRAY_SIZE(modes),
        .check = settings_check,
        .start = start,
        .stop = service_stop,
    };

    return daemon_main(&sender, argc, argv);
}
