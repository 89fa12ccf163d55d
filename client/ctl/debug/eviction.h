/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the cache within its size: its folders go whole, those first of which no file was used for
 * the longest time. Sessions of debuggers and files in the making that
 * were left behind are removed after a week. */
#ifndef CORRAL_CLIENT_CTL_DEBUG_EVICTION_H
#define CORRAL_CLIENT_CTL_DEBUG_EVICTION_H

#include <stdint.h>

#define EVICTION_DRAFT ".new-" /* how names of files in the making begin */

/* fd: the cache. Nothing goes that was used at the time `since` (seconds) or later. -errno. */
int eviction_run(int fd, uint64_t max, int64_t since);

#endif
