/* SPDX-License-Identifier: Apache-2.0 */
/* UNIT: client/spool */
/* The ledger on a real file system, with many processes at it, and with such as are killed or
 * stopped in the middle of it. */
#include "client/spool/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "client/spool/ledger_file.h"
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/io.h"
#include "tests/lib/unit.h"

#define NOW    (1800000000 * USEC_PER_SEC)
#define SECOND USEC_PER_SEC
#define HOUR   (3600 * USEC_PER_SEC)
#define DAY    (24 * HOUR)

static char folder[] = "/tmp/corral-unit.XXXXXX";
static int dir = -1;
static struct settings settings;
static struct ledger *ledger;

static struct ledger *opened(void)
{
    struct ledger *l = NULL;

    ck_assert_int_eq(ledger_open(dir, &settings, &l), 0);
    return l;
}

static void reopen(void)
{
    ledger_close(ledger);
    ledger = opened();
}

static void setup_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    conf_defaults(settings_keys, settings_n_keys, &settings);
    ledger = opened();
}

static void remove_folder(void)
{
    ledger_close(ledger);
    close(dir);
    settings_fini(&settings);
    ck_assert_int_eq(io_remove_tree(AT_FDCWD, folder), 0);
}

static void set_budget(char **key, const char *text)
{
    free(*key);
    *key = strdup(text);
    reopen();
}

static void no_budgets(void)
{
    set_budget(&settings.budget_full, "off");
    set_budget(&settings.budget_slim, "off");
    set_budget(&settings.budget_meta, "off");
}

static struct ledger_key key_of(uint32_t n)
{
    struct ledger_key k = {{1}};

    memcpy(k.bytes + 4, &n, sizeof(n));
    return k;
}

static struct ledger_case case_of(uint32_t kind, uint32_t executable)
{
    return (struct ledger_case){
        .kind = key_of(kind),
        .executable = key_of(executable),
        .container = key_of(9),
        .path = "/usr/bin/program",
        .comm = "program",
        .unit = "program.service",
        .module = "libx.so",
        .build_id = "abcd",
        .offset = 0x1234,
        .signal = 11,
        .code = 1,
    };
}

/* How many of n are granted each level, at that time. */
struct granted {
    unsigned of[FIDELITY_FULL + 1];
};

static struct granted ask(const struct ledger_case *c, enum fidelity most, unsigned n, int64_t now)
{
    struct granted g = {{0}};

    for (unsigned i = 0; i < n; i++)
        g.of[ledger_ask(ledger, c, most, now)]++;
    return g;
}

static bool next_tally(size_t *cursor, struct ledger_tally *t)
{
    int r = ledger_claim(ledger, cursor, t);

    ck_assert_int_ge(r, 0);
    return r == 0;
}

static struct ledger_tally only_tally(void)
{
    struct ledger_tally t, further;
    size_t cursor = 0;

    ck_assert(next_tally(&cursor, &t));
    ck_assert(!next_tally(&cursor, &further));
    return t;
}

/* --- What is granted --- */

START_TEST(a_crash_loop)
{
    struct ledger_case c = case_of(1, 2);
    struct granted g;

    setup_folder();
    g = ask(&c, FIDELITY_FULL, 1000, NOW);
    ck_assert_uint_eq(g.of[FIDELITY_FULL], 1);
    ck_assert_uint_eq(g.of[FIDELITY_SLIM], 5);
    ck_assert_uint_eq(g.of[FIDELITY_META], 20);
    ck_assert_uint_eq(g.of[FIDELITY_COUNT], 974);
    g = ask(&c, FIDELITY_FULL, 1000, NOW + HOUR);
    ck_assert_uint_eq(g.of[FIDELITY_FULL], 0);
    ck_assert_uint_eq(g.of[FIDELITY_SLIM], 5);
    g = ask(&c, FIDELITY_FULL, 1000, NOW + 7 * DAY);
    ck_assert_uint_eq(g.of[FIDELITY_FULL], 1);
    remove_folder();
}
END_TEST

