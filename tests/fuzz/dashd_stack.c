/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
/* A stack as the database has it: parsed, shown as text. */
#include "common/base/cleanup.h"
#include "dashd/stack.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    _cleanup_arena_ struct arena a;
    struct stack_view s;

    arena_init(&a, 0);
    if (stack_parse((struct str){(const char *)data, size}, &a, &s) < 0)
        return 0;
    for (size_t i = 0; i < s.n; i++) {
        path_tail(s.frames[i].frame->file);
        path_base(s.frames[i].frame->module);
    }
    return 0;
}
