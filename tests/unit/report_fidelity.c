/* SPDX-License-Identifier: Apache-2.0 */
#include "common/report/fidelity.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(names_there_and_back)
{
    ck_assert_ptr_null(fidelity_name(FIDELITY_UNSAID));
    ck_assert_ptr_null(fidelity_name((enum fidelity)(FIDELITY_FULL + 1)));
    ck_assert_ptr_null(fidelity_name((enum fidelity) - 1));
    for (enum fidelity f = FIDELITY_COUNT; f <= FIDELITY_FULL; f++)
        ck_assert_int_eq(fidelity_parse(str_from(fidelity_name(f))), f);
}
END_TEST

/* Budgets take the least of several. */
START_TEST(more_is_larger)
{
    ck_assert_int_lt(FIDELITY_UNSAID, FIDELITY_COUNT);
    ck_assert_int_lt(FIDELITY_COUNT, FIDELITY_META);
    ck_assert_int_lt(FIDELITY_META, FIDELITY_SLIM);
    ck_assert_int_lt(FIDELITY_SLIM, FIDELITY_FULL);
}
END_TEST

START_TEST(other_words)
{
    static const char *const others[] = {"", "FULL", "full ", "slimmer", "unsaid", "0", "cou"};

    ck_assert_int_eq(fidelity_parse(STR("none")), FIDELITY_META);
    ck_assert_int_eq(fidelity_parse((struct str){NULL, 0}), FIDELITY_UNSAID);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        ck_assert_msg(fidelity_parse(str_from(others[i])) == FIDELITY_UNSAID, "%s", others[i]);
}
END_TEST

UNIT_MAIN("report/fidelity", names_there_and_back, more_is_larger, other_words)
