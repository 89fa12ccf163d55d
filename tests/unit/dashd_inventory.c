/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: dashd dashd/access dashd/grouping dashd/view */
#include "dashd/inventory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

static char root[] = "/tmp/corral-inventory-XXXXXX";
static struct blob_store *store;

static void open_store(void)
{
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(blob_open(root, true, &store), 0);
}

static void close_store(void)
{
    char command[100];

    blob_close(store);
    snprintf(command, sizeof(command), "rm -r %s", root);
    ck_assert_int_eq(system(command), 0);
    strcpy(root + strlen(root) - 6, "XXXXXX");
}

static void add(const char *build_id, enum module_kind k, size_t bytes)
{
    _cleanup_fd_ int fd = -1;

    ck_assert_int_eq(blob_module_begin(store, &fd), 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)bytes), 0);
    ck_assert_int_eq(blob_module_commit(store, fd, build_id, k), 0);
}

START_TEST(an_empty_store)
{
    struct inventory_facts f;
    struct inventory *i;

    open_store();
    i = inventory_new(store);
    ck_assert_int_eq(inventory_get(i, &f), 0);
    ck_assert_uint_eq(f.modules, 0);
    ck_assert_uint_eq(f.n_recent, 0);
    ck_assert_int_ne(f.taken_at, 0);
    inventory_free(i);
    close_store();
}
END_TEST

START_TEST(files_are_counted_by_kind)
{
    struct inventory_file files[MODULE_KIND_COUNT];
    struct inventory_facts f;
    struct inventory *i;
    char id[] = "aa00";

    open_store();
    i = inventory_new(store);
    add("abcd", MODULE_EXECUTABLE, 100);
    add("abcd", MODULE_DEBUGINFO, 1000);
    add("ab12", MODULE_DEBUGINFO, 10);
    for (int n = 0; n < INVENTORY_RECENT; n++) {
        id[3] = (char)('0' + n);
        add(id, MODULE_UNWIND, 1);
    }
    ck_assert_int_eq(inventory_get(i, &f), 0);
    ck_assert_uint_eq(f.modules, 2 + INVENTORY_RECENT);
    ck_assert_uint_eq(f.kinds[MODULE_EXECUTABLE].files, 1);
    ck_assert_uint_eq(f.kinds[MODULE_DEBUGINFO].files, 2);
    ck_assert_uint_eq(f.kinds[MODULE_DEBUGINFO].bytes, 1010);
    ck_assert_uint_eq(f.kinds[MODULE_UNWIND].files, INVENTORY_RECENT);
    ck_assert_uint_eq(f.n_recent, INVENTORY_RECENT);
    for (size_t n = 1; n < f.n_recent; n++)
        ck_assert_int_ge(f.recent[n - 1].at, f.recent[n].at);
    inventory_module(store, "abcd", files);
    ck_assert_uint_eq(files[MODULE_EXECUTABLE].bytes, 100);
    ck_assert_int_ne(files[MODULE_DEBUGINFO].at, 0);
    ck_assert_int_eq(files[MODULE_UNWIND].at, 0);
    inventory_free(i);
    close_store();
}
END_TEST

UNIT_MAIN("dashd/inventory", an_empty_store, files_are_counted_by_kind)
