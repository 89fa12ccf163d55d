/* SPDX-License-Identifier: Apache-2.0 */
#include "workerd/siterules.h"

#include <stdio.h>

#include "workerd/grouping/fingerprint.h"
#include "workerd/grouping/ruleset.h"

static struct rules loaded;
static char grouped[GROUPED_SIZE];

int siterules_load(const char *folder)
{
    static struct arena arena; /* the process's */
    struct rules_error error;
    int r = ruleset_read(&folder, 1, &arena, &loaded, &error);

    if (r < 0)
        rules_error_print(&error);
    grouped[0] = '\0';
    return r;
}

const struct rules *siterules_get(void)
{
    return loaded.n > 0 ? &loaded : ruleset_shipped();
}

void grouped_name(const struct rules *rules, char ret[static GROUPED_SIZE])
{
    snprintf(ret, GROUPED_SIZE, "%d/%.16s", FINGERPRINT_VERSION, rules->id);
}

const char *siterules_grouped(void)
{
    if (!grouped[0])
        grouped_name(siterules_get(), grouped);
    return grouped;
}
