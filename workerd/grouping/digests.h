/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a crash, each of what was selected for it. Pure. */
#ifndef CORRAL_WORKERD_GROUPING_DIGESTS_H
#define CORRAL_WORKERD_GROUPING_DIGESTS_H

#include "workerd/grouping/fingerprint.h"
#include "workerd/grouping/selection.h"

/* Class, what tells two of it apart at one place, and the functions of the kept frames. */
struct grouping_key key_of_symbols(const struct selection *s, const struct grouping *g);
/* Build-id and offset of the kept frames; KEY_ADDRESSES or KEY_CALL. */
struct grouping_key key_of_addresses(const struct selection *s, enum key_kind kind);
/* Where the message says that it was, in the build, and what it says. */
struct grouping_key key_of_place(const struct selection *s, const struct grouping *g,
                                 const char *build_id, struct str place);
/* Executable, class, message without its parameters, module of the innermost frame. */
struct grouping_key key_of_program(const struct selection *s, const struct grouping *g);

/* Does this signal say that something is wrong, in contrast to SIGTERM and its like? */
bool is_crash_signal(int64_t signal);

#endif
