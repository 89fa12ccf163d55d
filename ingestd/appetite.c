/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of fixed size whose entries are also a list by the time of their last use. Links are
 * indices; 0 is no entry. */
#include "ingestd/appetite.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/digest.h"

#define KEY_SIZE  16
#define HOUR_USEC (3600 * USEC_PER_SEC)

struct kind {
    uint8_t key[KEY_SIZE]; /* digest of the text: whoever makes kinds up fills no bucket */
    int64_t hour_began, promised_until;
    uint64_t n; /* crashes since hour_began */
    uint32_t next_in_bucket;
    uint32_t newer, older;
    bool has_full;
};

struct appetite {
    enum appetite_policy policy;
    uint64_t none_after;
    pthread_mutex_t lock; /* over all below */
    uint32_t used;        /* entries that were ever given out */
    uint32_t buckets[APPETITE_KINDS];
    struct kind kinds[APPETITE_KINDS + 1]; /* [0]: its newer is the oldest, its older the newest */
};

static const char *const words[] = {
    [APPETITE_AUTO] = "auto",
    [APPETITE_FULL] = "full",
    [APPETITE_SLIM] = "slim",
    [APPETITE_NONE] = "none",
};

int appetite_policy_parse(const char *word, enum appetite_policy *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(word, words[i]) == 0) {
            *ret = (enum appetite_policy)i;
            return 0;
        }
    return -EINVAL;
}

struct appetite *appetite_new(enum appetite_policy policy, uint64_t none_after)
{
    struct appetite *a = calloc(1, sizeof(*a));

    if (!a)
        abort();
    a->policy = policy;
    a->none_after = none_after;
    pthread_mutex_init(&a->lock, NULL);
    return a;
}

void appetite_free(struct appetite *a)
{
    if (!a)
        return;
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* --- The table --- */

static uint32_t *bucket_of(struct appetite *a, const uint8_t key[KEY_SIZE])
{
    return &a->buckets[key[0] | key[1] << 8];
}
_Static_assert(APPETITE_KINDS == 1 << 16, "bucket_of takes 16 bits");

static void unlink_from_bucket(struct appetite *a, uint32_t i)
{
    uint32_t *at = bucket_of(a, a->kinds[i].key);

    while (*at != i)
        at = &a->kinds[*at].next_in_bucket;
    *at = a->kinds[i].next_in_bucket;
}

static void unlink_from_list(struct appetite *a, uint32_t i)
{
    struct kind *k = &a->kinds[i];

    a->kinds[k->newer].older = k->older;
    a->kinds[k->older].newer = k->newer;
}

static void make_newest(struct appetite *a, uint32_t i)
{
    struct kind *k = &a->kinds[i];

    k->newer = 0;
    k->older = a->kinds[0].older;
    a->kinds[k->older].newer = i;
    a->kinds[0].older = i;
}

/* An entry that is in no list: a new one, or that of the kind which crashed longest ago. */
static uint32_t take_entry(struct appetite *a)
{
    uint32_t i;

    if (a->used < APPETITE_KINDS)
        return ++a->used;
    i = a->kinds[0].newer;
    unlink_from_bucket(a, i);
    unlink_from_list(a, i);
    return i;
}

static uint32_t find(struct appetite *a, const uint8_t key[KEY_SIZE])
{
    uint32_t i = *bucket_of(a, key);

    while (i && memcmp(a->kinds[i].key, key, KEY_SIZE) != 0)
        i = a->kinds[i].next_in_bucket;
    return i;
}

static struct kind *get(struct appetite *a, const char *text, int64_t now)
{
    uint8_t key[SHA256_SIZE];
    uint32_t i;

    sha256(text, strlen(text), key);
    i = find(a, key);
    if (i) {
        unlink_from_list(a, i);
    } else {
        i = take_entry(a);
        a->kinds[i] = (struct kind){.next_in_bucket = *bucket_of(a, key), .hour_began = now};
        memcpy(a->kinds[i].key, key, KEY_SIZE);
        *bucket_of(a, key) = i;
    }
    make_newest(a, i);
    return &a->kinds[i];
}

/* --- Questions --- */

static void count(struct kind *k, uint64_t n, int64_t now)
{
    if (now - k->hour_began >= HOUR_USEC) {
        k->hour_began = now;
        k->n = 0;
    }
    k->n += n;
}

static const char *judge(const struct appetite *a, const struct kind *k, int64_t now)
{
    if (a->none_after && k->n > a->none_after)
        return "none";
    return k->has_full || now < k->promised_until ? "slim" : "full";
}

const char *appetite_crash(struct appetite *a, const char *kind, uint64_t n, enum fidelity sent,
                           int64_t now)
{
    const char *word;
    struct kind *k;

    if (a->policy != APPETITE_AUTO)
        return words[a->policy];
    if (!kind)
        return "full";
    pthread_mutex_lock(&a->lock);
    k = get(a, kind, now);
    count(k, n, now);
    if (sent == FIDELITY_FULL)
        k->promised_until = now + HOUR_USEC;
    word = judge(a, k, now);
    pthread_mutex_unlock(&a->lock);
    return word;
}

void appetite_full(struct appetite *a, const char *kind, int64_t now)
{
    if (!kind || a->policy != APPETITE_AUTO)
        return;
    pthread_mutex_lock(&a->lock);
    get(a, kind, now)->has_full = true;
    pthread_mutex_unlock(&a->lock);
}
