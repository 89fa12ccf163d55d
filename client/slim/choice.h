/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be copied of a dying process: whole pages, and of them only what the kernel dumps
 * itself (p_filesz of its program headers), but for a few of a mapped file that cannot be written
 * to: code and constants. Who chooses gets an allowance for its purpose, so that
 * no part of the choice, however hostile the process, takes the room of the others. Copies nothing:
 * choice_read is for the few words that must be looked at to know where to go on. */
#ifndef CORRAL_CLIENT_SLIM_CHOICE_H
#define CORRAL_CLIENT_SLIM_CHOICE_H

#include <stdbool.h>

#include "client/slim/pages.h"
#include "client/slim/slim.h"

#define CHOICE_CONSTANTS_MAX 24u /* pages of files */

struct choice {
    const struct corefile *core;
    const struct slim_source *source;
    struct pages pages;
    size_t allowance;                         /* pages that the present purpose may still add */
    uint64_t constants[CHOICE_CONSTANTS_MAX]; /* pages that the kernel leaves to their files */
    size_t n_constants;
    bool cut; /* something that should be there was left out for a limit */
};

/* -ENOMEM. */
int choice_init(struct choice *c, const struct corefile *core, const struct slim_source *source,
                uint64_t total);
void choice_fini(struct choice *c);

/* For the next purpose: at most so many bytes, and never more than there is room for in all. */
void choice_allow(struct choice *c, uint64_t bytes);
uint64_t choice_room(const struct choice *c);

/* Chooses the pages of [start, start + n) that the kernel dumps. False when the allowance was used
 * up before the end. */
bool choice_keep(struct choice *c, uint64_t start, uint64_t n);
/* As choice_keep, and the pages there that are a file's and cannot be written to. */
bool choice_keep_constant(struct choice *c, uint64_t start, uint64_t n);
/* Copies up to n bytes of the process from address on, in one piece; returns how many. */
size_t choice_read(const struct choice *c, uint64_t address, void *p, size_t n);
/* A word of the process, as long as its pointers; false when it is not there. */
bool choice_read_word(const struct choice *c, uint64_t address, uint64_t *ret);

/* The first run of dumped memory within [address, end); false: none. */
bool choice_dumped(const struct corefile *core, uint64_t address, uint64_t end,
                   struct slim_range *ret);
/* The index of the first segment that ends beyond the address; core->n_segments: none. */
size_t choice_segment(const struct corefile *core, uint64_t address);

#endif
