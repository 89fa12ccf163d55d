/* SPDX-License-Identifier: Apache-2.0 */
/* The child's side of the wire: asks for indexes, hands its result over. Waits as long as the other
 * side takes; makes no system calls but write(2) and recvmsg(2). */
#ifndef CORRAL_WORKERD_WIRE_ASK_H
#define CORRAL_WORKERD_WIRE_ASK_H

#include <stddef.h>

#include "workerd/wire/words.h"

enum wire_answer {
    WIRE_HAS_NONE = 1, /* the module is not at hand */
    WIRE_HAS_REFUSED,  /* there will be no index of it: ret_text says why */
};

/* An open index, or why there is none. ret_text is untouched unless refused. Negative: the provider
 * is gone, or says what makes no sense. */
int wire_ask(int socket, const struct wire_want *w, int *ret_fd,
             char ret_text[static WIRE_TEXT_MAX + 1]);
/* The whole result, once. */
int wire_hand_over(int socket, const void *p, size_t n);

#endif
