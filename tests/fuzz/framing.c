/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the header lines in libmicrohttpd's buffer: refused with a text, or within the
 * limits and unambiguous. */
#include <assert.h>
#include <stdint.h>

#include "common/http/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct framing f = {0};
    int r = framing_block(&f, (struct str){size ? (const char *)data : "", size});

    if (r == 0)
        r = framing_end(&f);
    if (r != 0) {
        assert(framing_text(r)[0]);
        return 0;
    }
    assert(f.fields <= FRAMING_FIELDS_MAX && f.bytes <= FRAMING_BYTES_MAX);
    assert(f.hosts == 1 && f.lengths + f.codings <= 1);
    return 0;
}
