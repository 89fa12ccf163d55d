/* SPDX-License-Identifier: Apache-2.0 */
/* The main() of a unit test: libcheck's tests of one module, in one case, reported as TAP when
 * CK_TAP_LOG_FILE_NAME=- is set (each test runs in its own child, so a crash is one failure).
 *
 *     START_TEST(adds) { … } END_TEST
 *     UNIT_MAIN("base/buf", adds, grows)
 *
 * A test that goes over a table is given with its number of rows, each of which is then a test with
 * its own _i:
 *
 *     UNIT_TABLES_MAIN("base/str", {parses, ARRAY_SIZE(rows)}, {splits, 1})
 */
#ifndef CORRAL_TESTS_LIB_UNIT_H
#define CORRAL_TESTS_LIB_UNIT_H

#include <check.h>
#include <stdlib.h>

#define UNIT_TIMEOUT_SECONDS 30

struct unit_test {
    const TTest *test;
    size_t rows; /* 1: it has no table */
};

static int unit_run(const char *name, const struct unit_test *tests, size_t n)
{
    Suite *suite = suite_create(name);
    TCase *tests_of_module = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests_of_module, UNIT_TIMEOUT_SECONDS);
    for (size_t i = 0; i < n; i++)
        tcase_add_loop_test(tests_of_module, tests[i].test, 0, (int)tests[i].rows);
    suite_add_tcase(suite, tests_of_module);
    runner = srunner_create(suite);
    srunner_run_all(runner, getenv("CK_TAP_LOG_FILE_NAME") ? CK_SILENT : CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define UNIT_TABLES_MAIN(name, ...)                                                                \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct unit_test tests[] = {__VA_ARGS__};                                            \
                                                                                                   \
        return unit_run((name), tests, sizeof(tests) / sizeof(tests[0]));                          \
    }

#define UNIT_MAIN(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const plain[] = {__VA_ARGS__};                                                \
        struct unit_test tests[sizeof(plain) / sizeof(plain[0])];                                  \
                                                                                                   \
        for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)                              \
            tests[i] = (struct unit_test){plain[i], 1};                                            \
        return unit_run((name), tests, sizeof(tests) / sizeof(tests[0]));                          \
    }

#endif
