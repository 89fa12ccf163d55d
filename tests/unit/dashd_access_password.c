/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/source dashd/view */
#include "dashd/access/password.h"

#include <pthread.h>
#include <string.h>

#include <sodium.h>

#include "common/base/clock.h"
#include "tests/lib/unit.h"

START_TEST(right_and_wrong)
{
    char hash[PASSWORD_HASH_SIZE], lengthy[PASSWORD_MAX + 2];

    ck_assert_int_eq(sodium_init() >= 0, 1);
    ck_assert_int_eq(password_hash("correct horse", hash), 0);
    ck_assert(strncmp(hash, "$argon2id$v=19$m=65536,t=3,p=1$", 31) == 0);
    ck_assert_int_eq(password_check(hash, "correct horse"), 0);
    ck_assert_int_eq(password_check(hash, "correct horsf"), PASSWORD_WRONG);
    ck_assert_int_eq(password_check(hash, ""), PASSWORD_WRONG);
    memset(lengthy, 'x', sizeof(lengthy) - 1);
    lengthy[sizeof(lengthy) - 1] = '\0';
    ck_assert_int_eq(password_check(hash, lengthy), PASSWORD_WRONG);
    ck_assert_int_eq(password_check("not a hash", "correct horse"), PASSWORD_WRONG);
}
END_TEST

/* An account that is not there costs as much as one that is: else the time would tell. */
START_TEST(nobody_takes_as_long)
{
    char hash[PASSWORD_HASH_SIZE];
    int64_t begin, somebody, nobody;

    ck_assert_int_eq(password_hash("correct horse", hash), 0);
    begin = clock_mono();
    ck_assert_int_eq(password_check(hash, "wrong"), PASSWORD_WRONG);
    somebody = clock_mono() - begin;
    begin = clock_mono();
    ck_assert_int_eq(password_check(NULL, "wrong"), PASSWORD_WRONG);
    nobody = clock_mono() - begin;
    ck_assert_int_gt(nobody, somebody / 10);
}
END_TEST

START_TEST(generated_ones_differ)
{
    char one[PASSWORD_NEW_SIZE], other[PASSWORD_NEW_SIZE];

    password_generate(one);
    password_generate(other);
    ck_assert_uint_eq(strlen(one), 24);
    ck_assert_str_ne(one, other);
}
END_TEST

static void *check_one(void *hash)
{
    return (void *)(intptr_t)password_check(hash, "correct horse");
}

/* More at once than there are slots: each has its turn or is told to come back, and none hangs. */
START_TEST(a_crowd_is_served_in_turn)
{
    char hash[PASSWORD_HASH_SIZE];
    pthread_t threads[6];
    int good = 0;

    ck_assert_int_eq(password_hash("correct horse", hash), 0);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, check_one, hash), 0);
    for (int i = 0; i < 6; i++) {
        void *r;

        pthread_join(threads[i], &r);
        ck_assert((intptr_t)r == 0 || (intptr_t)r == PASSWORD_BUSY);
        good += (intptr_t)r == 0;
    }
    ck_assert_int_ge(good, 2);
}
END_TEST

UNIT_MAIN("dashd/access/password", right_and_wrong, nobody_takes_as_long, generated_ones_differ,
          a_crowd_is_served_in_turn)