START_TEST(not_more_than_asked_for)
{
    struct ledger_case c = case_of(1, 2);

    setup_folder();
    ck_assert_uint_eq(ask(&c, FIDELITY_META, 10, NOW).of[FIDELITY_META], 10);
    ck_assert_uint_eq(ask(&c, FIDELITY_COUNT, 3, NOW).of[FIDELITY_COUNT], 3);
    ck_assert_uint_eq(ask(&c, FIDELITY_SLIM, 3, NOW).of[FIDELITY_SLIM], 3);
    ck_assert_uint_eq(ask(&c, FIDELITY_FULL, 1, NOW).of[FIDELITY_FULL], 1);
    remove_folder();
}
END_TEST

/* executable 4/1h, container 8/1h, host 16/1h of full cores. */
START_TEST(each_scope_has_its_bucket)
{
    unsigned full = 0, executables[5] = {0};

    setup_folder();
    for (uint32_t kind = 0; kind < 50; kind++) {
        struct ledger_case c = case_of(100 + kind, 1000 + kind % 5);

        c.container =
            key_of(2000 + kind % 5 / 3); /* of the first three executables, and the rest */
        if (ledger_ask(ledger, &c, FIDELITY_FULL, NOW) == FIDELITY_FULL) {
            full++;
            executables[kind % 5]++;
        }
    }
    ck_assert_uint_eq(full, 16);
    ck_assert_uint_eq(executables[0] + executables[1] + executables[2], 8);
    ck_assert_uint_eq(executables[3], 4);
    ck_assert_uint_eq(executables[4], 4);
    remove_folder();
}
END_TEST

/* What the host refuses costs the kind nothing. */
START_TEST(all_tokens_or_none)
{
    struct ledger_case busy = case_of(1, 2), c = case_of(3, 4);

    setup_folder();
    set_budget(&settings.budget_full, "kind 1/7d, host 1/1h");
    ck_assert_int_eq(ledger_ask(ledger, &busy, FIDELITY_FULL, NOW), FIDELITY_FULL);
    ck_assert_uint_eq(ask(&c, FIDELITY_FULL, 5, NOW).of[FIDELITY_FULL], 0);
    ck_assert_int_eq(ledger_ask(ledger, &c, FIDELITY_FULL, NOW + HOUR), FIDELITY_FULL);
    remove_folder();
}
END_TEST

START_TEST(unknown_keys_have_no_bucket)
{
    struct ledger_case c = case_of(1, 2);

    setup_folder();
    memset(&c.kind, 0, sizeof(c.kind));
    ck_assert_uint_eq(ask(&c, FIDELITY_FULL, 10, NOW).of[FIDELITY_FULL], 4); /* the executable's */
    memset(&c.executable, 0, sizeof(c.executable));
    memset(&c.container, 0, sizeof(c.container));
    ck_assert_uint_eq(ask(&c, FIDELITY_FULL, 100, NOW).of[FIDELITY_FULL], 12); /* the host's rest */
    remove_folder();
}
END_TEST

START_TEST(what_the_server_wants)
{
    struct ledger_case c = case_of(1, 2);
    char text[LEDGER_KEY_TEXT];
    int64_t now = clock_now();

    setup_folder();
    hex_encode(c.kind.bytes, sizeof(c.kind.bytes), text);
    ledger_want(ledger, text, FIDELITY_FULL); /* of a kind that nobody knows: nothing */
    ck_assert_int_eq(ledger_wanted(ledger, &c.kind), FIDELITY_UNSAID);
    ck_assert_uint_eq(ask(&c, FIDELITY_FULL, 5, now).of[FIDELITY_FULL], 1);

    ledger_want(ledger, text, FIDELITY_FULL);
    reopen();
    ck_assert_int_eq(ledger_wanted(ledger, &c.kind), FIDELITY_FULL);
    /* The kind's own bucket is empty; the executable's has three. */
    ck_assert_uint_eq(ask(&c, FIDELITY_FULL, 5, now).of[FIDELITY_FULL], 3);
    now += HOUR;
    ledger_want(ledger, text, FIDELITY_SLIM);
    ck_assert_uint_eq(ask(&c, FIDELITY_FULL, 2, now + 7 * DAY - 2 * HOUR).of[FIDELITY_SLIM], 2);
    ledger_want(ledger, text, FIDELITY_META);
    ck_assert_uint_eq(ask(&c, FIDELITY_FULL, 5, now).of[FIDELITY_META], 5);
    ck_assert_uint_eq(ask(&c, FIDELITY_FULL, 1, now + 8 * DAY).of[FIDELITY_FULL], 1);
    ledger_want(ledger, "no kind", FIDELITY_FULL);
    ledger_want(ledger, "", FIDELITY_FULL);
    remove_folder();
}
END_TEST

