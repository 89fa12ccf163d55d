/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/access/password.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#define PASSES       3
#define MEMORY       (64u * 1024 * 1024)
#define AT_ONCE      2
#define PATIENCE_SEC 2

static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_argon2id_STRBYTES, "libsodium's text form");

/* Of 32 random bytes that nobody kept. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=3,p=1$xKJkS1Jf2WN70+ZLUx4KjQ"
                             "$CvQ387iNh3tdr7YFJFpRqbg/Cth/FPQCFEU5+YFN7Dw";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static unsigned busy;

static int take_slot(void)
{
    struct timespec deadline;
    int r = 0;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_SEC;
    pthread_mutex_lock(&lock);
    while (busy == AT_ONCE && r == 0)
        r = pthread_cond_timedwait(&freed, &lock, &deadline);
    if (busy < AT_ONCE) {
        busy++;
        r = 0;
    }
    pthread_mutex_unlock(&lock);
    return r ? PASSWORD_BUSY : 0;
}

static void give_slot(void)
{
    pthread_mutex_lock(&lock);
    busy--;
    pthread_cond_signal(&freed);
    pthread_mutex_unlock(&lock);
}

int password_hash(const char *password, char ret[static PASSWORD_HASH_SIZE])
{
    char text[PASSWORD_HASH_SIZE] = "";

    if (crypto_pwhash_str_alg(text, password, strlen(password), PASSES, MEMORY,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return -ENOMEM;
    memcpy(ret, text, sizeof(text));
    return 0;
}

int password_check(const char *hash, const char *password)
{
    size_t n = strlen(password);
    int r;

    if (n > PASSWORD_MAX)
        return PASSWORD_WRONG;
    r = take_slot();
    if (r)
        return r;
    r = crypto_pwhash_str_verify(hash ? hash : nobody, password, n);
    give_slot();
    return r == 0 && hash ? 0 : PASSWORD_WRONG;
}

void password_generate(char ret[static PASSWORD_NEW_SIZE])
{
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32: five bits each */

    for (size_t i = 0; i + 1 < PASSWORD_NEW_SIZE; i++)
        ret[i] = alphabet[randombytes_uniform(sizeof(alphabet) - 1)];
    ret[PASSWORD_NEW_SIZE - 1] = '\0';
}
