/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd/view */
/* Whatever the bytes are: what comes out holds no character that means something in HTML, and is
 * valid UTF-8. */
#include <assert.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "dashd/view/html.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    _cleanup_buf_ struct buf b;

    buf_init(&b, 16 * size + 64);
    html_escape(&b, (struct str){(const char *)data, size});
    assert(buf_error(&b) == 0);
    assert(strlen(buf_text(&b)) == b.len);
    assert(strpbrk(buf_text(&b), "<>\"'") == NULL);
    assert(utf8_valid_prefix(buf_text(&b), b.len) == b.len);
    return 0;
}
