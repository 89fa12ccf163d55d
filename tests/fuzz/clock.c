/* SPDX-License-Identifier: Apache-2.0 */
/* clock_parse on any bytes; what it accepts must format to a text that means the same. */
#include <assert.h>
#include <stdint.h>

#include "common/base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t usec, again;

    if (clock_parse((struct str){(const char *)data, size}, &usec) < 0)
        return 0;
    /* An offset may carry a time out of the years that can be written; those are clamped. */
    if (usec < -62135596800000000 || usec > 253402300799999999)
        return 0;
    clock_format(usec, text);
    assert(clock_parse(str_from(text), &again) == 0 && again == usec);
    return 0;
}
