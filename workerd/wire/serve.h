/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's side of the wire: gives a child what it asks for until its result is whole. The
 * child is not trusted: what it says is bounded, and it can make nobody wait beyond the vigil. */
#ifndef CORRAL_WORKERD_WIRE_SERVE_H
#define CORRAL_WORKERD_WIRE_SERVE_H

#include "common/base/buf.h"
#include "workerd/wire/parcel.h"
#include "workerd/wire/vigil.h"
#include "workerd/wire/words.h"

#define WIRE_WANTS_MAX 20000u /* by one child: an index and files for each module of an image */
#define WIRE_CODES_MAX 64u    /* … and bytes of code */

enum wire_given {
    WIRE_GIVES_NONE = 1, /* the module is not at hand */
    WIRE_GIVES_REFUSAL,  /* *ret_problem says why there is no index of it */
};

struct wire_provider {
    /* Opens the index, read-only; the caller closes it. May take long (and then moves the vigil's
     * deadline). Negative ends the service and is returned. */
    int (*give)(void *arg, const struct wire_want *w, struct vigil *v, int *ret_fd,
                const char **ret_problem);
    /* Opens the module's files, as files.h has them; the caller closes them. 0, WIRE_GIVES_NONE.
     * NULL: there are none for anybody. */
    int (*give_files)(void *arg, const struct wire_want *w, struct parcel_fds *ret_fds,
                      uint32_t *ret_has);
    /* Copies what the module's file has from offset on, n bytes at most, as it was mapped: how
     * many, or 0. NULL: nothing for anybody. */
    ssize_t (*give_code)(void *arg, const struct wire_want *w, uint64_t offset, void *p, size_t n);
    void *arg;
};

enum wire_outcome {
    WIRE_TOO_LATE = VIGIL_TOO_LATE,
    WIRE_UNWANTED = VIGIL_UNWANTED,
    WIRE_HUNG_UP,  /* the child closed its end before its result was whole */
    WIRE_NONSENSE, /* it said what it may not say, or too much */
};

/* Appends the result to buf, which holds at least ANALYSIS_JSON_MAX. */
int wire_serve(int socket, struct vigil *v, const struct wire_provider *p, struct buf *ret);

#endif
