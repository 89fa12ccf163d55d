/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd workerd/fetcher workerd/front workerd/grouping workerd/healing workerd/index
 * workerd/regroup workerd/sources workerd/supply workerd/wire */
#include "workerd/conf.h"

#include <fcntl.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define SAMPLE "etc/workerd.conf"

/* What -t would say. */
static const char *check(const char *text)
{
    struct worker_conf conf = {0};
    struct conf_error e = {0};
    const char *wrong;

    conf_defaults(worker_conf_keys, WORKER_CONF_KEYS, &conf);
    ck_assert_msg(conf_parse(worker_conf_keys, WORKER_CONF_KEYS, str_from(text), &conf, &e) == 0,
                  "%s", e.message);
    wrong = worker_conf_check(&conf);
    conf_fini(worker_conf_keys, WORKER_CONF_KEYS, &conf);
    return wrong;
}

START_TEST(sample_is_the_table)
{
    _cleanup_buf_ struct buf expected, file;

    buf_init(&expected, CONF_FILE_MAX);
    buf_init(&file, CONF_FILE_MAX);
    conf_sample(worker_conf_keys, WORKER_CONF_KEYS, "corral-workerd", &expected);
    ck_assert_int_eq(io_read_file(AT_FDCWD, SAMPLE, &file), 0);
    ck_assert_str_eq(buf_text(&file), buf_text(&expected));
    ck_assert_ptr_null(check(buf_text(&file)));
}
END_TEST

START_TEST(checks_beyond_the_table)
{
    static const struct {
        const char *text, *word;
    } wrong[] = {
        {"redis = somewhere", "redis"},
        {"database = nothing of the kind", "database"},
        {"data = relative", "data"},
    };

    ck_assert_ptr_null(check(""));
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        const char *said = check(wrong[i].text);

        ck_assert_msg(said && strstr(said, wrong[i].word), "%s", wrong[i].text);
    }
}
END_TEST

UNIT_MAIN("workerd/conf", sample_is_the_table, checks_beyond_the_table)