START_TEST(clocks_that_jump)
{
    struct ledger_case c = case_of(1, 2);

    setup_folder();
    ck_assert_uint_eq(ask(&c, FIDELITY_SLIM, 50, NOW).of[FIDELITY_SLIM], 5);
    ck_assert_uint_eq(ask(&c, FIDELITY_SLIM, 50, NOW - 5000 * DAY).of[FIDELITY_SLIM], 0);
    ck_assert_uint_eq(ask(&c, FIDELITY_SLIM, 50, NOW - 5000 * DAY + HOUR).of[FIDELITY_SLIM], 5);
    ledger_count(ledger, &c, "test", NOW);
    ledger_count(ledger, &c, "test", NOW - 5000 * DAY);
    ck_assert_int_le(only_tally().first_at, only_tally().last_at);
    remove_folder();
}
END_TEST

START_TEST(without_a_ledger)
{
    struct ledger_case c = case_of(1, 2);
    struct ledger_tally t;
    size_t cursor = 0;

    ck_assert_int_eq(ledger_ask(NULL, &c, FIDELITY_SLIM, NOW), FIDELITY_SLIM);
    ck_assert_int_eq(ledger_wanted(NULL, &c.kind), FIDELITY_UNSAID);
    ledger_count(NULL, &c, "test", NOW);
    ledger_spooled(NULL, &c, "x");
    ck_assert_int_eq(ledger_claim(NULL, &cursor, &t), LEDGER_NONE);
    ledger_want(NULL, "x", FIDELITY_FULL);
    ck_assert_int_eq(ledger_pending(NULL), 0);
    ledger_close(NULL);
}
END_TEST

/* --- Counts --- */

START_TEST(a_tally_tells_all)
{
    struct ledger_case c = case_of(1, 2);
    char id[UUID_TEXT_SIZE], like[UUID_TEXT_SIZE], kind[LEDGER_KEY_TEXT];
    struct ledger_tally t;

    setup_folder();
    uuid_new(id);
    hex_encode(c.kind.bytes, sizeof(c.kind.bytes), kind);
    ck_assert(!ledger_like(ledger, &c, like));
    ledger_spooled(ledger, &c, "no id");
    ck_assert(!ledger_like(ledger, &c, like));
    ledger_spooled(ledger, &c, id);
    ck_assert(ledger_like(ledger, &c, like));
    ck_assert_str_eq(like, id);
    for (int i = 0; i < 7; i++)
        ledger_count(ledger, &c, "over budget", NOW + i * SECOND);
    ck_assert_int_eq(ledger_pending(ledger), 7);
    t = only_tally();
    ck_assert(uuid_valid(str_from(t.crash_id)));
    ck_assert_str_eq(t.like, id);
    ck_assert_str_eq(t.kind, kind);
    ck_assert_int_eq(t.n, 7);
    ck_assert_int_eq(t.first_at, NOW);
    ck_assert_int_eq(t.last_at, NOW + 6 * SECOND);
    ck_assert_str_eq(t.path, "/usr/bin/program");
    ck_assert_str_eq(t.comm, "program");
    ck_assert_str_eq(t.unit, "program.service");
    ck_assert_str_eq(t.module, "libx.so");
    ck_assert_str_eq(t.build_id, "abcd");
    ck_assert_uint_eq(t.offset, 0x1234);
    ck_assert_int_eq(t.signal, 11);
    ck_assert_int_eq(t.code, 1);
    ck_assert_str_eq(t.why, "over budget");
    remove_folder();
}
END_TEST

