/* SPDX-License-Identifier: Apache-2.0 */
/* The image of an ELF core: modules are the files that were mapped with code, neighbouring mappings
 * of one file being one; the vDSO is one more. Build-ids are read from the process's own memory. */
#ifndef CORRAL_WORKERD_IMAGE_ELFCORE_H
#define CORRAL_WORKERD_IMAGE_ELFCORE_H

#include "common/core/corefile.h"
#include "workerd/image/image.h"

/* The core must be open (corefile_open) and outlive the image. */
void elfcore_image(const struct corefile *core, struct arena *a, struct image *ret);

#endif
