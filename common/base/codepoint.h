/* SPDX-License-Identifier: Apache-2.0 */
/* Characters of hostile texts one by one. What is not seen itself but changes what is (controls,
 * bidirectional marks, zero-width characters) is to be shown as [U+202E], whatever the text goes
 * into. Pure. */
#ifndef CORRAL_BASE_CODEPOINT_H
#define CORRAL_BASE_CODEPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/str.h"

#define CODEPOINT_BAD 0xfffdu /* stands for a byte that is no UTF-8 */

/* Takes the first character off the text, which is not empty. */
uint32_t codepoint_next(struct str *text);
/* Tab and line feed are not: they are layout. */
bool codepoint_is_invisible(uint32_t c);
/* The character as it is, or [U+…] when it is invisible. */
void codepoint_put(struct buf *out, uint32_t c);

#endif