START_TEST(a_claim_stays_until_it_is_settled)
{
    struct ledger_case c = case_of(1, 2);
    struct ledger_tally first, again, second;

    setup_folder();
    ledger_count(ledger, &c, "x", NOW);
    ledger_count(ledger, &c, "x", NOW + 1);
    first = only_tally();
    ledger_count(ledger, &c, "x", NOW + 50);
    ledger_count(ledger, &c, "x", NOW + 60);
    ledger_count(ledger, &c, "x", NOW + 70);
    reopen();
    again = only_tally();
    ck_assert_mem_eq(&first, &again, sizeof(first));
    ck_assert_int_eq(ledger_pending(ledger), 5);
    ledger_settle(ledger, &first);
    ck_assert_int_eq(ledger_pending(ledger), 3);
    second = only_tally();
    ck_assert_str_ne(second.crash_id, first.crash_id);
    ck_assert_int_eq(second.n, 3);
    ck_assert_int_eq(second.first_at, NOW + 50);
    ck_assert_int_eq(second.last_at, NOW + 70);
    ledger_settle(ledger, &first); /* once more: nothing */
    ck_assert_int_eq(ledger_pending(ledger), 3);
    ledger_settle(ledger, &second);
    ck_assert_int_eq(ledger_pending(ledger), 0);
    remove_folder();
}
END_TEST

START_TEST(long_and_broken_texts)
{
    struct ledger_case c = case_of(1, 2);
    char path[3000], id[400];
    struct ledger_tally t;

    setup_folder();
    memset(path, 'p', sizeof(path));
    memcpy(path + sizeof(path) - 5, "/end", 5);
    memset(id, 'a', sizeof(id));
    id[sizeof(id) - 1] = '\0';
    c.path = path;
    c.module = NULL;
    c.build_id = id;
    c.comm = "\xff\xc3";
    ledger_count(ledger, &c, NULL, NOW);
    t = only_tally();
    ck_assert_uint_eq(strlen(t.path), LEDGER_PATH_MAX - 1);
    ck_assert_str_eq(t.path + LEDGER_PATH_MAX - 5, "/end");
    ck_assert_uint_eq(strlen(t.build_id), BUILD_ID_TEXT_SIZE - 1);
    ck_assert_str_eq(t.module, "");
    ck_assert_str_eq(t.why, "");
    ck_assert_uint_eq(utf8_valid_prefix(t.comm, strlen(t.comm)), strlen(t.comm));
    remove_folder();
}
END_TEST

/* More kinds than records: those with counts stay, those without make room. */
START_TEST(a_full_table)
{
    struct ledger_case c;
    struct ledger_tally t;
    int64_t n = 0, others = 0;
    size_t cursor = 0;

    setup_folder();
    no_budgets();
    for (uint32_t kind = 1; kind <= 3000; kind++) {
        c = case_of(kind, 1);
        memset(&c.executable, 0, sizeof(c.executable));
        memset(&c.container, 0, sizeof(c.container));
        ck_assert_int_eq(ledger_ask(ledger, &c, FIDELITY_FULL, NOW + kind), FIDELITY_FULL);
    }
    ck_assert_int_eq(ledger_wanted(ledger, &c.kind), FIDELITY_UNSAID);
    for (uint32_t kind = 1; kind <= 3000; kind++) {
        c = case_of(kind, 1);
        ledger_count(ledger, &c, "x", NOW);
        ledger_count(ledger, &c, "x", NOW);
    }
    ck_assert_int_eq(ledger_pending(ledger), 6000);
    ck_assert_int_eq(ledger_ask(ledger, &c, FIDELITY_FULL, NOW), FIDELITY_FULL);
    while (next_tally(&cursor, &t)) {
        n += t.n;
        if (t.kind[0] == '\0') {
            others = t.n;
            ck_assert_str_eq(t.path, "");
        }
        ledger_settle(ledger, &t);
    }
    ck_assert_int_eq(n, 6000);
    ck_assert_int_eq(others, 6000 - 2 * ((int)LEDGER_RECORDS - 1));
    ck_assert_int_eq(ledger_pending(ledger), 0);
    remove_folder();
}
END_TEST

