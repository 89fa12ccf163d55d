/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/fidelity.h"

#include "common/base/cleanup.h"

static const char *const names[] = {
    [FIDELITY_COUNT] = "count",
    [FIDELITY_META] = "meta",
    [FIDELITY_SLIM] = "slim",
    [FIDELITY_FULL] = "full",
};

const char *fidelity_name(enum fidelity f)
{
    return f > FIDELITY_UNSAID && f <= FIDELITY_FULL ? names[f] : NULL;
}

enum fidelity fidelity_parse(struct str text)
{
    for (size_t i = FIDELITY_COUNT; i < ARRAY_SIZE(names); i++)
        if (str_eq(text, str_from(names[i])))
            return (enum fidelity)i;
    return str_eq(text, STR("none")) ? FIDELITY_META : FIDELITY_UNSAID;
}
