/* SPDX-License-Identifier: Apache-2.0 */
/* A function's names, which a DIE with code has from others: the abstract instance that it was made
 * of, the declaration in a class. What a reference leads to is looked up once. */
#ifndef CORRAL_WORKERD_INDEXER_NAMES_H
#define CORRAL_WORKERD_INDEXER_NAMES_H

#include "workerd/indexer/info.h"

/* Of a DIE that was just read, in unit u of x; without a linkage name, in full. */
struct names names_of_die(struct info *x, struct unit *u, const struct die *d);
/* Of what a reference in unit u of x leads to; `full` may be missing. */
struct names names_of_reference(struct info *x, struct unit *u, const struct form_value *v);

#endif
