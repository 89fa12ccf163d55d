/* SPDX-License-Identifier: Apache-2.0 */
/* The generic cell rate algorithm (ITU-T I.371): one number for each token, the time at which all
 * that it has sent would have been sent at the allowed rate. It may lie a minute ahead. */
#include "ingestd/quota.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingestd/tokens.h"

#define SLOTS       16384 /* a power of two, with room beside TOKENS_MAX */
#define MINUTE_USEC (60 * USEC_PER_SEC)

struct slot {
    char id[TOKEN_ID_SIZE]; /* "": free */
    int64_t paid_until;     /* usec */
};

struct quota {
    int64_t cost; /* usec of one crash; 0: no limit */
    pthread_mutex_t lock;
    size_t used;
    struct slot slots[SLOTS];
};

struct quota *quota_new(uint64_t per_minute)
{
    struct quota *q = calloc(1, sizeof(*q));

    if (!q)
        abort();
    q->cost = per_minute ? MINUTE_USEC / (int64_t)per_minute : 0;
    pthread_mutex_init(&q->lock, NULL);
    return q;
}

void quota_free(struct quota *q)
{
    if (!q)
        return;
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static size_t hash(const char *id)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (; *id; id++)
        h = (h ^ (unsigned char)*id) * 16777619u;
    return h;
}

/* Revoked tokens leave their slot behind; when there were too many of them, all begin anew. */
static struct slot *find(struct quota *q, const char *id)
{
    size_t i = hash(id) % SLOTS;

    while (*q->slots[i].id && strcmp(q->slots[i].id, id) != 0)
        i = (i + 1) % SLOTS;
    if (*q->slots[i].id)
        return &q->slots[i];
    if (q->used == TOKENS_MAX) {
        memset(q->slots, 0, sizeof(q->slots));
        q->used = 0;
        i = hash(id) % SLOTS;
    }
    q->used++;
    snprintf(q->slots[i].id, TOKEN_ID_SIZE, "%s", id);
    return &q->slots[i];
}
_Static_assert(SLOTS > TOKENS_MAX, "a search must come to a free slot");

static int64_t take(struct quota *q, struct slot *s, int64_t now)
{
    int64_t until = (s->paid_until > now ? s->paid_until : now) + q->cost;

    if (until - now > MINUTE_USEC)
        return until - now - MINUTE_USEC;
    s->paid_until = until;
    return 0;
}

int64_t quota_take(struct quota *q, const char *token_id, int64_t now)
{
    int64_t wait;

    if (q->cost == 0)
        return 0;
    pthread_mutex_lock(&q->lock);
    wait = take(q, find(q, token_id), now);
    pthread_mutex_unlock(&q->lock);
    return wait;
}
