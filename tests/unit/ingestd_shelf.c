/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: ingestd */
#include "ingestd/shelf.h"

#include <stdio.h>

#include "tests/lib/unit.h"

START_TEST(what_was_put_there)
{
    struct shelf *s = shelf_new();
    struct digest *d = digest_new();

    ck_assert_ptr_null(shelf_take(s, "a", 0));
    shelf_put(s, "a", 5, NULL);
    shelf_put(s, "a", 5, d);
    ck_assert_ptr_null(shelf_take(s, "b", 5));
    ck_assert(shelf_take(s, "a", 5) == d);
    ck_assert_ptr_null(shelf_take(s, "a", 5));
    shelf_put(s, "a", 5, d);
    ck_assert_ptr_null(shelf_take(s, "a", 6)); /* of other bytes: of no use any more */
    ck_assert_ptr_null(shelf_take(s, "a", 5));
    shelf_put(s, "a", 5, digest_new());
    shelf_put(s, "a", 7, d = digest_new());
    ck_assert(shelf_take(s, "a", 7) == d);
    digest_free(d);
    shelf_put(s, "left behind", 7, digest_new());
    shelf_free(s);
    shelf_free(NULL);
}
END_TEST

START_TEST(few_places)
{
    struct shelf *s = shelf_new();
    struct digest *d;
    char id[16];

    for (unsigned i = 0; i < SHELF_PLACES + 1; i++) {
        snprintf(id, sizeof(id), "%u", i);
        shelf_put(s, id, i, digest_new());
    }
    ck_assert_ptr_null(shelf_take(s, "0", 0));
    d = shelf_take(s, "1", 1);
    ck_assert_ptr_nonnull(d);
    digest_free(d);
    shelf_free(s);
}
END_TEST

UNIT_MAIN("ingestd/shelf", what_was_put_there, few_places)
