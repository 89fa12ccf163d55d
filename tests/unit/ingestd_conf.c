/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
#include "ingestd/conf.h"

#include <fcntl.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define SAMPLE "etc/ingestd.conf"

/* What -t would say. */
static const char *check(const char *text)
{
    struct ingest_conf conf = {0};
    struct conf_error e = {0};
    const char *wrong;

    conf_defaults(ingest_conf_keys, INGEST_CONF_KEYS, &conf);
    ck_assert_msg(conf_parse(ingest_conf_keys, INGEST_CONF_KEYS, str_from(text), &conf, &e) == 0,
                  "%s", e.message);
    wrong = ingest_conf_check(&conf);
    conf_fini(ingest_conf_keys, INGEST_CONF_KEYS, &conf);
    return wrong;
}

START_TEST(sample_is_the_table)
{
    _cleanup_buf_ struct buf expected, file;

    buf_init(&expected, CONF_FILE_MAX);
    buf_init(&file, CONF_FILE_MAX);
    conf_sample(ingest_conf_keys, INGEST_CONF_KEYS, "corral-ingestd", &expected);
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
        {"redis = somewhere", "redis"},    {"database = nothing of the kind", "database"},
        {"data = relative", "data"},       {"dashboard_url = corral.example", "dashboard_url"},
        {"want_core = some", "want_core"},
    };

    ck_assert_ptr_null(check(""));
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        const char *said = check(wrong[i].text);

        ck_assert_msg(said && strstr(said, wrong[i].word), "%s", wrong[i].text);
    }
}
END_TEST

UNIT_MAIN("ingestd/conf", sample_is_the_table, checks_beyond_the_table)
