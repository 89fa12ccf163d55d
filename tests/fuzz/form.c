/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a form's body, a request target and a Cookie header: refused, or texts that are
 * valid UTF-8 and no longer than what they were made of. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/http/form.h"
#include "common/http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t check_text(const char *text)
{
    size_t n = strlen(text);

    assert(utf8_valid_prefix(text, n) == n);
    return n;
}

static void check_form(struct arena *a, struct str text)
{
    size_t total = 0;
    struct form f;

    if (form_parse(a, text, &f) != 0)
        return;
    assert(f.n <= FORM_FIELDS_MAX);
    for (size_t i = 0; i < f.n; i++)
        total += check_text(f.fields[i].name) + check_text(f.fields[i].value);
    assert(total <= text.n);
}

/* An escape of JSON is longer than what it stands for. */
static void check_json(struct arena *a, struct str text)
{
    struct form f;

    if (form_parse_json(a, text, &f) != 0)
        return;
    assert(f.n <= FORM_FIELDS_MAX);
    for (size_t i = 0; i < f.n; i++)
        assert(check_text(f.fields[i].name) + check_text(f.fields[i].value) <= text.n);
}

static void check_target(struct arena *a, struct str text, const char *base)
{
    const char *raw = arena_strndup(a, text.p, text.n);
    struct target t;

    if (target_parse(a, raw, base, &t) != 0)
        return;
    assert(t.path[0] == '/' && t.local[0] == '/');
    assert(check_text(t.path) <= strlen(raw) + 1);
}

static void check_cookie(struct str text)
{
    struct str value = cookie_find(text, STR("session"));

    if (value.p)
        assert(value.p >= text.p && value.p + value.n <= text.p + text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {size ? (const char *)data : "", size};
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    check_form(&a, text);
    check_json(&a, text);
    check_target(&a, text, "");
    check_target(&a, text, "/base");
    check_cookie(text);
    return 0;
}
