/* SPDX-License-Identifier: Apache-2.0 */
/* Which row of the table answers, and which methods a path has. */
#include "common/http/router.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static const struct route routes[] = {
    {.method = "GET", .pattern = "/", .tag = 0},
    {.method = "GET", .pattern = "/groups", .tag = 1},
    {.method = "GET", .pattern = "/groups/new", .tag = 2},
    {.method = "GET", .pattern = "/groups/{id}", .tag = 3},
    {.method = "POST", .pattern = "/groups/{id}", .tag = 4},
    {.method = "GET", .pattern = "/groups/{id}/events/{event}", .tag = 5},
    {.method = "PUT", .pattern = "/modules/{build_id}/executable", .tag = 6},
    {.method = "HEAD", .pattern = "/modules/{build_id}/executable", .tag = 7},
    {.method = "GET", .pattern = "/{page}/", .tag = 8},
};

static int find(const char *method, const char *path, struct router_match *m)
{
    return router_find(routes, ARRAY_SIZE(routes), method, str_from(path), m);
}

START_TEST(rows_by_method_and_path)
{
    static const struct {
        const char *method, *path;
        int result;
        uint64_t tag;
    } cases[] = {
        {"GET", "/", 0, 0},
        {"GET", "/groups", 0, 1},
        {"HEAD", "/groups", 0, 1},
        {"GET", "/groups/new", 0, 2}, /* the literal row stands first */
        {"GET", "/groups/newer", 0, 3},
        {"POST", "/groups/new", 0, 4},
        {"GET", "/groups/1/events/2", 0, 5},
        {"PUT", "/modules/ab/executable", 0, 6},
        {"HEAD", "/modules/ab/executable", 0, 7},
        {"GET", "/help/", 0, 8},
        {"GET", "/groups/", 0, 8},
        {"GET", "/groups//", ROUTER_NOT_FOUND, 0},
        {"GET", "//", ROUTER_NOT_FOUND, 0},
        {"GET", "", ROUTER_NOT_FOUND, 0},
        {"GET", "groups", ROUTER_NOT_FOUND, 0},
        {"GET", "/group", ROUTER_NOT_FOUND, 0},
        {"GET", "/groups/1/", ROUTER_NOT_FOUND, 0},
        {"GET", "/groups/1/events/", ROUTER_NOT_FOUND, 0},
        {"GET", "/groups/1/events/2/3", ROUTER_NOT_FOUND, 0},
        {"GET", "/Groups", ROUTER_NOT_FOUND, 0},
        {"get", "/groups", ROUTER_NOT_ALLOWED, 0},
        {"POST", "/groups", ROUTER_NOT_ALLOWED, 0},
        {"GET", "/modules/ab/executable", ROUTER_NOT_ALLOWED, 0},
        {"OPTIONS", "/", ROUTER_NOT_ALLOWED, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct router_match m = {0};

        ck_assert_msg(find(cases[i].method, cases[i].path, &m) == cases[i].result, "%s %s",
                      cases[i].method, cases[i].path);
        ck_assert((m.route != NULL) == (cases[i].result == 0));
        if (m.route)
            ck_assert_msg(m.route->tag == cases[i].tag, "%s %s: row %d", cases[i].method,
                          cases[i].path, (int)m.route->tag);
    }
}
END_TEST

START_TEST(parameters)
{
    struct router_match m;

    ck_assert_int_eq(find("GET", "/groups/a b/events/..", &m), 0);
    ck_assert_uint_eq(m.n_params, 2);
    ck_assert(str_eq(m.params[0].name, STR("id")));
    ck_assert(str_eq(m.params[0].value, STR("a b")));
    ck_assert(str_eq(m.params[1].name, STR("event")));
    ck_assert(str_eq(m.params[1].value, STR("..")));
    ck_assert_int_eq(find("GET", "/groups", &m), 0);
    ck_assert_uint_eq(m.n_params, 0);
}
END_TEST

START_TEST(methods_of_a_path)
{
    static const struct {
        const char *path, *allow;
    } cases[] = {
        {"/groups", "GET, HEAD"},
        {"/groups/1", "GET, HEAD, POST"},
        {"/modules/ab/executable", "HEAD, PUT"},
        {"/nothing", ""},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_buf_ struct buf b;

        buf_init(&b, ROUTER_ALLOW_MAX);
        router_allow(routes, ARRAY_SIZE(routes), str_from(cases[i].path), &b);
        ck_assert_str_eq(buf_text(&b), cases[i].allow);
    }
}
END_TEST

UNIT_MAIN("http/router", rows_by_method_and_path, parameters, methods_of_a_path)
