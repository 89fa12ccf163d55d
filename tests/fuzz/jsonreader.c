/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* Any bytes as JSON: the reader says what jansson says. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/lib/jsontwin.h"

#define VALUES_MAX 1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    assert(jsontwin_agrees((struct str){(const char *)data, size}, VALUES_MAX));
    return 0;
}
