/* SPDX-License-Identifier: Apache-2.0 */
/* The slim core as a file: ELF header, program headers, notes as the kernel wrote them, memory, and
 * with very many segments the section header that has their number. */
#ifndef CORRAL_CLIENT_SLIM_IMAGE_H
#define CORRAL_CLIENT_SLIM_IMAGE_H

#include "client/slim/loads.h"

#define IMAGE_ARGUMENTS 80u /* ELF_PRARGSZ */

struct image {
    const struct corefile *core;
    const struct held *held;
    const uint8_t *head;           /* borrowed, as are core and held */
    uint64_t notes_at, notes_size; /* in head */
    uint64_t arguments_at;         /* of pr_psargs, in head; 0: not replaced */
    char arguments[IMAGE_ARGUMENTS];
};

void image_init(struct image *m, const struct corefile *core, const struct held *held,
                const void *head, size_t head_size);
/* Replaces pr_psargs of NT_PRPSINFO, if there is one. */
void image_set_arguments(struct image *m, const char *text);
uint64_t image_size(const struct image *m);
/* Front to back; forwards what write fails with. */
int image_write(const struct image *m, int (*write)(void *arg, const void *p, size_t n), void *arg);

#endif
