/* SPDX-License-Identifier: Apache-2.0 */
/* A token is looked up by its digest with an ordinary binary search: what the time of a comparison
 * tells about a SHA-256 tells nothing about a text that would have it. */
#include "ingestd/tokens.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"
#include "common/report/jsontext.h"
#include "common/report/jsontree.h"

struct tokens {
    struct token *list; /* by digest, once sealed */
    size_t n, capacity;
    bool sealed;
};

static const struct {
    const char *word;
    enum scope scope;
} scopes[] = {
    {"ingest", SCOPE_INGEST}, {"symbols", SCOPE_SYMBOLS}, {"read", SCOPE_READ},
    {"write", SCOPE_WRITE},   {"admin", SCOPE_ADMIN},
};

static const char *scope_word(enum scope s)
{
    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++)
        if (scopes[i].scope == s)
            return scopes[i].word;
    return NULL;
}

static int scope_parse(const char *word, enum scope *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++)
        if (strcmp(scopes[i].word, word) == 0) {
            *ret = scopes[i].scope;
            return 0;
        }
    return -EINVAL;
}

struct tokens *tokens_new(void)
{
    struct tokens *t = calloc(1, sizeof(*t));

    if (!t)
        abort();
    return t;
}

void tokens_free(struct tokens *t)
{
    if (!t)
        return;
    free(t->list);
    free(t);
}

static void grow(struct tokens *t)
{
    t->capacity = t->capacity ? 2 * t->capacity : 16;
    t->list = reallocarray(t->list, t->capacity, sizeof(*t->list));
    if (!t->list)
        abort();
}

int tokens_add(struct tokens *t, const char *id, const char *scope, const char *digest,
               int64_t expires_at)
{
    struct token new = {.expires_at = expires_at};

    assert(!t->sealed);
    if (t->n == TOKENS_MAX)
        return -E2BIG;
    if (scope_parse(scope, &new.scope) < 0 ||
        hex_decode(str_from(digest), new.digest, SHA256_SIZE) < 0)
        return -EINVAL;
    if (snprintf(new.id, sizeof(new.id), "%s", id) >= TOKEN_ID_SIZE)
        return -EINVAL;
    if (t->n == t->capacity)
        grow(t);
    t->list[t->n++] = new;
    return 0;
}

/* Also of a bare digest with a token: the digest is the first member. */
static int compare(const void *a, const void *b)
{
    return memcmp(a, b, SHA256_SIZE);
}
_Static_assert(offsetof(struct token, digest) == 0, "compare() looks at the start of a token");

void tokens_seal(struct tokens *t)
{
    if (t->n > 0)
        qsort(t->list, t->n, sizeof(*t->list), compare);
    t->sealed = true;
}

size_t tokens_count(const struct tokens *t)
{
    return t->n;
}

const struct token *tokens_find(const struct tokens *t, const char *text, int64_t now)
{
    uint8_t digest[SHA256_SIZE];
    const struct token *found;
    size_t n = strnlen(text, TOKEN_TEXT_MAX + 1);

    assert(t->sealed);
    if (n > TOKEN_TEXT_MAX || t->n == 0)
        return NULL;
    sha256(text, n, digest);
    found = bsearch(digest, t->list, t->n, sizeof(*t->list), compare);
    if (!found || (found->expires_at && now >= found->expires_at))
        return NULL;
    return found;
}

bool token_allows(const struct token *t, unsigned wanted)
{
    return (t->scope & (wanted | SCOPE_ADMIN)) != 0;
}

/* --- Use --- */

void tokens_used_note(struct tokens_used *u, const struct token *t)
{
    for (size_t i = 0; i < u->n; i++)
        if (strcmp(u->rows[i].id, t->id) == 0)
            return;
    if (u->n < TOKENS_USED_MAX)
        memcpy(u->rows[u->n++].id, t->id, TOKEN_ID_SIZE);
}

void tokens_used_take(struct tokens_used *u, struct buf *ret)
{
    buf_addc(ret, '{');
    for (size_t i = 0; i < u->n; i++) {
        buf_adds(ret, i ? "," : "");
        buf_adds(ret, u->rows[i].id);
    }
    buf_addc(ret, '}');
    u->n = 0;
}

/* --- JSON --- */

void tokens_format(const struct tokens *t, struct buf *b)
{
    char digest[SHA256_TEXT_SIZE];

    jsontext_object(b, NULL);
    jsontext_array(b, "tokens");
    for (size_t i = 0; i < t->n; i++) {
        hex_encode(t->list[i].digest, SHA256_SIZE, digest);
        jsontext_object(b, NULL);
        jsontext_string(b, "id", t->list[i].id);
        jsontext_string(b, "scope", scope_word(t->list[i].scope));
        jsontext_string(b, "sha256", digest);
        jsontext_int(b, "expires_at", t->list[i].expires_at);
        jsontext_end_object(b);
    }
    jsontext_end_array(b);
    jsontext_end_object(b);
    buf_addc(b, '\n');
}

static int read_token(struct tokens *t, const json_t *entry)
{
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *scope = json_string_value(json_object_get(entry, "scope"));
    const char *digest = json_string_value(json_object_get(entry, "sha256"));
    const json_t *expires_at = json_object_get(entry, "expires_at");

    if (!id || !scope || !digest || !json_is_integer(expires_at))
        return -EBADMSG;
    return tokens_add(t, id, scope, digest, json_integer_value(expires_at)) < 0 ? -EBADMSG : 0;
}

int tokens_parse(struct str json, struct tokens **ret)
{
    _cleanup_json_ json_t *root = jsontree_object(json, 5 * TOKENS_MAX + 2, NULL);
    const json_t *list = json_object_get(root, "tokens"), *entry;
    struct tokens *t;
    size_t i;

    if (!json_is_array(list))
        return -EBADMSG;
    t = tokens_new();
    json_array_foreach(list, i, entry) if (read_token(t, entry) < 0)
    {
        tokens_free(t);
        return -EBADMSG;
    }
    tokens_seal(t);
    *ret = t;
    return 0;
}
