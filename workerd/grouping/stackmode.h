/* SPDX-License-Identifier: Apache-2.0 */
/* corral-workerd --fingerprint [--format json|gdb] [--lines] [--rules FILE]... FILE: how stacks are
 * grouped, without any server. struct daemon_mode's run. */
#ifndef CORRAL_WORKERD_GROUPING_STACKMODE_H
#define CORRAL_WORKERD_GROUPING_STACKMODE_H

int stackmode_main(int argc, char **argv, const void *conf);

#endif
