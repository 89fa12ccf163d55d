/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords: argon2id through libsodium, 64 MiB and three passes each. No more than two are worked
 * on at a time, so that a flood of sign-ins costs at most 128 MiB; who can't be served soon is
 * turned away. */
#ifndef CORRAL_DASHD_ACCESS_PASSWORD_H
#define CORRAL_DASHD_ACCESS_PASSWORD_H

#define PASSWORD_MIN       12  /* bytes, of a password that a person chooses */
#define PASSWORD_MAX       256 /* bytes; longer ones are refused before any work */
#define PASSWORD_HASH_SIZE 128 /* of libsodium's text form, with the NUL */
#define PASSWORD_NEW_SIZE  25  /* of a generated one, with the NUL */

enum password_outcome {
    PASSWORD_WRONG = 1,
    PASSWORD_BUSY, /* too many others at once: try again in a second */
};

/* -ENOMEM when 64 MiB can't be had. */
int password_hash(const char *password, char ret[static PASSWORD_HASH_SIZE]);
/* hash NULL: there is no such account. It is then checked against one that no password fits, so
 * that the answer takes as long. */
int password_check(const char *hash, const char *password);
/* Random letters and digits that can't be mistaken for one another; 120 bits. */
void password_generate(char ret[static PASSWORD_NEW_SIZE]);

#endif
