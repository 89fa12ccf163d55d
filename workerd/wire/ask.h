/* SPDX-License-Identifier: Apache-2.0 */
/* The child's side of the wire: asks for indexes and files, hands its result over. Waits as long as
 * the other side takes; makes no system calls but write(2) and recvmsg(2). */
#ifndef CORRAL_WORKERD_WIRE_ASK_H
#define CORRAL_WORKERD_WIRE_ASK_H

#include <stddef.h>
#include <sys/types.h>

#include "workerd/wire/parcel.h"
#include "workerd/wire/words.h"

enum wire_answer {
    WIRE_HAS_NONE = 1, /* the module is not at hand */
    WIRE_HAS_REFUSED,  /* there will be no index of it: ret_text says why */
};

/* An open index, or why there is none. ret_text is untouched unless refused. Negative: the provider
 * is gone, or says what makes no sense. */
int wire_ask(int socket, const struct wire_want *w, int *ret_fd,
             char ret_text[static WIRE_TEXT_MAX + 1]);
/* The module's files, as files.h has them. WIRE_HAS_NONE. The caller closes them. */
int wire_ask_files(int socket, const struct wire_want *w, struct parcel_fds *ret_fds,
                   uint32_t *ret_has);
/* Copies what there is of the module's file from offset on, n bytes at most: how many (at most
 * WIRE_CODE_MAX; 0: none are at hand). */
ssize_t wire_ask_code(int socket, const struct wire_want *w, uint64_t offset, void *p, size_t n);
/* The whole result, once. */
int wire_hand_over(int socket, const void *p, size_t n);

#endif
