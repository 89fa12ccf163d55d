/* SPDX-License-Identifier: Apache-2.0 */
/* The one-shot modes that let people and programs in. Each prints what was made on standard output
 * and explains on standard error; exit statuses 0, 1 (failed), 2 (wrong usage). */
#ifndef CORRAL_DASHD_ACCOUNTS_H
#define CORRAL_DASHD_ACCOUNTS_H

/* --add-user NAME [--role R] [--password-file F] [--replace] */
int accounts_add_user(int argc, char **argv, const void *conf);
/* --add-token SCOPE NAME */
int accounts_add_token(int argc, char **argv, const void *conf);

#endif
