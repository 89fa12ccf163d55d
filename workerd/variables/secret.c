/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/variables/secret.h"

#include <string.h>

#include "common/report/redact_names.h"

bool secret_value(const char *name, struct str value)
{
    return value.n > 0 && memchr(value.p, '"', value.n) &&
           redact_name(str_from(name), NULL) != REDACT_NAME_PLAIN;
}
