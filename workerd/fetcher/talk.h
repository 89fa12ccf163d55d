/* SPDX-License-Identifier: Apache-2.0 */
/* What corral-fetcher and who gives it orders say to each other: one order, one answer, each one
 * message of a SOCK_SEQPACKET socket between processes of one machine. With an order comes the file
 * that the fetched bytes go into. */
#ifndef CORRAL_WORKERD_FETCHER_TALK_H
#define CORRAL_WORKERD_FETCHER_TALK_H

#include <stdint.h>

#define TALK_VERSION    1
#define TALK_URL_SIZE   2048
#define TALK_REASON_MAX 256

struct fetch_order {
    uint32_t version;       /* TALK_VERSION */
    uint32_t allow_private; /* addresses, see address.h */
    int64_t timeout_usec;
    uint64_t max_bytes;
    char url[TALK_URL_SIZE]; /* http or https */
};

enum fetch_outcome {
    FETCH_DONE,      /* the file has it, whole */
    FETCH_NOT_FOUND, /* the server has not */
    FETCH_REFUSED,   /* by us: an address, a redirect, a size */
    FETCH_FAILED,    /* network, time, the server's trouble: it may go another time */
};

struct fetch_answer {
    uint32_t version;
    uint32_t outcome; /* enum fetch_outcome */
    uint64_t bytes;
    char reason[TALK_REASON_MAX]; /* in words; "" for FETCH_DONE */
};

/* Each 0 or -errno; -EPIPE when the other end is gone, -EPROTO when it says something else,
 * -ETIMEDOUT. */
int talk_send_order(int socket, const struct fetch_order *order, int file_fd);
/* Waits for ever. */
int talk_receive_order(int socket, struct fetch_order *ret, int *ret_file_fd);
int talk_send_answer(int socket, const struct fetch_answer *answer);
int talk_receive_answer(int socket, int64_t wait_usec, struct fetch_answer *ret);

#endif
