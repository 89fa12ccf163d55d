/* SPDX-License-Identifier: Apache-2.0 */
/* corral-workerd --reanalyse: leaves the marks that a healer goes by. */
#ifndef CORRAL_WORKERD_HEALING_REANALYSE_H
#define CORRAL_WORKERD_HEALING_REANALYSE_H

/* struct daemon_mode's run. */
int reanalyse_main(int argc, char **argv, const void *conf);

#endif
