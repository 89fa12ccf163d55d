/* SPDX-License-Identifier: Apache-2.0 */
/* Another handler that is given each core that is kept, too (the key `chain` of client.conf): the
 * one that core_pattern named before us. It is started through a deputy with its own arguments, and
 * given the bytes that the kernel would have given it: all of them when the crash is kept in full,
 * the slim core when it is kept slim. It never delays us: a reader that is slow is given up on. */
#ifndef CORRAL_CLIENT_HANDLER_CHAIN_H
#define CORRAL_CLIENT_HANDLER_CHAIN_H

#include "client/process/arguments.h"
#include "client/handler/deputy.h"
#include "common/base/arena.h"

#define CHAIN_ARGUMENTS_MAX 64
#define CHAIN_TEXT_MAX      4096 /* of one argument, expanded; the kernel has 127 bytes for all */
#define CHAIN_SECONDS       60   /* that the other handler has; then it is killed */
#define CHAIN_WAIT_MSEC     1000 /* that one write waits for the reader */
#define CHAIN_WAITS_MSEC    5000 /* … and all writes of one crash together */

struct chain {
    struct deputy deputy;
    bool broken;    /* it went away, or was too slow: it is given nothing more */
    int64_t waited; /* usec so far */
};

#define CHAIN_NONE ((struct chain){.deputy = {.fd = -1}})

/* The pattern's arguments with each specifier replaced, as format_corename of fs/coredump.c does
 * it: split at blanks first, so that a name with a blank in it stays one argument; what is not
 * known, or is no specifier, becomes nothing. %p and %i, ids within the process' own namespace, are
 * given as %P and %I; %F is nothing, for the descriptor is not handed on. Pure. -EINVAL for a
 * pattern that does not begin with | and an absolute path, or is too long. */
int chain_expand(const char *pattern, const struct arguments *args, struct arena *a,
                 char *const **ret_argv);

/* As root, before rights are dropped. pattern: the key's value, in core_pattern's language
 * (core(5)). -EINVAL for one that can't be expanded; errors of deputy_begin. */
int chain_begin(const char *pattern, const struct arguments *args, struct arena *a,
                struct chain *ret);
/* The next bytes of the core; while the process is held and after. */
void chain_feed(struct chain *c, const void *p, size_t n);
void chain_end(struct chain *c);

#endif
