/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a body that is refused while much of it is still on its way. libmicrohttpd takes an
 * answer only before the first byte of a body or after its last one; closing without one would make
 * a sender try again for ever. Nothing has been written to the connection for this request yet, so
 * the answer is written to the socket directly and our direction is closed; the rest of the body is
 * then read for a while (HTTP_LINGER_MAX, http_pace.linger_usec), because closing a socket with
 * unread bytes resets it and can destroy the answer on its way. */
#ifndef CORRAL_HTTP_LINGER_H
#define CORRAL_HTTP_LINGER_H

struct request;

/* Sends q's response and half-closes. A file as body is not sent. -errno when the peer is gone. */
int linger_answer(struct request *q);

#endif