START_TEST(the_least_recently_used_makes_room)
{
    struct ledger_case c;

    setup_folder();
    set_budget(&settings.budget_full, "kind 1/7d");
    for (uint32_t kind = 1; kind < LEDGER_RECORDS; kind++) {
        c = (struct ledger_case){.kind = key_of(kind)};
        ck_assert_int_eq(ledger_ask(ledger, &c, FIDELITY_FULL, NOW + kind), FIDELITY_FULL);
    }
    c = (struct ledger_case){.kind = key_of(1)}; /* the oldest is used again */
    ck_assert_int_ne(ledger_ask(ledger, &c, FIDELITY_FULL, NOW + 2000), FIDELITY_FULL);
    c = (struct ledger_case){.kind = key_of(5000)};
    ck_assert_int_eq(ledger_ask(ledger, &c, FIDELITY_FULL, NOW + 2001), FIDELITY_FULL);
    c = (struct ledger_case){.kind = key_of(1)};
    ck_assert_int_ne(ledger_ask(ledger, &c, FIDELITY_FULL, NOW + 2002), FIDELITY_FULL);
    c = (struct ledger_case){.kind = key_of(3)};
    ck_assert_int_ne(ledger_ask(ledger, &c, FIDELITY_FULL, NOW + 2003), FIDELITY_FULL);
    c = (struct ledger_case){.kind = key_of(2)};
    ck_assert_int_eq(ledger_ask(ledger, &c, FIDELITY_FULL, NOW + 2004), FIDELITY_FULL);
    remove_folder();
}
END_TEST

/* --- Many processes --- */

struct scene {
    _Atomic int64_t granted[FIDELITY_FULL + 1];
    _Atomic int64_t begun, returned; /* counts */
    _Atomic size_t n_delivered;
    struct delivery {
        _Atomic bool whole;
        int64_t n;
        char id[UUID_TEXT_SIZE];
    } delivered[200000];
};

static struct scene *scene_new(void)
{
    struct scene *s =
        mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(s, MAP_FAILED);
    return s;
}

static void ask_and_count(struct ledger *l, struct scene *s, const struct ledger_case *c)
{
    enum fidelity f = ledger_ask(l, c, FIDELITY_FULL, NOW);

    atomic_fetch_add(&s->granted[f], 1);
    if (f > FIDELITY_COUNT)
        return;
    atomic_fetch_add(&s->begun, 1);
    ledger_count(l, c, "over budget", NOW);
    atomic_fetch_add(&s->returned, 1);
}

START_TEST(fifty_processes_at_once)
{
    enum { PROCESSES = 50, ASKS = 100 };
    struct scene *s = scene_new();

    setup_folder();
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            struct ledger_case c = case_of(1, 2);
            struct ledger *l = NULL;

            if (ledger_open(dir, &settings, &l) < 0)
                _exit(1);
            for (int j = 0; j < ASKS; j++)
                ask_and_count(l, s, &c);
            _exit(0);
        }
    }
    for (int i = 0, status; i < PROCESSES; i++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(s->granted[FIDELITY_FULL], 1);
    ck_assert_int_eq(s->granted[FIDELITY_SLIM], 5);
    ck_assert_int_eq(s->granted[FIDELITY_META], 20);
    ck_assert_int_eq(s->granted[FIDELITY_COUNT], PROCESSES * ASKS - 26);
    ck_assert_int_eq(ledger_pending(ledger), PROCESSES * ASKS - 26);
    ck_assert_int_eq(only_tally().n, PROCESSES * ASKS - 26);
    munmap(s, sizeof(*s));
    remove_folder();
}
END_TEST

/* --- kill -9 --- */

/* The server: knows a crash id that it has, and may be told of it by two senders. */
static void deliver(struct scene *s, const struct ledger_tally *t)
{
    size_t i = atomic_fetch_add(&s->n_delivered, 1);

    if (i >= ARRAY_SIZE(s->delivered))
        _exit(1);
    s->delivered[i].n = t->n;
    memcpy(s->delivered[i].id, t->crash_id, sizeof(t->crash_id));
    atomic_store(&s->delivered[i].whole, true);
}

static void ship_one(struct ledger *l, struct scene *s, unsigned random)
{
    size_t cursor = random % 8 ? 0 : random % LEDGER_RECORDS;
    struct ledger_tally t;

    if (ledger_claim(l, &cursor, &t) != 0)
        return;
    deliver(s, &t);
    ledger_settle(l, &t);
}

static void work(struct scene *s, unsigned seed)
{
    struct ledger *l = NULL;

    if (ledger_open(dir, &settings, &l) < 0)
        _exit(1);
    for (;;) {
        unsigned random = (unsigned)rand_r(&seed);
        struct ledger_case c = case_of(random % 1500, random % 7);
        char id[UUID_TEXT_SIZE];

        if (random / 2048 % 16 == 0)
            ship_one(l, s, random);
        else if (random / 2048 % 16 == 1)
            uuid_new(id), ledger_spooled(l, &c, id);
        else
            ask_and_count(l, s, &c);
    }
}

