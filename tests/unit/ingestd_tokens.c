/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
#include "ingestd/tokens.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

#define NOW 1000

static void add(struct tokens *t, const char *text, const char *id, const char *scope,
                int64_t expires_at)
{
    char digest[SHA256_TEXT_SIZE];

    sha256_text(text, strlen(text), digest);
    ck_assert_int_eq(tokens_add(t, id, scope, digest, expires_at), 0);
}

static struct tokens *three(void)
{
    struct tokens *t = tokens_new();

    add(t, "corral_ingest_aa", "1", "ingest", 0);
    add(t, "corral_admin_bb", "2", "admin", 0);
    add(t, "corral_symbols_cc", "3", "symbols", NOW);
    tokens_seal(t);
    return t;
}

START_TEST(finds_by_the_whole_text)
{
    struct tokens *t = three(), *none = tokens_new();
    char longest[TOKEN_TEXT_MAX + 2];

    tokens_seal(none);
    ck_assert_str_eq(tokens_find(t, "corral_ingest_aa", NOW)->id, "1");
    ck_assert_str_eq(tokens_find(t, "corral_admin_bb", NOW)->id, "2");
    ck_assert_ptr_null(tokens_find(t, "corral_ingest_a", NOW));
    ck_assert_ptr_null(tokens_find(t, "corral_ingest_aaa", NOW));
    ck_assert_ptr_null(tokens_find(t, "", NOW));
    ck_assert_ptr_null(tokens_find(none, "corral_ingest_aa", NOW));
    memset(longest, 'a', sizeof(longest));
    longest[TOKEN_TEXT_MAX + 1] = '\0';
    ck_assert_ptr_null(tokens_find(t, longest, NOW));
    tokens_free(t);
    tokens_free(none);
    tokens_free(NULL);
}
END_TEST

START_TEST(ends_when_it_expires)
{
    struct tokens *t = three();

    ck_assert_ptr_nonnull(tokens_find(t, "corral_symbols_cc", NOW - 1));
    ck_assert_ptr_null(tokens_find(t, "corral_symbols_cc", NOW));
    tokens_free(t);
}
END_TEST

START_TEST(scopes)
{
    struct tokens *t = three();
    const struct token *ingest = tokens_find(t, "corral_ingest_aa", NOW);
    const struct token *admin = tokens_find(t, "corral_admin_bb", NOW);

    ck_assert(token_allows(ingest, SCOPE_INGEST));
    ck_assert(token_allows(ingest, SCOPE_INGEST | SCOPE_SYMBOLS));
    ck_assert(!token_allows(ingest, SCOPE_SYMBOLS));
    ck_assert(!token_allows(ingest, SCOPE_ADMIN));
    ck_assert(token_allows(admin, SCOPE_INGEST) && token_allows(admin, SCOPE_SYMBOLS));
    tokens_free(t);
}
END_TEST

START_TEST(refuses_what_is_none)
{
    static const struct {
        const char *id, *scope, *digest;
    } wrong[] = {
        {"1", "root", "0000000000000000000000000000000000000000000000000000000000000000"},
        {"1", "", "0000000000000000000000000000000000000000000000000000000000000000"},
        {"1", "ingest", "000000000000000000000000000000000000000000000000000000000000000"},
        {"1", "ingest", "x000000000000000000000000000000000000000000000000000000000000000"},
        {"123456789012345678901234", "ingest",
         "0000000000000000000000000000000000000000000000000000000000000000"},
    };
    struct tokens *t = tokens_new();

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_int_eq(tokens_add(t, wrong[i].id, wrong[i].scope, wrong[i].digest, 0), -EINVAL);
    ck_assert_uint_eq(tokens_count(t), 0);
    tokens_free(t);
}
END_TEST

START_TEST(is_bounded)
{
    struct tokens *t = tokens_new();
    char text[32], digest[SHA256_TEXT_SIZE];

    for (int i = 0; i <= TOKENS_MAX; i++) {
        snprintf(text, sizeof(text), "%d", i);
        sha256_text(text, strlen(text), digest);
        ck_assert_int_eq(tokens_add(t, text, "ingest", digest, 0), i < TOKENS_MAX ? 0 : -E2BIG);
    }
    tokens_seal(t);
    for (int i = 0; i < TOKENS_MAX; i++) {
        snprintf(text, sizeof(text), "%d", i);
        ck_assert_str_eq(tokens_find(t, text, NOW)->id, text);
    }
    tokens_free(t);
}
END_TEST

START_TEST(json_round_trip)
{
    struct tokens *t = three(), *back;
    _cleanup_buf_ struct buf first, second;

    buf_init(&first, TOKENS_JSON_MAX);
    buf_init(&second, TOKENS_JSON_MAX);
    tokens_format(t, &first);
    ck_assert_ptr_null(strstr(buf_text(&first), "corral_")); /* no secret in it */
    ck_assert_int_eq(tokens_parse((struct str){first.data, first.len}, &back), 0);
    tokens_format(back, &second);
    ck_assert_str_eq(buf_text(&first), buf_text(&second));
    ck_assert_str_eq(tokens_find(back, "corral_ingest_aa", NOW)->id, "1");
    ck_assert_ptr_null(tokens_find(back, "corral_symbols_cc", NOW));
    tokens_free(t);
    tokens_free(back);
}
END_TEST

START_TEST(json_that_is_no_snapshot)
{
    static const char *const wrong[] = {
        "",
        "{}",
        "[]",
        "{\"tokens\":{}}",
        "{\"tokens\":[1]}",
        "{\"tokens\":[{\"id\":\"1\"}]}",
        "{\"tokens\":[{\"id\":\"1\",\"scope\":\"ingest\",\"sha256\":\"00\",\"expires_at\":0}]}",
        "{\"tokens\":[]",
        "{\"tokens\":[]}}",
    };
    struct tokens *t = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_msg(tokens_parse(str_from(wrong[i]), &t) == -EBADMSG, "%s", wrong[i]);
    ck_assert_ptr_null(t);
    ck_assert_int_eq(tokens_parse(STR("{\"tokens\":[]}"), &t), 0);
    ck_assert_uint_eq(tokens_count(t), 0);
    tokens_free(t);
}
END_TEST

UNIT_MAIN("ingestd/tokens", finds_by_the_whole_text, ends_when_it_expires, scopes,
          refuses_what_is_none, is_bounded, json_round_trip, json_that_is_no_snapshot)
