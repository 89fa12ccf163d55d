/* SPDX-License-Identifier: Apache-2.0 */
/* Marks in a store for real: nothing that is left is lost, whatever the healer is at. */
#include "common/store/arrivals.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define BUILD_ID "0123456789abcdef0123456789abcdef01234567"
#define CRASH_ID "01a1fd55-8832-7caa-bcf2-4dfe701461d1"

static char root[64];

static struct blob_store *store_new(void)
{
    struct blob_store *s;

    strcpy(root, "/tmp/corral-unit.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(blob_open(root, true, &s), 0);
    return s;
}

static void store_end(struct blob_store *s)
{
    blob_close(s);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, root), 0);
}

struct seen {
    size_t n;
    char name[200];
    int64_t at;
};

static int see(const char *name, int64_t at, void *arg)
{
    struct seen *s = arg;

    s->n++;
    strcpy(s->name, name);
    s->at = at;
    return 0;
}

static struct seen taken(struct blob_store *s)
{
    struct seen seen = {0};

    ck_assert_int_eq(arrivals_taken(s, see, &seen), 0);
    return seen;
}

START_TEST(names)
{
    struct blob_store *s = store_new();
    static const char *const good[] = {BUILD_ID, "ab", CRASH_ID, ARRIVAL_ALL};
    static const char *const bad[] = {"", "a", "ALL", "../x", ".", "AB", "abc", "all ", "x/y"};

    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        ck_assert_int_eq(arrival_add(s, good[i]), 0);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(arrival_add(s, bad[i]) == -EINVAL, "%s", bad[i]);
    ck_assert_int_eq(arrivals_take(s, 0, 10), 0);
    ck_assert_uint_eq(taken(s).n, ARRAY_SIZE(good));
    store_end(s);
}
END_TEST

START_TEST(from_left_to_done)
{
    struct blob_store *s = store_new();
    int64_t before = clock_now();
    struct seen seen;

    ck_assert(!arrivals_any(s, 0));
    ck_assert_int_eq(arrival_add(s, BUILD_ID), 0);
    ck_assert(arrivals_any(s, 0));
    ck_assert(!arrivals_any(s, 60 * USEC_PER_SEC)); /* too young */
    ck_assert_int_eq(arrivals_take(s, 60 * USEC_PER_SEC, 10), 0);
    ck_assert_uint_eq(taken(s).n, 0);
    ck_assert_int_eq(arrivals_take(s, 0, 10), 0);
    seen = taken(s);
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_str_eq(seen.name, BUILD_ID);
    ck_assert_int_ge(seen.at, before - USEC_PER_SEC);
    ck_assert_int_le(seen.at, clock_now() + USEC_PER_SEC);
    ck_assert(arrivals_any(s, 60 * USEC_PER_SEC)); /* taken and not done */
    ck_assert_int_eq(arrival_done(s, BUILD_ID), 0);
    ck_assert_int_eq(arrival_done(s, BUILD_ID), 0);
    ck_assert(!arrivals_any(s, 0));
    store_end(s);
}
END_TEST

START_TEST(comes_back_meanwhile)
{
    struct blob_store *s = store_new();

    ck_assert_int_eq(arrival_add(s, BUILD_ID), 0);
    ck_assert_int_eq(arrivals_take(s, 0, 10), 0);
    ck_assert_int_eq(arrival_add(s, BUILD_ID), 0);
    ck_assert_int_eq(arrival_done(s, BUILD_ID), 0);
    ck_assert(arrivals_any(s, 0)); /* the later one */
    ck_assert_int_eq(arrivals_take(s, 0, 10), 0);
    ck_assert_uint_eq(taken(s).n, 1);
    ck_assert_int_eq(arrival_add(s, BUILD_ID), 0);
    ck_assert_int_eq(arrivals_take(s, 0, 10), 0); /* onto one that was never done */
    ck_assert_uint_eq(taken(s).n, 1);
    store_end(s);
}
END_TEST

START_TEST(some_at_a_time)
{
    struct blob_store *s = store_new();
    char name[3] = "a0";

    for (char c = '0'; c <= '9'; c++) {
        name[1] = c;
        ck_assert_int_eq(arrival_add(s, name), 0);
    }
    ck_assert_int_eq(arrivals_take(s, 0, 4), 0);
    ck_assert_uint_eq(taken(s).n, 4);
    ck_assert_int_eq(arrivals_take(s, 0, 100), 0);
    ck_assert_uint_eq(taken(s).n, 10);
    store_end(s);
}
END_TEST

START_TEST(since_when_a_module_is_there)
{
    struct blob_store *s = store_new();
    _cleanup_fd_ int fd = -1;
    int64_t before = clock_now() - USEC_PER_SEC;

    ck_assert(!blob_module_since(s, BUILD_ID, MODULE_DEBUGINFO, 0));
    ck_assert_int_eq(blob_module_begin(s, &fd), 0);
    ck_assert_int_eq(blob_module_commit(s, fd, BUILD_ID, MODULE_DEBUGINFO), 0);
    ck_assert(blob_module_since(s, BUILD_ID, MODULE_DEBUGINFO, before));
    ck_assert(!blob_module_since(s, BUILD_ID, MODULE_DEBUGINFO, clock_now() + USEC_PER_SEC));
    ck_assert(!blob_module_since(s, BUILD_ID, MODULE_EXECUTABLE, before));
    ck_assert(!blob_module_since(s, "../../etc/passwd", MODULE_EXECUTABLE, 0));
    store_end(s);
}
END_TEST

UNIT_MAIN("common/store/arrivals", names, from_left_to_done, comes_back_meanwhile, some_at_a_time,
          since_when_a_module_is_there)
