/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/ctl client/ctl/output client/ctl/server client/ctl/debug client/ctl/demo
 * client/transport client/spool */
/* Any bytes as a journal's entry, a file's name, a reference, ctl.conf, and a text for a terminal:
 * what is shown has no control character, what is cut fits, ids are ids. */
#include <assert.h>
#include <string.h>

#include "client/ctl/context.h"
#include "client/ctl/coredumps.h"
#include "client/ctl/output/text.h"
#include "client/ctl/server/reference.h"
#include "common/base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(struct str text)
{
    _cleanup_buf_ struct buf seen = BUF_INIT(1 << 20), cut = BUF_INIT(1 << 20);
    struct str visible;

    text_add_visible(&seen, text);
    if (buf_error(&seen))
        return;
    visible = (struct str){buf_text(&seen), seen.len};
    assert(utf8_valid_prefix(visible.p, visible.n) == visible.n);
    for (size_t i = 0; i < visible.n; i++)
        assert((unsigned char)visible.p[i] >= 0x20 && visible.p[i] != 0x7f);
    for (int from_end = 0; from_end < 2; from_end++) {
        buf_clear(&cut);
        text_add_cut(&cut, visible, 9, from_end);
        assert(text_width((struct str){buf_text(&cut), cut.len}) <= 9);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct str text = {(const char *)data, size};
    char *whole = arena_strndup(&a, text.p, text.n);
    struct conf_error error;
    struct crash_meta meta;
    struct reference ref;
    struct ctl_conf conf;
    struct coredump c;

    show(text);
    meta_init(&meta);
    if (coredump_entry(text, &a, &c, &meta) || coredump_name(whole, &a, &c))
        assert(uuid_valid(str_from(c.id)));
    ref = reference_parse(whole);
    assert(ref.kind != REFERENCE_EVENT || uuid_valid(str_from(ref.id)));
    (void)context_parse(text, "home", &conf, &error);
    context_fini(&conf);
    return 0;
}
