/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/spool */
/* A ledger whose rows and records hold anything: every call ends, texts end, and counts that are
 * made from now on are claimed once and settled. */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "client/spool/budget.h"
#include "client/spool/ledger.h"
#include "client/spool/ledger_file.h"
#include "common/base/cleanup.h"

#define NOW   (1800000000 * USEC_PER_SEC)
#define KINDS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Gone from the file system as soon as it is open. */
static struct ledger *open_once(void)
{
    static struct ledger *ledger;
    char folder[] = "/tmp/corral-fuzz.XXXXXX";
    struct settings settings;
    int dir;

    if (ledger)
        return ledger;
    if (!mkdtemp(folder))
        abort();
    dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    conf_defaults(settings_keys, settings_n_keys, &settings);
    if (ledger_open(dir, &settings, &ledger) < 0 || unlinkat(dir, LEDGER_FILE, 0) < 0 ||
        rmdir(folder) < 0)
        abort();
    close(dir);
    settings_fini(&settings);
    return ledger;
}

/* Rows and records in turn, so that small inputs have both. */
static void fill(struct ledger_map *m, const uint8_t *data, size_t size)
{
    memset(m->rows, 0, sizeof(m->rows));
    memset(m->records, 0, sizeof(m->records));
    for (size_t i = 0; i < LEDGER_RECORDS && size > 0; i++) {
        size_t row = size < sizeof(m->rows[i]) ? size : sizeof(m->rows[i]);
        size_t record;

        memcpy(&m->rows[i], data, row);
        data += row;
        size -= row;
        record = size < sizeof(m->records[i]) ? size : sizeof(m->records[i]);
        memcpy(&m->records[i], data, record);
        data += record;
        size -= record;
    }
}

static void check_tally(const struct ledger_tally *t)
{
    assert(t->n > 0 && t->first_at <= t->last_at);
    assert(uuid_valid(str_from(t->crash_id)));
    assert(!t->like[0] || uuid_valid(str_from(t->like)));
    assert(utf8_valid_prefix(t->path, strlen(t->path)) == strlen(t->path));
    assert(strlen(t->why) < sizeof(t->why) && strlen(t->build_id) < sizeof(t->build_id));
}

static int64_t settle_all(struct ledger *l)
{
    struct ledger_tally t;
    int64_t n = 0;

    for (size_t cursor = 0; ledger_claim(l, &cursor, &t) == 0; ledger_settle(l, &t)) {
        check_tally(&t);
        n += t.n;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ledger *l = open_once();
    struct budget budget;
    struct budget_error error = {{0}};

    assert((budget_parse((struct str){(const char *)data, size}, &budget, &error) == 0) ==
           (error.message[0] == '\0'));
    fill(l->map, data, size);
    (void)settle_all(l);
    (void)settle_all(l); /* claims that were of a part of a count only */
    assert(ledger_pending(l) == 0);
    for (uint8_t i = 0; i < KINDS; i++) {
        struct ledger_case c = {.kind = {{i + 1u}}, .path = "/x", .comm = "x"};
        enum fidelity f = ledger_ask(l, &c, FIDELITY_FULL, NOW);

        assert(f >= FIDELITY_COUNT && f <= FIDELITY_FULL);
        ledger_count(l, &c, "x", NOW);
        ledger_spooled(l, &c, "01a1fd47-82a1-7702-bad5-5ca4c02b58ee");
    }
    assert(ledger_pending(l) == KINDS && settle_all(l) == KINDS && ledger_pending(l) == 0);
    return 0;
}
