/* SPDX-License-Identifier: Apache-2.0 */
/* Around the process that talks to strangers' servers: no file but what names and certificates are
 * looked up in (Landlock, read-only), no privilege, no core, few descriptors. */
#ifndef CORRAL_WORKERD_FETCHER_WALLS_H
#define CORRAL_WORKERD_FETCHER_WALLS_H

/* 0, also on a kernel without Landlock; or -errno: not everything is in force, so it must end. */
int walls_enter(void);

#endif
