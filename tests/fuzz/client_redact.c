/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/spool */
/* redact on any bytes, in both forms: nothing is changed but into stars, texts stay ended where
 * they were, and a second time changes nothing more. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/spool/redact.h"
#include "common/base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_form(const uint8_t *data, size_t size, enum redact_form form)
{
    _cleanup_free_ char *once = malloc(size + 1), *twice = malloc(size + 1);

    memcpy(once, data, size);
    redact(once, size, form, "geheimnis lizenz");
    for (size_t i = 0; i < size; i++) {
        assert(once[i] == (char)data[i] || once[i] == '*');
        assert(data[i] != '\0' || once[i] == '\0');
    }
    memcpy(twice, once, size);
    redact(twice, size, form, "geheimnis lizenz");
    assert(memcmp(once, twice, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_form(data, size, REDACT_LINE);
    try_form(data, size, REDACT_ARGUMENTS);
    return 0;
}
