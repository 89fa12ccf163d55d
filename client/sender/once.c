/* SPDX-License-Identifier: Apache-2.0 */
#include "client/sender/once.h"

#include <stdio.h>
#include <sysexits.h>

#include "client/sender/round.h"
#include "common/base/log.h"
#include "common/base/version.h"

static struct connection *connect_to(const struct settings *settings)
{
    return connection_new(&(struct connection_options){
        .server = settings->server,
        .user_agent = "corral-sender/" CORRAL_VERSION,
        .token_file = settings->token_file,
        .ca_file = settings->ca_file,
        .timeout = settings->timeout,
    });
}

/* With the lock, until nothing new came while it was at work. */
static int send_all(const struct shipper *s, struct round *ret)
{
    struct round round = {0};
    int r;

    do
        r = round_run(s, "", NULL, NULL, &round);
    while (r == 0 && round.verdict == UPLOAD_DONE && round.sent + round.rejected > 0);
    /* Once more behind the one that ended it: a sender that is started for each crash has no memory
     * of what did not go through the last time. */
    if (r == 0 && round.ended_by[0] && round.left > 1)
        r = round_run(s, round.ended_by, NULL, NULL, &round);
    *ret = round;
    return r;
}

/* A handler that finds the lock taken starts no sender. So after the lock is given back there is
 * one more look: what was spooled while we still held it is ours. */
static int send_until_empty(const struct shipper *s, size_t *ret_left)
{
    for (;;) {
        _cleanup_arena_ struct arena a = ARENA_INIT(0);
        struct spool_list list;
        struct round round;
        int lock = -1, r = spool_lock(s->spool, &lock);

        if (r != 0)
            return r;
        r = send_all(s, &round);
        close(lock);
        if (r == 0)
            r = spool_list(s->spool, NULL, &a, &list);
        if (r < 0)
            return r;
        *ret_left = list.n;
        if (list.n == 0 || round.verdict != UPLOAD_DONE)
            return 0;
    }
}

int once_run(int argc, char **argv, const void *conf)
{
    const struct settings *settings = conf;
    _cleanup_spool_ struct spool spool = SPOOL_CLOSED;
    _cleanup_connection_ struct connection *connection = NULL;
    size_t left = 0;
    int r;

    if (argc > 0) {
        fprintf(stderr, "corral-sender: --once takes no argument: %s\n", argv[0]);
        return 2;
    }
    r = spool_open(settings->spool, &spool);
    if (r == 0) {
        connection = connect_to(settings);
        r = send_until_empty(&(struct shipper){settings, &spool, connection}, &left);
    }
    if (r < 0) {
        log_error("cannot use the spool", LOG_STR("spool", settings->spool), LOG_ERRNO(r));
        return 1;
    }
    return r == SPOOL_BUSY || left > 0 ? EX_TEMPFAIL : 0;
}