static pid_t start_worker(struct scene *s, unsigned seed)
{
    pid_t pid = fork();

    if (pid == 0)
        work(s, seed);
    ck_assert_int_gt(pid, 0);
    return pid;
}

static void kill_worker(pid_t pid)
{
    int status;

    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %x", status);
}

static int compare_deliveries(const void *a, const void *b)
{
    return strcmp(((const struct delivery *)a)->id, ((const struct delivery *)b)->id);
}

/* Of the same id the same number, once. */
static int64_t sum_delivered(struct scene *s)
{
    size_t n = s->n_delivered;
    int64_t sum = 0;
    const struct delivery *last = NULL;

    qsort(s->delivered, n, sizeof(s->delivered[0]), compare_deliveries);
    for (size_t i = 0; i < n; i++) {
        const struct delivery *d = &s->delivered[i];

        if (!d->whole)
            continue;
        if (last && strcmp(last->id, d->id) == 0) {
            ck_assert_int_eq(last->n, d->n);
            continue;
        }
        sum += d->n;
        last = d;
    }
    return sum;
}

/* What the server has of a sender that was killed before it settled waits as well: sent once more,
 * under the id that the server knows, it is in one place only. */
static void ship_all(struct ledger *l, struct scene *s)
{
    size_t cursor = 0;
    struct ledger_tally t;

    while (ledger_claim(l, &cursor, &t) == 0) {
        deliver(s, &t);
        ledger_settle(l, &t);
    }
}

/* Every count that returned is with the server or waits; of those that a kill caught, at most one
 * each, nobody can say. */
START_TEST(killed_at_any_instruction)
{
    enum { WORKERS = 3, KILLS = 3000 };
    struct scene *s = scene_new();
    pid_t workers[WORKERS];
    unsigned seed = 42;
    int64_t total;

    setup_folder();
    for (int i = 0; i < WORKERS; i++)
        workers[i] = start_worker(s, (unsigned)i);
    for (int i = 0; i < KILLS; i++) {
        unsigned random = (unsigned)rand_r(&seed);

        clock_sleep(random % 700);
        kill_worker(workers[random % WORKERS]);
        workers[random % WORKERS] = start_worker(s, (unsigned)i + WORKERS);
    }
    for (int i = 0; i < WORKERS; i++)
        kill_worker(workers[i]);
    ship_all(ledger, s);
    total = sum_delivered(s) + ledger_pending(ledger);
    ck_assert_int_gt(s->returned, KILLS);
    ck_assert_int_ge(total, s->returned);
    ck_assert_int_le(total, s->begun);
    ck_assert_int_le(s->begun - s->returned, KILLS + WORKERS);
    printf("# %d kills, %ld counts, %zu deliveries, %ld in flight\n", KILLS, (long)s->returned,
           (size_t)s->n_delivered, (long)(s->begun - s->returned));
    munmap(s, sizeof(*s));
    remove_folder();
}
END_TEST

/* --- A lock that is not to be had --- */

START_TEST(a_stopped_holder_stops_nobody)
{
    struct ledger_case known = case_of(1, 2), unknown = case_of(3, 4);
    struct ledger_tally t;
    size_t cursor = 0;
    int64_t begun;
    int fd;

    setup_folder();
    fd = openat(dir, LEDGER_FILE, O_RDWR | O_CLOEXEC);
    ledger_count(ledger, &known, "x", NOW);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    begun = clock_mono();
    ck_assert_int_eq(ledger_ask(ledger, &known, FIDELITY_FULL, NOW), FIDELITY_FULL);
    ck_assert_int_lt(clock_mono() - begun, 80 * USEC_PER_MSEC);
    begun = clock_mono();
    ck_assert_uint_eq(ask(&known, FIDELITY_SLIM, 100, NOW).of[FIDELITY_SLIM], 5);
    ck_assert_uint_eq(ask(&unknown, FIDELITY_FULL, 10, NOW).of[FIDELITY_FULL], 10);
    for (int i = 0; i < 100; i++) {
        ledger_count(ledger, &known, "x", NOW);
        ledger_count(ledger, &unknown, "x", NOW);
    }
    ledger_spooled(ledger, &known, "01a1fd47-82a1-7702-bad5-5ca4c02b58ee");
    ck_assert_int_eq(ledger_claim(ledger, &cursor, &t), -EBUSY);
    /* Only the first waited for the lock. */
    ck_assert_int_lt(clock_mono() - begun, 50 * USEC_PER_MSEC);
    ck_assert_int_eq(ledger_pending(ledger), 201);
    flock(fd, LOCK_UN);
    ck_assert(next_tally(&cursor, &t));
    ck_assert_str_eq(t.kind, "");
    ck_assert_int_eq(t.n, 100);
    ck_assert(next_tally(&cursor, &t));
    ck_assert_int_eq(t.n, 101);
    close(fd);
    remove_folder();
}
END_TEST

