/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd */
#include "dashd/members.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static const char *const known[] = {"id", "title", "count", NULL};

static const struct {
    const char *fields, *kept; /* kept NULL: refused */
} rows[] = {
    {NULL, "{\"id\":\"G-1\",\"title\":\"\\u0001\xc3\xa9\",\"count\":1}"},
    {"id", "{\"id\":\"G-1\"}"},
    {"count,id", "{\"count\":1,\"id\":\"G-1\"}"},
    {"id,id", "{\"id\":\"G-1\"}"},
    {"title", "{\"title\":\"\\u0001\xc3\xa9\"}"},
    {"nothing", NULL},
    {"", NULL},
    {"id,", NULL},
    {"id, title", NULL},
    {"id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,"
     "id,"
     "id",
     NULL},
};

START_TEST(keeps)
{
    _cleanup_arena_ struct arena a = ARENA_INIT(0);
    _cleanup_buf_ struct buf b = BUF_INIT(4096);
    struct members m;
    const char *wrong = members_parse(&a, rows[_i].fields, known, &m);

    ck_assert_msg(!wrong == (rows[_i].kept != NULL), "%s", rows[_i].fields);
    if (wrong)
        return;
    buf_adds(&b, "[{},");
    buf_adds(&b, rows[0].kept);
    members_keep(&m, &b, 3);
    ck_assert_str_eq(buf_text(&b), arena_printf(&a, "[{},%s", rows[_i].kept));
}
END_TEST

UNIT_TABLES_MAIN("dashd/members", {keeps, ARRAY_SIZE(rows)})
