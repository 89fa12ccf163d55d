/* SPDX-License-Identifier: Apache-2.0 */
#include "ingestd/shelf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/id.h"

struct place {
    char crash_id[UUID_TEXT_SIZE];
    uint64_t n, used;      /* used: a counter, the smallest was put there longest ago */
    struct digest *digest; /* NULL: free */
};

struct shelf {
    pthread_mutex_t lock;
    uint64_t uses;
    struct place places[SHELF_PLACES];
};

struct shelf *shelf_new(void)
{
    struct shelf *s = calloc(1, sizeof(*s));

    if (!s)
        abort();
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void shelf_free(struct shelf *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < SHELF_PLACES; i++)
        digest_free(s->places[i].digest);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* That crash's; else one that is free, or was not used for longest. */
static struct place *find(struct shelf *s, const char *crash_id)
{
    struct place *found = &s->places[0];

    for (size_t i = 0; i < SHELF_PLACES; i++) {
        struct place *p = &s->places[i];

        if (strcmp(p->crash_id, crash_id) == 0)
            return p;
        if (p->used < found->used)
            found = p;
    }
    return found;
}

void shelf_put(struct shelf *s, const char *crash_id, uint64_t n, struct digest *d)
{
    struct place *p;

    if (!d)
        return;
    pthread_mutex_lock(&s->lock);
    p = find(s, crash_id);
    digest_free(p->digest);
    *p = (struct place){.n = n, .used = ++s->uses, .digest = d};
    strncpy(p->crash_id, crash_id, UUID_TEXT_SIZE - 1);
    pthread_mutex_unlock(&s->lock);
}

struct digest *shelf_take(struct shelf *s, const char *crash_id, uint64_t n)
{
    struct digest *d = NULL;
    struct place *p;

    pthread_mutex_lock(&s->lock);
    p = find(s, crash_id);
    if (p->digest && strcmp(p->crash_id, crash_id) == 0) {
        if (p->n == n)
            d = TAKE_PTR(p->digest);
        digest_free(p->digest);
        *p = (struct place){0};
    }
    pthread_mutex_unlock(&s->lock);
    return d;
}
