/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/transport client/spool */
#include "client/transport/upload.h"

#include <string.h>

#include "tests/lib/unit.h"

#define ID "01a1fd47-82a1-7702-bad5-5ca4c02b58ee"

START_TEST(what_the_server_wants)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct answer answer;

    ck_assert_int_eq(
        answer_parse(STR("{\"crash_id\":\"" ID "\",\"want\":{\"modules\":[\"abcd\",\"ef\"],"
                         "\"core\":\"full\"},\"new\":[1]}"),
                     &a, &answer),
        0);
    ck_assert_str_eq(answer.crash_id, ID);
    ck_assert_uint_eq(answer.n_modules, 2);
    ck_assert_str_eq(answer.modules[0], "abcd");
    ck_assert_str_eq(answer.modules[1], "ef");
    ck_assert_int_eq(answer.core, FIDELITY_FULL);
    ck_assert_int_eq(answer_parse(STR("{\"crash_id\":\"" ID "\"}"), &a, &answer), 0);
    ck_assert_uint_eq(answer.n_modules, 0);
    ck_assert_int_eq(answer.core, FIDELITY_UNSAID);
}
END_TEST

START_TEST(how_much_the_server_wants_of_the_next)
{
    static const struct {
        const char *core;
        enum fidelity expected;
    } rows[] = {
        {"\"full\"", FIDELITY_FULL},       {"\"slim\"", FIDELITY_SLIM},
        {"\"none\"", FIDELITY_META},       {"\"count\"", FIDELITY_UNSAID},
        {"\"anything\"", FIDELITY_UNSAID}, {"3", FIDELITY_UNSAID},
        {"null", FIDELITY_UNSAID},         {"[\"full\"]", FIDELITY_UNSAID},
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct answer answer;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *text =
            arena_printf(&a, "{\"crash_id\":\"" ID "\",\"want\":{\"core\":%s}}", rows[i].core);

        ck_assert_int_eq(answer_parse(str_from(text), &a, &answer), 0);
        ck_assert_msg(answer.core == rows[i].expected, "%s", rows[i].core);
    }
}
END_TEST

START_TEST(build_ids_that_are_none_are_left_out)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct answer answer;

    ck_assert_int_eq(answer_parse(STR("{\"crash_id\":\"" ID "\",\"want\":{\"modules\":"
                                      "[\"../x\",\"AB\",\"abc\",7,null,\"\",\"abcd\"]}}"),
                                  &a, &answer),
                     0);
    ck_assert_uint_eq(answer.n_modules, 1);
    ck_assert_str_eq(answer.modules[0], "abcd");
}
END_TEST

START_TEST(answers_of_somebody_else)
{
    static const char *const texts[] = {
        "",
        "OK",
        "<html>",
        "[]",
        "{}",
        "{\"crash_id\":1}",
        "{\"crash_id\":\"../../x\"}",
        "{\"crash_id\":\"" ID "\"",
        "{\"crash_id\":\"" ID "\"}x",
    };
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    struct answer answer;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(answer_parse(str_from(texts[i]), &a, &answer) == ANSWER_MALFORMED, "%s",
                      texts[i]);
}
END_TEST

START_TEST(problems_in_words)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);

    ck_assert_str_eq(answer_problem(STR("{\"title\":\"T\",\"detail\":\"D\"}"), &a), "D");
    ck_assert_str_eq(answer_problem(STR("{\"title\":\"T\",\"detail\":1}"), &a), "T");
    ck_assert_str_eq(answer_problem(STR("{\"detail\":\"\\u001b[2Jx\\ny\"}"), &a), " [2Jx y");
    ck_assert_ptr_null(answer_problem(STR("gateway timeout"), &a));
    ck_assert_ptr_null(answer_problem(STR(""), &a));
}
END_TEST

START_TEST(long_words_are_cut)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(100000);

    buf_adds(&b, "{\"detail\":\"");
    for (int i = 0; i < 20000; i++)
        buf_adds(&b, "ü");
    buf_adds(&b, "\"}");
    ck_assert_uint_eq(strlen(answer_problem((struct str){b.data, b.len}, &a)), ANSWER_DETAIL_MAX);
}
END_TEST

/* What each status means for the crash in the spool: only these throw anything away. */
START_TEST(verdicts)
{
    for (long status = 100; status < 600; status++) {
        enum upload_verdict verdict = upload_judge(status);
        bool refused =
            status == 400 || status == 409 || status == 413 || status == 415 || status == 422;

        ck_assert_msg((verdict == UPLOAD_REFUSED) == refused, "%ld", status);
        ck_assert_msg((verdict == UPLOAD_DONE) == (status / 100 == 2), "%ld", status);
    }
    ck_assert_int_eq(upload_judge(401), UPLOAD_DENIED);
    ck_assert_int_eq(upload_judge(403), UPLOAD_DENIED);
    ck_assert_int_eq(upload_judge(429), UPLOAD_UNAVAILABLE);
    ck_assert_int_eq(upload_judge(503), UPLOAD_UNAVAILABLE);
    ck_assert_int_eq(upload_judge(500), UPLOAD_FAILED);
    ck_assert_int_eq(upload_judge(301), UPLOAD_UNAVAILABLE);
    ck_assert_int_eq(upload_judge(404), UPLOAD_FAILED);
}
END_TEST

UNIT_MAIN("client/answer", what_the_server_wants, how_much_the_server_wants_of_the_next,
          build_ids_that_are_none_are_left_out, answers_of_somebody_else, problems_in_words,
          long_words_are_cut, verdicts)
