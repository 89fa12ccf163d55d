/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of the mapped files: the first page of each, which says which file it is (ELF header
 * and build-id), and the data of the executable, of the C library and of the dynamic linker, which
 * debuggers read (libthread_db's list of threads, r_debug, __abort_msg). */
#ifndef CORRAL_CLIENT_SLIM_LIBRARIES_H
#define CORRAL_CLIENT_SLIM_LIBRARIES_H

#include "client/slim/choice.h"
#include "client/slim/held.h"

#define LIBRARY_DATA_MAX (256u * 1024) /* of each one, with what the linker left zero (.bss) */
#define LIBRARY_RANGES   8u

/* Where the C library's variables lie. */
struct library_data {
    struct slim_range ranges[LIBRARY_RANGES];
    size_t n;
};

/* First pages and the vDSO. */
void libraries_keep_first_pages(struct choice *c);
/* Data of those that debuggers read. */
void libraries_keep_data(struct choice *c, struct library_data *ret);
/* The message that glibc left when it aborted: a mapping of its own, to which __abort_msg points.
 * What that symbol's address is, only the file tells; but the message is found by its shape. */
void libraries_keep_message(struct choice *c, const struct held *h, const struct library_data *d);

#endif
