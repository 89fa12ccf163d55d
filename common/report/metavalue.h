/* SPDX-License-Identifier: Apache-2.0 */
/* One value of the metadata, checked against its field's limits and put into its place: what the
 * JSON reader and the plain fields of curl users have in common. Each function returns 0 or
 * META_OUT_OF_BOUNDS with the error filled, and then has changed nothing. */
#ifndef CORRAL_REPORT_METAVALUE_H
#define CORRAL_REPORT_METAVALUE_H

#include "common/report/metafields.h"

/* Fills the error; returns META_OUT_OF_BOUNDS. */
int meta_wrong(struct meta_error *e, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Unless it is right: "must be <type>". */
int meta_want(bool right, const char *pointer, const char *type, struct meta_error *e);

int meta_put_text(struct arena *a, const char *text, size_t n, size_t max, const char *pointer,
                  const char **field, struct meta_error *e);
int meta_put_number(int64_t value, const struct meta_field *f, int64_t *field, const char *pointer,
                    struct meta_error *e);
int meta_put_time(struct str text, int64_t *field, const char *pointer, struct meta_error *e);
int meta_put_encoding(struct str text, enum core_encoding *field, const char *pointer,
                      struct meta_error *e);
int meta_put_tag(struct arena *a, struct str key, struct str value, struct crash_meta *m,
                 struct meta_error *e);
int meta_check_crash_id(const struct crash_meta *m, struct meta_error *e);

#endif
