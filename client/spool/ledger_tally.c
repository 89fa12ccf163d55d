/* SPDX-License-Identifier: Apache-2.0 */
/* The sender's side: what waits becomes a claim, which stays the same until the server has it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client/spool/ledger.h"
#include "client/spool/ledger_file.h"

#define HEX_SIZE 33

/* --- Ids --- */

int ledger_id_pack(const char *text, uint8_t ret[static 16])
{
    char hex[HEX_SIZE];
    size_t n = 0;

    if (!text || !uuid_valid(str_from(text)))
        return -EINVAL;
    for (; *text; text++)
        if (*text != '-')
            hex[n++] = *text;
    return hex_decode((struct str){hex, n}, ret, 16);
}

bool ledger_id_unpack(const uint8_t id[static 16], char ret[static UUID_TEXT_SIZE])
{
    static const uint8_t groups[] = {8, 4, 4, 4, 12};
    char hex[HEX_SIZE], *to = ret;
    const char *from = hex;

    hex_encode(id, 16, hex);
    for (size_t i = 0; i < sizeof(groups); i++) {
        if (i > 0)
            *to++ = '-';
        memcpy(to, from, groups[i]);
        to += groups[i];
        from += groups[i];
    }
    *to = '\0';
    if (uuid_valid(str_from(ret)))
        return true;
    ret[0] = '\0';
    return false;
}

/* --- Claims --- */

/* How many crashes the record's claim is of; 0: it has none. */
static int64_t claim_of(const struct ledger_record *r)
{
    int64_t claimed = atomic_load(&r->claimed), settled = atomic_load(&r->settled);

    if (ledger_waiting(r) == 0 || claimed <= settled || claimed > atomic_load(&r->counted))
        return 0;
    return claimed - settled;
}

static void make_claim(struct ledger_record *r)
{
    char id[UUID_TEXT_SIZE];

    uuid_new(id);
    (void)ledger_id_pack(id, r->claim_id);
    r->claim_first = r->first_at;
    r->claim_last = r->last_at;
    atomic_store(&r->claimed, atomic_load(&r->counted));
}

/* Whatever the bytes are, a text that ends. */
static void copy_text(char *to, size_t size, const char *from, size_t n)
{
    n = strnlen(from, n < size ? n : size - 1);
    memcpy(to, from, n);
    to[n] = '\0';
    utf8_repair(to, n);
}

#define COPY_TEXT(t, r, member)                                                                    \
    copy_text((t)->member, sizeof((t)->member), (r)->member, sizeof((r)->member))

static void read_claim(const struct ledger_record *r, const struct ledger_row *row,
                       struct ledger_tally *t)
{
    memset(t, 0, sizeof(*t));
    t->n = claim_of(r);
    t->first_at = r->claim_first;
    t->last_at = r->claim_last >= r->claim_first ? r->claim_last : r->claim_first;
    t->offset = r->offset;
    t->signal = r->signal;
    t->code = r->code;
    (void)ledger_id_unpack(r->claim_id, t->crash_id);
    if (atomic_load(&r->has_like))
        (void)ledger_id_unpack(r->like, t->like);
    if (atomic_load(&row->state) == BUDGET_KIND + 1)
        hex_encode(row->key.bytes, sizeof(row->key.bytes), t->kind);
    COPY_TEXT(t, r, path);
    COPY_TEXT(t, r, comm);
    COPY_TEXT(t, r, unit);
    COPY_TEXT(t, r, module);
    COPY_TEXT(t, r, build_id);
    COPY_TEXT(t, r, why);
}

/* Names it anew when what should be its id is none: then no server has it. */
static bool claim(struct ledger_record *r, const struct ledger_row *row, struct ledger_tally *t,
                  bool *ret_new)
{
    *ret_new = false;
    ledger_mend(r);
    if (ledger_waiting(r) == 0)
        return false;
    if (claim_of(r) == 0) {
        make_claim(r);
        *ret_new = true;
    }
    read_claim(r, row, t);
    if (t->crash_id[0] == '\0') {
        make_claim(r);
        *ret_new = true;
        read_claim(r, row, t);
    }
    return true;
}

int ledger_claim(struct ledger *l, size_t *cursor, struct ledger_tally *ret)
{
    bool found = false, new = false;

    if (!l)
        return LEDGER_NONE;
    if (!ledger_lock(l))
        return -EBUSY;
    while (!found && *cursor < LEDGER_RECORDS) {
        size_t i = (*cursor)++;

        found = claim(&l->map->records[i], &l->map->rows[i], ret, &new);
    }
    ledger_unlock(l);
    /* Before anybody is told of it: after a power cut the same crashes would be claimed under
     * another id, and counted twice. A disk that can't is no reason to keep silent. */
    if (new)
        (void)fdatasync(l->fd);
    return found ? 0 : LEDGER_NONE;
}

/* Only with the lock: a store to `settled` that comes late would bring claims back that are done.
 * Without it the claim stays, and is sent once more under the id that the server knows. */
void ledger_settle(struct ledger *l, const struct ledger_tally *t)
{
    uint8_t id[16];

    if (!l || ledger_id_pack(t->crash_id, id) < 0 || !ledger_lock(l))
        return;
    for (size_t i = 0; i < LEDGER_RECORDS; i++) {
        struct ledger_record *r = &l->map->records[i];

        if (claim_of(r) > 0 && memcmp(r->claim_id, id, sizeof(id)) == 0)
            atomic_store(&r->settled, atomic_load(&r->claimed));
    }
    ledger_unlock(l);
}

/* --- The rest --- */

void ledger_want(struct ledger *l, const char *kind, enum fidelity f)
{
    struct ledger_record *r;
    struct ledger_key key;

    if (!l || f == FIDELITY_UNSAID || hex_decode(str_from(kind), key.bytes, sizeof(key.bytes)) < 0)
        return;
    r = ledger_find(l, BUDGET_KIND, &key);
    if (!r)
        return;
    atomic_store(&r->want, FIDELITY_UNSAID);
    atomic_store(&r->want_at, clock_now());
    atomic_store(&r->want, f);
}

int64_t ledger_pending(struct ledger *l)
{
    int64_t n = 0;

    for (size_t i = 0; l && i < LEDGER_RECORDS; i++)
        n += ledger_waiting(&l->map->records[i]);
    return n;
}
