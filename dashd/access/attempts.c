/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing without chains: a key may stand in one of WAYS places that its digest names. The
 * digest is keyed with random bytes of this process, so that nobody can choose keys that meet. */
#include "dashd/access/attempts.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define PLACES 4096u /* a power of two */
#define WAYS   4u

struct slot {
    uint64_t digest; /* 0: free */
    int64_t start;   /* of the window, as the caller's clock tells it */
    unsigned count;
};

struct attempts {
    pthread_mutex_t lock;
    unsigned char key[crypto_shorthash_KEYBYTES];
    struct slot slots[PLACES];
};

struct attempts *attempts_new(void)
{
    struct attempts *t = calloc(1, sizeof(*t));

    if (!t)
        abort();
    pthread_mutex_init(&t->lock, NULL);
    crypto_shorthash_keygen(t->key);
    return t;
}

void attempts_free(struct attempts *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static uint64_t digest_of(const struct attempts *t, const char *key)
{
    unsigned char out[crypto_shorthash_BYTES];
    uint64_t digest;

    static_assert(sizeof(out) == sizeof(digest), "SipHash-2-4 gives 64 bits");
    crypto_shorthash(out, (const unsigned char *)key, strlen(key), t->key);
    memcpy(&digest, out, sizeof(digest));
    return digest ? digest : 1;
}

/* The key's own slot or, for a new key, the one that makes room. */
static struct slot *find(struct attempts *t, uint64_t digest)
{
    struct slot *weakest = NULL;

    for (unsigned way = 0; way < WAYS; way++) {
        struct slot *s = &t->slots[(digest >> (12 * way)) & (PLACES - 1)];

        if (s->digest == digest)
            return s;
        if (!weakest || s->count < weakest->count)
            weakest = s;
    }
    return weakest;
}

int64_t attempts_take(struct attempts *t, const char *key, unsigned limit, int64_t window_usec,
                      int64_t now)
{
    uint64_t digest = digest_of(t, key);
    int64_t wait = 0;
    struct slot *s;

    pthread_mutex_lock(&t->lock);
    s = find(t, digest);
    if (s->digest != digest || now - s->start >= window_usec)
        *s = (struct slot){.digest = digest, .start = now};
    if (s->count >= limit)
        wait = s->start + window_usec - now;
    else
        s->count++;
    pthread_mutex_unlock(&t->lock);
    return wait;
}

void attempts_forgive(struct attempts *t, const char *key)
{
    uint64_t digest = digest_of(t, key);
    struct slot *s;

    pthread_mutex_lock(&t->lock);
    s = find(t, digest);
    if (s->digest == digest)
        *s = (struct slot){0};
    pthread_mutex_unlock(&t->lock);
}