/* --- The file --- */

static void write_at(off_t offset, const void *p, size_t n)
{
    _cleanup_fd_ int fd = openat(dir, LEDGER_FILE, O_RDWR | O_CLOEXEC);

    ck_assert_int_eq(pwrite(fd, p, n, offset), (ssize_t)n);
}

static void cut_file(off_t size)
{
    _cleanup_fd_ int fd = openat(dir, LEDGER_FILE, O_RDWR | O_CLOEXEC);

    ck_assert_int_eq(ftruncate(fd, size), 0);
}

static off_t record_of(const struct ledger_case *c)
{
    return (off_t)((char *)ledger_find(ledger, BUDGET_KIND, &c->kind) - (char *)ledger->map);
}

START_TEST(the_file_is_for_its_owner)
{
    struct stat st;

    setup_folder();
    ck_assert_int_eq(fstatat(dir, LEDGER_FILE, &st, AT_SYMLINK_NOFOLLOW), 0);
    ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
    ck_assert_int_eq(st.st_size, sizeof(struct ledger_map));
    ck_assert_int_ge(st.st_blocks * 512, st.st_size);
    remove_folder();
}
END_TEST

START_TEST(what_is_no_file_of_ours)
{
    struct ledger *l = NULL;
    char link[] = "/tmp/corral-unit-ledger-target";

    setup_folder();
    ck_assert_int_eq(linkat(dir, LEDGER_FILE, dir, "other-name", 0), 0);
    ck_assert_int_eq(ledger_open(dir, &settings, &l), -EPERM);
    unlinkat(dir, "other-name", 0);
    unlinkat(dir, LEDGER_FILE, 0);
    ck_assert_int_eq(symlinkat(link, dir, LEDGER_FILE), 0);
    ck_assert_int_eq(ledger_open(dir, &settings, &l), -ELOOP);
    ck_assert_int_ne(access(link, F_OK), 0);
    unlinkat(dir, LEDGER_FILE, 0);
    ck_assert_int_eq(mkfifoat(dir, LEDGER_FILE, 0600), 0);
    ck_assert_int_eq(ledger_open(dir, &settings, &l), -EPERM);
    unlinkat(dir, LEDGER_FILE, 0);
    ck_assert_int_eq(mkdirat(dir, LEDGER_FILE, 0700), 0);
    ck_assert_int_lt(ledger_open(dir, &settings, &l), 0);
    ck_assert_ptr_null(l);
    unlinkat(dir, LEDGER_FILE, AT_REMOVEDIR);
    remove_folder();
}
END_TEST

/* What root made is the owner's, also when a kill came before it was given away. */
START_TEST(made_by_root)
{
    struct stat st;

    setup_folder();
    if (geteuid() == 0) {
        ck_assert_int_eq(fchown(dir, 12345, 12345), 0);
        reopen();
        ck_assert_int_eq(fstatat(dir, LEDGER_FILE, &st, 0), 0);
        ck_assert_uint_eq(st.st_uid, 12345);
        ck_assert_int_eq(fchown(dir, 0, 0), 0);
        reopen();
    }
    remove_folder();
}
END_TEST

