/* SPDX-License-Identifier: Apache-2.0 */
/* corral-workerd --migrate: brings the database to the schema that this program was built with.
 * Migrations only go forward, each in its own transaction, under an advisory lock, so that any
 * number of these may run at once. Table schema_migrations says what was applied and its SHA-256: a
 * database that has something else than we do is refused. */
#ifndef CORRAL_WORKERD_MIGRATE_H
#define CORRAL_WORKERD_MIGRATE_H

#include <stddef.h>

struct migration {
    int version;      /* ascending */
    const char *name; /* "0001_init" */
    const char *sql;
};

/* Made at build time from sql/ (migrations.mk). */
extern const struct migration migrations[];
extern const size_t n_migrations;

/* struct daemon_mode's run: [--database CONNINFO], else the configured one. 0 when the schema is
 * right now. */
int migrate_main(int argc, char **argv, const void *conf);

#endif
