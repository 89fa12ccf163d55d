/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of a list of events. */
#ifndef CORRAL_CLIENT_CTL_SERVER_LISTS_H
#define CORRAL_CLIENT_CTL_SERVER_LISTS_H

#include "client/ctl/output/table.h"

extern const struct column event_columns[];
extern const size_t n_event_columns;

#endif
