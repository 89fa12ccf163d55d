/* SPDX-License-Identifier: Apache-2.0 */
/* corral-handler: what the kernel starts for every crash (core(5), "Piping core dumps to a
 * program"), as root and for milliseconds. It gets the core on its standard input and the facts as
 * arguments, and leaves a whole entry in the spool. It speaks to no network: that is
 * corral-sender's work, under another user. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/handler/capture.h"
#include "client/handler/listen.h"
#include "client/handler/missed.h"
#include "client/spool/settings.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/version.h"

static const char usage[] =
    "corral-handler " CORRAL_VERSION "\n"
    "Takes one crash from the kernel into the spool. Not for people: core_pattern starts it, as\n\n"
    "  |/usr/sbin/corral-handler P%P I%I u%u g%g s%s t%t d%d C%C F%F h%h e%e E%E\n\n"
    "  -c FILE     configuration, as the first argument (default " SETTINGS_FILE ")\n"
    "  --listen    serve the kernel's coredump socket instead; see corral-handler(8)\n"
    "  --reconcile count the crashes that the kernel log tells of and no handler got\n"
    "  --version   print the version\n"
    "  --help      this text\n";

/* The kernel starts us without any of the three; then its log is the place that people look at. */
static void open_log(void)
{
    bool has_stderr = fcntl(2, F_GETFD) >= 0;
    int fd;

    if (io_repair_stdio() < 0 || has_stderr)
        return;
    fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0)
        log_set_fd(fd);
}

static int run(int argc, char **argv)
{
    struct arguments args;

    open_log();
    if (arguments_parse(argc, argv, &args) == 0)
        return capture_crash(&args, 0);
    log_error("no P%P among the arguments: see corral-handler(8) for core_pattern",
              LOG_STR("program", "corral-handler"), LOG_ERRNO(EINVAL));
    return -EINVAL;
}

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "--help") == 0)) {
        fputs(strcmp(argv[1], "--help") == 0 ? usage : "corral-handler " CORRAL_VERSION "\n",
              stdout);
        return EXIT_SUCCESS;
    }
    if (argc >= 2 && strcmp(argv[1], "--listen") == 0)
        return listen_run(argc - 2, argv + 2);
    if (argc >= 2 && strcmp(argv[1], "--reconcile") == 0)
        return missed_reconcile(argc == 4 && strcmp(argv[2], "-c") == 0 ? argv[3] : SETTINGS_FILE);
    return run(argc, argv) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
