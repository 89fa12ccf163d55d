/* SPDX-License-Identifier: Apache-2.0 */
/* corral-workerd --regroup: leaves the request that a healer goes by; with --dry-run it says what
 * would become of groups, and changes nothing. */
#ifndef CORRAL_WORKERD_REGROUP_MODE_H
#define CORRAL_WORKERD_REGROUP_MODE_H

/* struct daemon_mode's run. Exit statuses: 0 nothing would change, or the request is left; 1 it
 * could not be done; 2 wrong usage; 3 groups would change. */
int regroup_main(int argc, char **argv, const void *conf);

#endif
