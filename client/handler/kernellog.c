/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handler/kernellog.h"

#include <string.h>

#include "common/base/cleanup.h"

#define OWN_DEATH      "the handler itself crashed"
#define PROGRAM        "corral-handler" /* the file, whatever it was started as */
#define SUPPRESSED_MAX 1000000u
#define FACILITY_SHIFT 3

/* --- Records --- */

/* "PRIORITY,SEQUENCE,TIME,FLAGS[,MORE…];TEXT", then lines of KEY=VALUE with a blank before each. */
int kernellog_parse(struct str bytes, struct kernellog_record *ret)
{
    struct kernellog_record r = {0};
    struct str head, part;
    uint64_t priority, time;

    if (!memchr(bytes.p ? bytes.p : "", ';', bytes.n) || !str_split(&bytes, ';', &head))
        return KERNELLOG_MALFORMED;
    if (!str_split(&head, ',', &part) || str_to_u64(part, UINT32_MAX, &priority) < 0 ||
        !str_split(&head, ',', &part) || str_to_u64(part, UINT64_MAX, &r.sequence) < 0 ||
        !str_split(&head, ',', &part) || str_to_u64(part, INT64_MAX, &time) < 0)
        return KERNELLOG_MALFORMED;
    r.time = (int64_t)time;
    r.facility = (unsigned)priority >> FACILITY_SHIFT;
    if (!str_split(&bytes, '\n', &r.text))
        r.text = (struct str){"", 0};
    *ret = r;
    return 0;
}

/* --- What fs/coredump.c says --- */

/* Words at the start and at the end of a message. Exact: there is nothing between them. */
struct words {
    const char *start, *end;
    bool exact;
    const char *why;
};

#define LIMIT    "more crashes at once than kernel.core_pipe_limit"
#define OPT_OUT  "its RLIMIT_CORE was 1"
#define NO_START "the kernel could not start the handler"
#define PATTERN  "the kernel could not expand core_pattern"
#define MEMORY   "the kernel had no memory to start the handler"
#define DISABLED "the kernel may not start programs"
#define FULL     "the handler's socket took no more"
#define DEAD     "the handler's socket did not answer"

/* Since 6.11: "coredump: PID(COMM): " goes before each. */
static const struct words named[] = {
    {"over core_pipe_limit, skipping core dump", "", true, LIMIT},
    {"RLIMIT_CORE is set to 1, aborting core", "", true, OPT_OUT},
    {"|", " pipe failed", false, NO_START},
    {"format_corename failed, aborting core", "", true, PATTERN},
    {"", " failed to allocate memory", false, MEMORY},
    {"Core dump to |", " disabled", false, DISABLED},
    {"Coredump socket ", " receive queue full", false, FULL},
    {"Coredump socket connection ", "", false, DEAD},
};

/* Until 6.10: "Pid PID(COMM)" or "Process PID(COMM)" goes before. */
static const struct words after_name[] = {
    {" over core_pipe_limit", "", true, LIMIT},
    {" has RLIMIT_CORE set to 1", "", true, OPT_OUT},
};

/* … and these name nobody. */
static const struct words nameless[] = {
    {"Core dump to |", " pipe failed", false, NO_START},
    {"Core dump to |", " disabled", false, DISABLED},
    {"format_corename failed", "", true, PATTERN},
    {"do_coredump failed to allocate memory", "", true, MEMORY},
};

static const char *find_words(const struct words *list, size_t n, struct str s)
{
    for (size_t i = 0; i < n; i++) {
        struct str start = str_from(list[i].start), end = str_from(list[i].end);

        if (s.n >= start.n + end.n && str_starts(s, start) && str_ends(s, end) &&
            (!list[i].exact || s.n == start.n + end.n))
            return list[i].why;
    }
    return NULL;
}

static struct str skip(struct str s, size_t n)
{
    return (struct str){s.p + n, s.n - n};
}

/* "PID(": what follows is a name, which may hold anything, parentheses too. */
static bool take_pid(struct str *s, int64_t *ret)
{
    struct str digits = *s;
    const char *open = s->n ? memchr(s->p, '(', s->n) : NULL;

    if (!open)
        return false;
    digits.n = (size_t)(open - s->p);
    if (str_to_i64(digits, ret) < 0)
        return false;
    *s = skip(*s, digits.n + 1);
    return true;
}

/* The name ends where known words follow it: at the last place where they do, for nothing comes
 * behind them that a program could have chosen, but for the path of the pattern. */
static bool split_name(struct str s, struct str separator, const struct words *list, size_t n,
                       struct kernellog_missed *m)
{
    for (size_t at = s.n; at-- > 0;) {
        const char *why;

        if (!str_starts(skip(s, at), separator))
            continue;
        why = find_words(list, n, skip(s, at + separator.n));
        if (!why)
            continue;
        m->comm = (struct str){s.p, at};
        m->why = why;
        return true;
    }
    return false;
}

