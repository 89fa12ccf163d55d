/* SPDX-License-Identifier: Apache-2.0 */
/* corral-fetcher: the one part of the analysis that has a network. It knows no crash, no database
 * and no configuration: it is told what to fetch over the socket that is its standard input, writes
 * what comes into the file that it is given with each order, and says what came of it. It ends when
 * the other end does. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/version.h"

#include "workerd/fetcher/fetch.h"
#include "workerd/fetcher/talk.h"
#include "workerd/fetcher/walls.h"

static const char help[] = "usage: corral-fetcher\n"
                           "Fetches files for corral-workerd, which starts it.\n";

static int serve(int socket)
{
    for (;;) {
        _cleanup_fd_ int file = -1;
        struct fetch_order order;
        struct fetch_answer answer;
        int r = talk_receive_order(socket, &order, &file);

        if (r < 0)
            return r == -EPIPE ? 0 : r;
        fetch_file(&order, file, &answer);
        r = talk_send_answer(socket, &answer);
        if (r < 0)
            return r == -EPIPE ? 0 : r;
    }
}

static int run(void)
{
    int r;

    signal(SIGPIPE, SIG_IGN);
    fetch_prepare();
    r = walls_enter();
    if (r == 0)
        r = serve(STDIN_FILENO);
    if (r < 0)
        fprintf(stderr, "corral-fetcher: %s\n",
                r == -ENOTSOCK ? "standard input is no socket; corral-workerd starts this program"
                               : strerror(-r));
    return r < 0;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return run();
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("corral-fetcher " CORRAL_VERSION);
        return 0;
    }
    fputs(help, argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
    return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
}
