/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/ctl client/ctl/output client/ctl/server client/ctl/debug client/ctl/demo
 * client/transport client/spool */
/* client.conf and the kernel's core_pattern, as the programs read them. */
#include "client/spool/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "client/ctl/hook.h"
#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

static const char *file_of(const char *text)
{
    static char path[64];
    int fd = memfd_create("conf", 0);

    ck_assert_int_eq(io_write(fd, text, strlen(text)), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return path;
}

/* The sample in etc/ is what the table generates: no key is missing, no default differs. */
START_TEST(the_sample_is_the_table)
{
    _cleanup_buf_ struct buf made = BUF_INIT(CONF_FILE_MAX), kept = BUF_INIT(CONF_FILE_MAX);

    conf_sample(settings_keys, settings_n_keys,
                "the client: corral-handler, corral-sender, corralctl", &made);
    ck_assert_int_eq(io_read_file(AT_FDCWD, "etc/client.conf", &kept), 0);
    ck_assert_str_eq(buf_text(&kept), buf_text(&made));
}
END_TEST

START_TEST(defaults_are_valid)
{
    struct conf_error error;
    struct settings s;

    ck_assert_int_eq(settings_load(file_of(""), &s, &error), 0);
    ck_assert(settings_wants_core(&s));
    settings_fini(&s);
}
END_TEST

START_TEST(mistakes_are_told)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"server = ftp://x\n", "http://"},
        {"core = some\n", "slim or none"},
        {"spool = here\n", "absolute"},
        {"sender = here\n", "absolute"},
        {"retry_min = 2h\n", "retry_min"},
        {"serve = http://x\n", "server"},
        {"budget_full = kind 1\n", "budget_full: "},
        {"budget_meta = hots 1/1h\n", "'hots'"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct conf_error error = {0};
        struct settings s;

        ck_assert_int_eq(settings_load(file_of(cases[i].text), &s, &error), -EINVAL);
        ck_assert_msg(strstr(error.message, cases[i].message) != NULL, "%s", error.message);
        settings_fini(&s);
    }
}
END_TEST

START_TEST(core_patterns)
{
    static const struct {
        const char *pattern;
        bool ours;
        const char *conf_path;
    } cases[] = {
        {"core\n", false, ""},
        {"|/usr/lib/systemd/systemd-coredump %P %u\n", false, ""},
        {"|/usr/lib/corral/corral-handler P%P\n", true, ""},
        {"|/usr/lib/corral/corral-handler", true, ""},
        {"|/x/corral-handler -c /etc/x.conf P%P\n", true, "/etc/x.conf"},
        {"|/x/corral-handler -c/etc/x.conf P%P\n", true, "/etc/x.conf"},
        {"|/x/corral-handler P%P -c/etc/x.conf\n", true, ""},
        {"|/x/corral-handler -c", true, ""},
        {"|/x/not-corral-handler P%P\n", false, ""},
        {"/x/corral-handler\n", false, ""},
        {"", false, ""},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct hook h;

        hook_parse(cases[i].pattern, &h);
        ck_assert_msg(h.ours == cases[i].ours, "%s", cases[i].pattern);
        ck_assert_str_eq(h.conf_path, cases[i].conf_path);
    }
}
END_TEST

UNIT_MAIN("client/settings", the_sample_is_the_table, defaults_are_valid, mistakes_are_told,
          core_patterns)
