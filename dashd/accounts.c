/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/accounts.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/str.h"
#include "common/store/db.h"
#include "dashd/access/access.h"
#include "dashd/access/credentials.h"
#include "dashd/access/password.h"
#include "dashd/app.h"
#include "dashd/access/queries.h"

#define PROGRAM "corral-dashd"

DEFINE_CLEANUP(cleanup_db, struct db, db_free)

struct user_options {
    const char *name, *role, *password_file;
    bool replace;
};

static int usage(const char *wrong, const char *argument)
{
    fprintf(stderr, PROGRAM ": %s%s%s\nTry " PROGRAM " --help.\n", wrong, argument ? " " : "",
            argument ? argument : "");
    return 2;
}

static int open_database(const void *conf, struct db **ret)
{
    const struct dashd_conf *c = conf;

    if (sodium_init() < 0 || db_new(c->database, ret) < 0) {
        fprintf(stderr, PROGRAM ": database = %s is not a connection string of libpq\n",
                c->database);
        return 1;
    }
    return 0;
}

static int database_failed(const struct db *db)
{
    fprintf(stderr, PROGRAM ": the database refused: %s\n", db_message(db));
    return 1;
}

/* --- Users --- */

/* Returns -1 to go on, or the exit status. */
static int read_user_options(int argc, char **argv, struct user_options *o)
{
    for (int i = 0; i < argc; i++) {
        const char **value = strcmp(argv[i], "--role") == 0            ? &o->role
                             : strcmp(argv[i], "--password-file") == 0 ? &o->password_file
                                                                       : NULL;

        if (strcmp(argv[i], "--replace") == 0)
            o->replace = true;
        else if (value && i + 1 < argc)
            *value = argv[++i];
        else if (value || argv[i][0] == '-' || o->name)
            return usage(value ? "a value is missing after" : "unexpected argument", argv[i]);
        else
            o->name = argv[i];
    }
    if (!o->name || !account_name_valid(o->name))
        return usage("--add-user needs a name of letters, digits and any of ._@+-", NULL);
    if (!access_rights_of_role(o->role))
        return usage("--role must be viewer, triager, developer or admin, not", o->role);
    return -1;
}

/* The first line of the file. */
static int read_password(const char *path, struct buf *b)
{
    int r = io_read_file(AT_FDCWD, path, b);
    size_t n;

    if (r < 0) {
        fprintf(stderr, PROGRAM ": %s: %s\n", path, strerror(-r));
        return 1;
    }
    n = strcspn(buf_text(b), "\r\n");
    if (n < PASSWORD_MIN || n > PASSWORD_MAX) {
        fprintf(stderr, PROGRAM ": %s: a password has %d to %d bytes\n", path, PASSWORD_MIN,
                PASSWORD_MAX);
        return 1;
    }
    b->data[n] = '\0';
    return 0;
}

static int save_user(const struct user_options *o, const char *password, const void *conf)
{
    _cleanup_(cleanup_db) struct db *db = NULL;
    char hash[PASSWORD_HASH_SIZE];
    bool exists = false;

    if (open_database(conf, &db))
        return 1;
    if (password_hash(password, hash) < 0) {
        fprintf(stderr, PROGRAM ": not enough memory to hash the password\n");
        return 1;
    }
    if (query_user_save(db, o->name, o->role, hash, o->replace, &exists))
        return database_failed(db);
    if (exists && !o->replace) {
        fprintf(
            stderr,
            PROGRAM
            ": there is a user %s already; --replace gives a new role and password, and ends all "
            "sessions\n",
            o->name);
        return 1;
    }
    fprintf(stderr, "User %s (%s) %s.\n", o->name, o->role, exists ? "replaced" : "added");
    return 0;
}

int accounts_add_user(int argc, char **argv, const void *conf)
{
    struct user_options o = {.role = "viewer"};
    char generated[PASSWORD_NEW_SIZE];
    _cleanup_buf_ struct buf given;
    int status = read_user_options(argc, argv, &o);

    buf_init(&given, 64 * 1024);
    if (status >= 0)
        return status;
    if (o.password_file && read_password(o.password_file, &given))
        return 1;
    if (!o.password_file)
        password_generate(generated);
    status = save_user(&o, o.password_file ? buf_text(&given) : generated, conf);
    if (status == 0 && !o.password_file)
        printf("%s\n", generated);
    return status;
}

/* --- Tokens --- */

int accounts_add_token(int argc, char **argv, const void *conf)
{
    _cleanup_(cleanup_db) struct db *db = NULL;
    struct token_secret token;

    if (argc != 2 || !token_scope_valid(argv[0]))
        return usage("--add-token needs a scope (ingest, symbols, read, write or admin) and a name",
                     NULL);
    if (!account_name_valid(argv[1]))
        return usage("a token's name has letters, digits and any of ._@+-, not", argv[1]);
    if (open_database(conf, &db))
        return 1;
    token_make(argv[0], &token);
    if (query_token_save(db, argv[1], argv[0], token.digest))
        return database_failed(db);
    fprintf(stderr, "Token %s (%s) added. It is shown only this once:\n", argv[1], argv[0]);
    printf("%s\n", token.text);
    return 0;
}
