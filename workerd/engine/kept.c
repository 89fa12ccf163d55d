/* SPDX-License-Identifier: Apache-2.0 */
/* An open-addressed table that is twice as large as it may be full; nothing is removed singly. */
#include "workerd/engine/kept.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "common/report/limits.h"
#include "workerd/wire/orders.h"

#define SLOTS (2 * KEPT_MAX)

static struct {
    struct slot {
        char build_id[BUILD_ID_TEXT_SIZE]; /* "": empty */
        int fd;
    } slots[SLOTS];
    size_t n;
} kept;

/* FNV-1a. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h;
}

/* Where it is, or would be. */
static struct slot *slot_of(const char *build_id)
{
    uint32_t i = hash(build_id) % SLOTS;

    while (kept.slots[i].build_id[0] && strcmp(kept.slots[i].build_id, build_id) != 0)
        i = (i + 1) % SLOTS;
    return &kept.slots[i];
}

void kept_add(const char *build_id, int fd)
{
    struct slot *s = slot_of(build_id);

    if (build_id[0] == '\0' || s->build_id[0] || kept.n == KEPT_MAX) {
        close(fd);
        return;
    }
    strncpy(s->build_id, build_id, sizeof(s->build_id) - 1);
    s->fd = fd;
    kept.n++;
}

int kept_find(const char *build_id)
{
    const struct slot *s = slot_of(build_id);

    return s->build_id[0] ? s->fd : -1;
}

void kept_forget(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (kept.slots[i].build_id[0])
            close(kept.slots[i].fd);
        kept.slots[i].build_id[0] = '\0';
    }
    kept.n = 0;
}