START_TEST(damaged_headers_begin_anew)
{
    struct ledger_case c = case_of(1, 2);
    static const off_t places[] = {0, 7, 8, 12, 16};

    setup_folder();
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        ledger_count(ledger, &c, "x", NOW);
        ck_assert_int_eq(ledger_pending(ledger), 1);
        write_at(places[i], "\xa5", 1);
        reopen();
        ck_assert_int_eq(ledger_pending(ledger), 0);
    }
    for (off_t size = 0; size < (off_t)sizeof(struct ledger_map); size += 65537) {
        ledger_close(ledger);
        cut_file(size);
        ledger = opened();
        ledger_count(ledger, &c, "x", NOW);
        ck_assert_int_ge(ledger_pending(ledger), 1);
    }
    remove_folder();
}
END_TEST

/* One bad record costs nothing but itself; its count is still reported where it makes sense. */
START_TEST(damaged_records)
{
    struct ledger_case bad = case_of(1, 2), good = case_of(3, 4);
    struct ledger_record garbage;
    struct ledger_tally t;
    size_t cursor = 0;

    setup_folder();
    ledger_count(ledger, &bad, "x", NOW);
    ledger_count(ledger, &good, "x", NOW);
    memset(&garbage, 0xe5, sizeof(garbage));
    write_at(record_of(&bad) + (off_t)offsetof(struct ledger_record, claim_id),
             (char *)&garbage + offsetof(struct ledger_record, claim_id),
             sizeof(garbage) - offsetof(struct ledger_record, claim_id));
    ck_assert_int_eq(ledger_pending(ledger), 2);
    while (next_tally(&cursor, &t)) {
        ck_assert_int_eq(t.n, 1);
        ck_assert(uuid_valid(str_from(t.crash_id)));
        ck_assert_uint_lt(strlen(t.path), sizeof(t.path));
        ck_assert_uint_eq(utf8_valid_prefix(t.path, strlen(t.path)), strlen(t.path));
        ledger_settle(ledger, &t);
    }
    ck_assert_int_eq(ledger_pending(ledger), 0);

    for (int byte = 0; byte < 256; byte += 5) {
        memset(&garbage, byte, sizeof(garbage));
        write_at(record_of(&bad), &garbage, sizeof(garbage));
        cursor = 0;
        while (next_tally(&cursor, &t))
            ledger_settle(ledger, &t);
        (void)ask(&bad, FIDELITY_FULL, 3, NOW);
        ledger_count(ledger, &bad, "x", NOW);
        ledger_count(ledger, &good, "x", NOW);
        ck_assert_int_eq(ledger_pending(ledger), 2);
    }
    remove_folder();
}
END_TEST

/* --- Speed: told, not tested --- */

START_TEST(how_long_it_takes)
{
    enum { TURNS = 20000 };
    struct ledger_case c = case_of(1, 2);
    int64_t begun;

    setup_folder();
    for (uint32_t i = 0; i < 3000; i++) {
        struct ledger_case other = case_of(i, i % 50);

        (void)ledger_ask(ledger, &other, FIDELITY_FULL, NOW);
    }
    begun = clock_mono();
    for (int i = 0; i < TURNS; i++)
        (void)ledger_ask(ledger, &c, FIDELITY_FULL, NOW);
    printf("# ledger_ask in a full table: %.2f us, ", (double)(clock_mono() - begun) / TURNS);
    begun = clock_mono();
    for (int i = 0; i < TURNS; i++)
        ledger_count(ledger, &c, "x", NOW);
    printf("ledger_count %.2f us, ", (double)(clock_mono() - begun) / TURNS);
    begun = clock_mono();
    for (int i = 0; i < 500; i++) {
        struct ledger *l = opened();

        (void)ledger_ask(l, &c, FIDELITY_FULL, NOW);
        ledger_close(l);
    }
    printf("opened, asked and closed %.2f us\n", (double)(clock_mono() - begun) / 500);
    remove_folder();
}
END_TEST

UNIT_MAIN("client/ledger", a_crash_loop, not_more_than_asked_for, each_scope_has_its_bucket,
          all_tokens_or_none, unknown_keys_have_no_bucket, what_the_server_wants, clocks_that_jump,
          without_a_ledger, a_tally_tells_all, a_claim_stays_until_it_is_settled,
          long_and_broken_texts, a_full_table, the_least_recently_used_makes_room,
          fifty_processes_at_once, killed_at_any_instruction, a_stopped_holder_stops_nobody,
          the_file_is_for_its_owner, what_is_no_file_of_ours, made_by_root,
          damaged_headers_begin_anew, damaged_records, how_long_it_takes)
