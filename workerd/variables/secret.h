/* SPDX-License-Identifier: Apache-2.0 */
/* Which values are not shown: texts under a name that says password. They would be seen by
 * everybody who may look at stacks. Numbers and addresses are shown. Pure. */
#ifndef CORRAL_WORKERD_VARIABLES_SECRET_H
#define CORRAL_WORKERD_VARIABLES_SECRET_H

#include <stdbool.h>

#include "common/base/str.h"

#define SECRET_WHY "not shown: its name says that it is a secret"

/* name: of a variable or a member. value: as it is printed, with its quotes. */
bool secret_value(const char *name, struct str value);

#endif
