/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: */
/* Names and numbers of signals are those of this machine's headers, both ways; what has no name
 * says so. */
#include "common/report/signals.h"

#include <errno.h>
#include <signal.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static const struct {
    int number;
    const char *name, *accepted;
} signals[] = {
    {SIGSEGV, "SIGSEGV", "SIGSEGV"}, {SIGSEGV, "SIGSEGV", "segv"}, {SIGSEGV, "SIGSEGV", "11"},
    {SIGABRT, "SIGABRT", "sigabrt"}, {SIGBUS, "SIGBUS", "BUS"},    {SIGFPE, "SIGFPE", "8"},
    {SIGILL, "SIGILL", "Ill"},       {SIGTRAP, "SIGTRAP", "TRAP"}, {SIGSYS, "SIGSYS", "31"},
    {SIGQUIT, "SIGQUIT", "QUIT"},    {SIGXFSZ, "SIGXFSZ", "XFSZ"}, {SIGIO, "SIGIO", "IO"},
};

START_TEST(names_and_numbers)
{
    int64_t number = 0;

    ck_assert_int_eq(signal_parse(signals[_i].accepted, &number), 0);
    ck_assert_int_eq(number, signals[_i].number);
    ck_assert_str_eq(signal_name(number), signals[_i].name);
}
END_TEST

START_TEST(unknown_numbers_have_no_name)
{
    static const int64_t numbers[] = {-1, 0, 32, 64, 1000, INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        ck_assert_ptr_null(signal_name(numbers[i]));
}
END_TEST

START_TEST(nonsense_is_refused_and_leaves_the_output)
{
    static const char *const texts[] = {"", "SIG", "SIGNONE", "SEGVX", "-1", "65", "1.0", " 11"};
    int64_t number = 42;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(signal_parse(texts[i], &number) == -EINVAL, "%s", texts[i]);
    ck_assert_int_eq(number, 42);
}
END_TEST

START_TEST(codes)
{
    ck_assert_str_eq(signal_code_name(SIGSEGV, SEGV_MAPERR), "SEGV_MAPERR");
    ck_assert_str_eq(signal_code_name(SIGSEGV, SEGV_ACCERR), "SEGV_ACCERR");
    ck_assert_str_eq(signal_code_name(SIGFPE, FPE_INTDIV), "FPE_INTDIV");
    ck_assert_str_eq(signal_code_name(SIGBUS, BUS_ADRERR), "BUS_ADRERR");
    ck_assert_str_eq(signal_code_name(SIGABRT, SI_TKILL), "SI_TKILL");
    ck_assert_str_eq(signal_code_name(SIGSEGV, SI_KERNEL), "SI_KERNEL");
    ck_assert_str_eq(signal_code_name(SIGTERM, SI_USER), "SI_USER");
    ck_assert_ptr_null(signal_code_name(SIGABRT, 1));
    ck_assert_ptr_null(signal_code_name(SIGSEGV, 77));
}
END_TEST

UNIT_TABLES_MAIN("report/signals", {names_and_numbers, ARRAY_SIZE(signals)},
                 {unknown_numbers_have_no_name, 1}, {nonsense_is_refused_and_leaves_the_output, 1},
                 {codes, 1})
