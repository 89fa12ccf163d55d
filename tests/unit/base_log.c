/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines through a pipe: no value can forge a second line or a field. */
#include "common/base/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/unit.h"

static int log_pipe[2];

static void capture(void)
{
    ck_assert_int_eq(pipe(log_pipe), 0);
    log_set_fd(log_pipe[1]);
    log_set_level(LOG_LEVEL_INFO);
}

static const char *captured(void)
{
    static char text[16384];
    ssize_t n;

    close(log_pipe[1]);
    n = read(log_pipe[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    close(log_pipe[0]);
    return text;
}

START_TEST(fields)
{
    capture();
    log_info("crash accepted", LOG_STR("id", "abc"), LOG_INT("n", -5), LOG_UINT("bytes", 7),
             LOG_STR("none", NULL), LOG_STR("empty", ""), LOG_ERRNO(-ENOSPC));
    ck_assert_str_eq(captured(),
                     "<6>level=info msg=\"crash accepted\" id=abc n=-5 bytes=7 empty=\"\" "
                     "error=\"No space left on device\"\n");
}
END_TEST

START_TEST(hostile_values_stay_inside_their_quotes)
{
    capture();
    log_error("x", LOG_STR("name", "a\nlevel=info \"b\" \\ \x1b[0m\xff"));
    ck_assert_str_eq(
        captured(),
        "<3>level=error msg=x name=\"a\\x0alevel=info \\\"b\\\" \\\\ \\x1b[0m\\xff\"\n");
}
END_TEST

START_TEST(levels)
{
    enum log_level level;

    capture();
    log_debug("dropped");
    log_set_level(LOG_LEVEL_ERROR);
    log_warning("dropped too");
    ck_assert_str_eq(captured(), "");
    ck_assert_int_eq(log_level_parse("debug", &level), 0);
    ck_assert_int_eq(level, LOG_LEVEL_DEBUG);
    ck_assert_int_eq(log_level_parse("loud", &level), -EINVAL);
}
END_TEST

START_TEST(long_lines_are_cut_and_still_end)
{
    static char value[20000];
    const char *text;

    memset(value, 'v', sizeof(value) - 1);
    capture();
    log_info("long", LOG_STR("before", "x"), LOG_STR("value", value), LOG_STR("after", "y"));
    text = captured();
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
    ck_assert_uint_le(strlen(text), 8192);
    ck_assert_ptr_nonnull(strstr(text, "before=x"));
}
END_TEST

UNIT_MAIN("base/log", fields, hostile_values_stay_inside_their_quotes, levels,
          long_lines_are_cut_and_still_end)