static bool read_named(struct str s, struct kernellog_missed *m)
{
    const struct str prefix = STR("coredump: ");

    if (!str_starts(s, prefix))
        return false;
    s = skip(s, prefix.n);
    return take_pid(&s, &m->pid) && split_name(s, STR("): "), named, ARRAY_SIZE(named), m);
}

static bool read_old(struct str s, struct kernellog_missed *m)
{
    static const char *const prefixes[] = {"Pid ", "Process "};

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        struct str prefix = str_from(prefixes[i]), rest;

        if (!str_starts(s, prefix))
            continue;
        rest = skip(s, prefix.n);
        return take_pid(&rest, &m->pid) &&
               split_name(rest, STR(")"), after_name, ARRAY_SIZE(after_name), m);
    }
    m->why = find_words(nameless, ARRAY_SIZE(nameless), s);
    return m->why;
}

/* "FUNCTION: N callbacks suppressed": lines that the kernel's rate limit left out
 * (lib/ratelimit.c).
 */
static bool read_suppressed(struct str s, struct kernellog_missed *m)
{
    const struct str end = STR(" callbacks suppressed");
    struct str function;

    if (!str_ends(s, end) || !str_split(&s, ':', &function) || s.n <= end.n ||
        str_find(function, STR("coredump")) < 0)
        return false;
    s.n -= end.n;
    m->why = "the kernel log left its line out";
    return str_to_u64(str_trim(s), SUPPRESSED_MAX, &m->n) == 0;
}

/* --- Our own death --- */

/* "COMM[PID]: segfault at …", "traps: COMM[PID] …" (arch/x86/kernel/traps.c, arch/x86/mm/fault.c).
 */
static bool read_fault(struct str s, struct str self, int64_t *ret_pid)
{
    const struct str traps = STR("traps: ");
    struct str digits;
    const char *end;

    if (str_starts(s, traps))
        s = skip(s, traps.n);
    if (self.n == 0 || !str_starts(s, self) || s.n <= self.n || s.p[self.n] != '[')
        return false;
    s = skip(s, self.n + 1);
    end = memchr(s.p, ']', s.n);
    if (!end)
        return false;
    digits = (struct str){s.p, (size_t)(end - s.p)};
    s = skip(s, digits.n + 1);
    return str_to_i64(digits, ret_pid) == 0 &&
           (str_starts(s, STR(": segfault at ")) || str_starts(s, STR(" general protection")) ||
            str_starts(s, STR(" trap ")));
}

/* The value of " KEY=" up to a blank; the empty slice. */
static struct str value_of(struct str s, struct str key)
{
    ptrdiff_t at = str_find(s, key);
    struct str value = {"", 0};

    if (at >= 0) {
        s = skip(s, (size_t)at + key.n);
        str_split(&s, ' ', &value);
    }
    return value;
}

/* "audit: type=1326 … pid=PID comm="…" exe="/…/corral-handler" sig=31 …": a system call that is not
 * allowed (kernel/auditsc.c). */
static bool read_audit(struct str s, int64_t *ret_pid)
{
    return str_starts(s, STR("audit: type=1326 ")) &&
           str_ends(value_of(s, STR(" exe=")), STR("/" PROGRAM "\"")) &&
           str_to_i64(value_of(s, STR(" pid=")), ret_pid) == 0;
}

/* "Out of memory: Killed process PID (COMM) …" (mm/oom_kill.c). */
static bool read_oom(struct str s, struct str self, int64_t *ret_pid)
{
    const struct str killed = STR(": Killed process ");
    ptrdiff_t at = str_find(s, killed);
    struct str digits;

    if (at < 0 || self.n == 0)
        return false;
    s = skip(s, (size_t)at + killed.n);
    return str_split(&s, ' ', &digits) && str_to_i64(digits, ret_pid) == 0 && s.n > self.n + 1 &&
           s.p[0] == '(' && str_starts(skip(s, 1), self) && s.p[self.n + 1] == ')';
}

static bool read_own(struct str s, struct str self, struct kernellog_missed *m)
{
    if (!read_fault(s, self, &m->pid) && !read_audit(s, &m->pid) && !read_oom(s, self, &m->pid))
        return false;
    m->comm = self;
    m->why = OWN_DEATH;
    m->own = true;
    return true;
}

int kernellog_missed(const struct kernellog_record *r, struct str self,
                     struct kernellog_missed *ret)
{
    struct kernellog_missed m = {.n = 1, .comm = {"", 0}};

    if (r->facility != 0)
        return KERNELLOG_OTHER;
    if (!read_named(r->text, &m) && !read_old(r->text, &m) && !read_suppressed(r->text, &m) &&
        !read_own(r->text, self, &m))
        return KERNELLOG_OTHER;
    if (self.n > 0 && str_eq(m.comm, self)) {
        m.why = OWN_DEATH;
        m.own = true;
    }
    *ret = m;
    return 0;
}
