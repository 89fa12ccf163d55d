/* SPDX-License-Identifier: Apache-2.0 */
/* corral-fetcher from the supplier's side: started when it is first needed, or reached behind a
 * socket where it runs as a service of its own; dropped after anything odd, and had anew by the
 * next order. */
#ifndef CORRAL_WORKERD_SUPPLY_ERRAND_H
#define CORRAL_WORKERD_SUPPLY_ERRAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "workerd/fetcher/talk.h"

struct errand {
    const char *address; /* the service's socket; "": started here */
    bool (*stopping)(void);
    int socket; /* -1: none */
    pid_t pid;  /* 0: none that is ours */
};

#define ERRAND_INIT(address_, stopping_)                                                           \
    ((struct errand){.address = (address_), .stopping = (stopping_), .socket = -1})

/* Has the order carried out with an empty file. 0 with *ret, which may say FETCH_FAILED because
 * there is no fetcher; or -ECANCELED: it is to stop. */
int errand_run(struct errand *e, const struct fetch_order *order, int file_fd,
               struct fetch_answer *ret);
/* Ends a fetcher that was started here. */
void errand_fini(struct errand *e);

#endif
