/* SPDX-License-Identifier: Apache-2.0 */
#include "dashd/access/rate.h"

#include <pthread.h>
#include <stdlib.h>

struct slot {
    int64_t token; /* 0: free */
    int64_t began;
    uint64_t count;
};

struct rate {
    pthread_mutex_t lock;
    struct slot slots[RATE_TOKENS_MAX];
};

struct rate *rate_new(void)
{
    struct rate *t = calloc(1, sizeof(*t));

    if (!t)
        abort();
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void rate_free(struct rate *t)
{
    if (!t)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* The token's own, else a free one, else the one whose window began first. A look at all of them
 * costs less than the query that found the token. */
static struct slot *slot_of(struct rate *t, int64_t token)
{
    struct slot *best = &t->slots[0];

    for (size_t i = 0; i < RATE_TOKENS_MAX; i++) {
        struct slot *s = &t->slots[i];

        if (s->token == token)
            return s;
        if (best->token != 0 && (s->token == 0 || s->began < best->began))
            best = s;
    }
    *best = (struct slot){.token = token};
    return best;
}

struct rate_state rate_take(struct rate *t, int64_t token, uint64_t limit, int64_t now)
{
    struct rate_state state;
    struct slot *s;

    pthread_mutex_lock(&t->lock);
    s = slot_of(t, token);
    if (s->count == 0 || now - s->began >= RATE_WINDOW_USEC) {
        s->began = now;
        s->count = 0;
    }
    state.over = s->count >= limit;
    s->count += !state.over;
    state.left = limit - s->count;
    state.seconds = (s->began + RATE_WINDOW_USEC - now + USEC_PER_SEC - 1) / USEC_PER_SEC;
    pthread_mutex_unlock(&t->lock);
    return state;
}
