/* SPDX-License-Identifier: Apache-2.0 */
#include "client/transport/answer.h"

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/jsontree.h"
#include "common/report/limits.h"

#define VALUES_MAX (2 * ANSWER_MODULES_MAX)

static void read_modules(const json_t *list, struct arena *a, struct answer *answer)
{
    size_t n = json_array_size(list);

    if (n > ANSWER_MODULES_MAX)
        n = ANSWER_MODULES_MAX;
    answer->modules = arena_array(a, const char *, n);
    for (size_t i = 0; i < n; i++) {
        const json_t *id = json_array_get(list, i);
        struct str text = {json_string_value(id), json_string_length(id)};

        if (text.p && hex_valid(text, BUILD_ID_TEXT_SIZE - 1))
            answer->modules[answer->n_modules++] = arena_strndup(a, text.p, text.n);
    }
}

/* "count" is no word of this answer: a server that could have crashes only counted could hide them.
 */
static enum fidelity read_core(const json_t *word)
{
    enum fidelity f = fidelity_parse(str_from(json_string_value(word)));

    return f >= FIDELITY_META ? f : FIDELITY_UNSAID;
}

int answer_parse(struct str json, struct arena *a, struct answer *ret)
{
    _cleanup_json_ json_t *root = jsontree_object(json, VALUES_MAX, NULL);
    const char *crash_id = json_string_value(json_object_get(root, "crash_id"));
    struct answer answer = {0};

    if (!crash_id || !uuid_valid(str_from(crash_id)))
        return ANSWER_MALFORMED;
    answer.crash_id = arena_strdup(a, crash_id);
    read_modules(json_object_get(json_object_get(root, "want"), "modules"), a, &answer);
    answer.core = read_core(json_object_get(json_object_get(root, "want"), "core"));
    *ret = answer;
    return 0;
}

const char *answer_problem(struct str json, struct arena *a)
{
    _cleanup_json_ json_t *root = jsontree_object(json, VALUES_MAX, NULL);
    const json_t *words = json_object_get(root, "detail");
    char *text;
    size_t n;

    if (!json_is_string(words))
        words = json_object_get(root, "title");
    if (!json_is_string(words))
        return NULL;
    n = json_string_length(words);
    if (n > ANSWER_DETAIL_MAX)
        n = utf8_valid_prefix(json_string_value(words), ANSWER_DETAIL_MAX);
    text = arena_strndup(a, json_string_value(words), n);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    return text;
}

int64_t answer_offset(struct str value)
{
    uint64_t offset;

    return str_to_u64(str_trim(value), INT64_MAX, &offset) < 0 ? -1 : (int64_t)offset;
}
