/* SPDX-License-Identifier: Apache-2.0 */
/* corral-handler: what the kernel starts for every crash (core(5), "Piping core dumps to a
 * program"), as root and for milliseconds. It gets the core on its standard input and the facts as
 * arguments, and leaves a whole entry in the spool. It speaks to no network: that is
 * corral-sender's work, under another user. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/handler/capture.h"
#include "common/base/version.h"

static const char usage[] =
    "corral-handler " CORRAL_VERSION "\n"
    "Takes one crash from the kernel into the spool. Not for people: core_pattern starts it, as\n\n"
    "  |/usr/sbin/corral-handler P%P I%I u%u g%g s%s t%t d%d C%C F%F h%h e%e E%E\n\n"
    "  -c FILE     configuration, as the first argument (default " SETTINGS_FILE ")\n"
    "  --version   print the version\n"
    "  --help      this text\n";

static int run(struct capture *c, int argc, char **argv)
{
    int r = capture_begin(c, argc, argv);

    if (r < 0)
        return r;
    capture_observe(c);
    r = capture_dump(c);
    if (r == 0)
        r = capture_keep(c);
    if (r == 0)
        capture_hand_over(c);
    return r;
}

int main(int argc, char **argv)
{
    struct capture c;
    int r;

    if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "--help") == 0)) {
        fputs(strcmp(argv[1], "--help") == 0 ? usage : "corral-handler " CORRAL_VERSION "\n",
              stdout);
        return EXIT_SUCCESS;
    }
    r = run(&c, argc, argv);
    capture_end(&c);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
