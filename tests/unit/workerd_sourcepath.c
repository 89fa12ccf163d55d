/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: workerd/index */
#include "workerd/index/sourcepath.h"

#include "common/base/cleanup.h"
#include "tests/lib/unit.h"

START_TEST(paths)
{
    static const struct {
        const char *folder, *file, *path;
    } cases[] = {
        {"/src", "app.c", "/src/app.c"},
        {"/src/", "./lib//app.c", "/src/lib/app.c"},
        {"/src/build", "../lib/app.c", "/src/lib/app.c"},
        {"/src", "/usr/include/x.h", "/usr/include/x.h"},
        {"/src", "../../../../x.h", "/x.h"},
        {NULL, "app.c", "app.c"},
        {"relative", "app.c", "app.c"},
        {"/src", "./string/../sysdeps/x86_64/multiarch/strlen.S",
         "/src/sysdeps/x86_64/multiarch/strlen.S"},
        {"/src", "a/.../b", "/src/a/.../b"},
    };
    _cleanup_arena_ struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        ck_assert_str_eq(source_path(cases[i].folder, cases[i].file, &a), cases[i].path);
    ck_assert_ptr_null(source_path("/src", NULL, &a));
}
END_TEST

UNIT_MAIN("workerd/sourcepath", paths)
