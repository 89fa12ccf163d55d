/* SPDX-License-Identifier: Apache-2.0 */
/* Files of static/, part of the program. Their address holds a digest of their content
 * (/static/1f2e3d4c5b6a/corral.css), so browsers may keep them for ever and never see an old one.
 */
#ifndef CORRAL_DASHD_ASSETS_H
#define CORRAL_DASHD_ASSETS_H

#include "common/base/arena.h"

/* The address below the base path; the name must be one of static/. */
const char *asset_path(struct arena *a, const char *name);

#endif
