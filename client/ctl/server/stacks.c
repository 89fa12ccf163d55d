/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/server/stacks.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

#define FRAME_MAX (64u * 1024)

static const char *base_of(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    return slash ? slash + 1 : path;
}

void stacks_add_frame(struct buf *b, const json_t *frame)
{
    const char *function = json_string_value(json_object_get(frame, "function"));
    const char *file = json_string_value(json_object_get(frame, "file"));
    const char *module = base_of(json_string_value(json_object_get(frame, "module")));
    const json_t *offset = json_object_get(frame, "offset");
    const json_t *line = json_object_get(frame, "line");

    buf_adds(b, function ?: "??");
    if (file) {
        buf_printf(b, " at %s", base_of(file));
        if (json_is_integer(line))
            buf_printf(b, ":%" PRId64, (int64_t)json_integer_value(line));
    } else if (module) {
        buf_printf(b, " in %s", module);
        if (json_is_string(offset) && !function)
            buf_printf(b, "+%s", json_string_value(offset));
    }
}

void stacks_print(const struct output *o, const json_t *stack)
{
    const json_t *frame;
    size_t i;

    json_array_foreach(stack, i, frame)
    {
        _cleanup_buf_ struct buf b = BUF_INIT(FRAME_MAX);
        const char *verdict = json_string_value(json_object_get(frame, "verdict"));
        bool counts = verdict && strcmp(verdict, "kept") == 0;

        stacks_add_frame(&b, frame);
        printf("  %s#%-3zu ", output_begin(o, counts ? BOLD : PLAIN), i);
        output_text(buf_text(&b));
        printf("%s\n", counts ? output_end(o) : "");
    }
}
