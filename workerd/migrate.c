/* SPDX-License-Identifier: Apache-2.0 */
/* The lock is a session's: it is held from before the table is read until the connection ends,
 * however that happens. */
#include "workerd/migrate.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/version.h"
#include "common/store/db.h"

#include "workerd/conf.h"
#include "workerd/queries.h"

DEFINE_CLEANUP(cleanup_db, struct db, db_free)

static int fail(struct db *d, const char *what)
{
    fprintf(stderr, "corral-workerd: %s: %s\n", what, db_message(d));
    return 1;
}

static void digest_of(const struct migration *m, char ret[static SHA256_TEXT_SIZE])
{
    sha256_text(m->sql, strlen(m->sql), ret);
}

static const struct migration *find(int64_t version)
{
    for (size_t i = 0; i < n_migrations; i++) {
        if (migrations[i].version == version)
            return &migrations[i];
    }
    return NULL;
}

/* What was applied must be what we have. Returns 0 and the highest version, or 1 after saying what
 * is wrong. */
static int check_applied(const PGresult *applied, int64_t *ret_version)
{
    int64_t version = 0;

    for (int i = 0; i < PQntuples(applied); i++) {
        const struct migration *m;
        char digest[SHA256_TEXT_SIZE];

        version = db_int(applied, i, 0);
        m = find(version);
        if (!m) {
            fprintf(stderr,
                    "corral-workerd: the database is at migration %lld, which this version (%s) "
                    "does not know; "
                    "install the newer Corral that made it\n",
                    (long long)version, CORRAL_VERSION);
            return 1;
        }
        digest_of(m, digest);
        if (strcmp(digest, db_text(applied, i, 1)) != 0) {
            fprintf(stderr,
                    "corral-workerd: migration %s was applied with another content than this "
                    "program has; "
                    "migrations never change once they are released\n",
                    m->name);
            return 1;
        }
    }
    *ret_version = version;
    return 0;
}

static int apply(struct db *d, const struct migration *m)
{
    char version[16], digest[SHA256_TEXT_SIZE];
    const char *params[] = {version, m->name, digest};
    int r = db_begin(d);

    snprintf(version, sizeof(version), "%d", m->version);
    digest_of(m, digest);
    if (r == 0)
        r = db_script(d, m->sql);
    if (r == 0)
        r = db_run(d, &query_migration_add, params, ARRAY_SIZE(params), NULL);
    if (r == 0)
        r = db_commit(d);
    if (r != 0) {
        fail(d, m->name);
        db_rollback(d);
        return 1;
    }
    printf("applied %s\n", m->name);
    return 0;
}

static int migrate(struct db *d)
{
    _cleanup_result_ PGresult *applied = NULL;
    int64_t version;

    if (db_script(d, script_migration_lock) != 0)
        return fail(d, "cannot take the migration lock");
    if (db_script(d, script_migration_table) != 0)
        return fail(d, "cannot make table schema_migrations");
    if (db_run(d, &query_migrations, NULL, 0, &applied) != 0)
        return fail(d, "cannot read table schema_migrations");
    if (check_applied(applied, &version) != 0)
        return 1;
    for (size_t i = 0; i < n_migrations; i++) {
        if (migrations[i].version > version && apply(d, &migrations[i]) != 0)
            return 1;
    }
    printf("schema is at %s\n", migrations[n_migrations - 1].name);
    return 0;
}

int migrate_main(int argc, char **argv, const void *conf)
{
    _cleanup_(cleanup_db) struct db *d = NULL;
    const char *conninfo = ((const struct worker_conf *)conf)->database;

    if (argc == 2 && strcmp(argv[0], "--database") == 0) {
        conninfo = argv[1];
    } else if (argc != 0) {
        fprintf(stderr, "usage: corral-workerd --migrate [--database CONNINFO]\n");
        return 2;
    }
    if (db_new(conninfo, &d) < 0) {
        fprintf(stderr,
                "corral-workerd: \"%s\" is no libpq connection string; for example "
                "host=/run/postgresql dbname=corral\n",
                conninfo);
        return 2;
    }
    return migrate(d);
}
