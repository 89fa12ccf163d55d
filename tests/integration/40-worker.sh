#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# What becomes of a job: events, groups and stacks in PostgreSQL, counted once whatever happens on the way; what a repeat costs; and what
# is done with crashes that cannot be analysed.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl gdb python3 readelf redis-cli zstd

mkdir -p "$STACK/conf"
# Quicker than in production, so that what a dead worker left is taken over within the test's time.
printf '%s\n' 'claim_idle = 2s' 'module_grace = 20s' >"$STACK/conf/workerd.extra"
stack_up
ok 'no sender in this test' stack stop sender

DATA=$STACK/data
AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
CRASHES=$CORRAL_INGEST_URL/api/v1/crashes
PROGRAM=$(realpath build/crashers/nullderef)
WORKERD_URL=http://$(sed -n 's/^listen = //p' "$STACK/conf/workerd.conf")

# --- Material -------------------------------------------------------------------------------------------------------

meta() { # ID [MEMBERS]
    printf '{"crash_id":"%s","hostname":"web1","executable":"%s","version":"1.0","pid":4711,"signal":11%s}' \
        "$1" "$PROGRAM" "${2:-}"
}

upload() { # ID CORE [MEMBERS]
    request -H "$AUTH" -F "meta=$(meta "$1" "${3:-}");type=application/json" \
        -F "core=@$2;type=application/octet-stream" "$CRASHES"
}

core_of() { # PROGRAM FILE: the core of its crash
    gdb -batch -nx -ex run -ex "generate-core-file $2" "$1" >"$WORK/gdb.log" 2>&1
    [ -s "$2" ]
}

events() { sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'"; } # ID
stored() { [ "$(events "$1")" = 1 ]; }                                      # ID
done_with() { [ ! -e "$DATA/pending/$1" ]; }                                # ID
problem_of() { sql "SELECT problem FROM event_problems WHERE crash_id = '$1'"; } # ID
log_of() { grep "msg=job crash_id=$1" "$STACK/log/workerd.log"; }           # ID
stack_titles() { sql "SELECT title FROM crash_groups WHERE id IN (SELECT group_id FROM crash_events WHERE crash_id = '$1')"; }

consistent() { echo $(($(counted_wrong) + $(searched_wrong))); }
counted_wrong() { # the counters agree with the events
    sql "SELECT count(*) FROM crash_groups g WHERE
             event_count <> (SELECT count(*) FROM crash_events e WHERE e.group_id = g.id)
          OR host_count <> (SELECT count(DISTINCT host_id) FROM crash_events e WHERE e.group_id = g.id)
          OR event_count <> (SELECT sum(events) FROM group_hours h WHERE h.group_id = g.id)
          OR event_count <> (SELECT sum(events) FROM group_hosts h WHERE h.group_id = g.id)
          OR event_count <> (SELECT sum(events) FROM group_programs p WHERE p.group_id = g.id)"
}

ok 'a core of a null dereference' core_of "$PROGRAM" "$WORK/core"
BUILD_ID=$(readelf -n "$PROGRAM" | sed -n 's/.*Build ID: //p')

# --- A module on its way is waited for ----------------------------------------------------------------------------

FIRST=$(uuid)
upload "$FIRST" "$WORK/core" ",\"modules\":[{\"path\":\"$PROGRAM\",\"build_id\":\"$BUILD_ID\",\"start\":\"0x1000\",\"end\":\"0x2000\",\"offered\":true}]"
is "$STATUS" 202 'a crash that offers its module is accepted'
parked() { curl -fsS "$WORKERD_URL/metrics" | grep -qx 'corral_jobs_parked_total 1'; }
ok 'its job is parked' wait_for 10 parked
is "$(events "$FIRST")" 0 'it is no event before the module is there'
request -H "$AUTH" -X PUT --data-binary "@$PROGRAM" "$CORRAL_INGEST_URL/api/v1/modules/$BUILD_ID/executable"
is "$STATUS" 201 'the module is stored'
ok 'then it is an event' wait_for 20 stored "$FIRST"
like "$(stack_titles "$FIRST")" '^SIGSEGV in process_data\(\) nullderef\.c:[0-9]+$' 'whose group says what crashed where'
is "$(sql 'SELECT functions[1:3] FROM stacks')" '{process_data,handle_request,serve}' 'and whose stack has its functions'
ok 'analysis.json lies beside the core' test -s "$(find "$DATA/crashes" -path "*/$FIRST/analysis.json")"
ok 'it is off the pending list' wait_for 5 done_with "$FIRST"
like "$(log_of "$FIRST")" 'result=stack group=[0-9]+ new=1 attempt=1' 'one log line tells'

# --- The same again, and the same crash again ---------------------------------------------------------------------

SECOND=$(uuid)
upload "$SECOND" "$WORK/core"
ok 'the same crash of the program a second time' wait_for 20 stored "$SECOND"
is "$(sql 'SELECT count(*), max(event_count), max(host_count) FROM crash_groups')" '1|2|1' 'one group of two'
is "$(sql 'SELECT count(*) FROM stacks')" 1 'one stack'
ok 'nothing is pending' wait_for 5 done_with "$SECOND"

logged_times() { [ "$(log_of "$1" | wc -l)" -ge "$2" ]; } # ID TIMES
for _ in 1 2 3 4 5; do redis XADD corral:jobs '*' crash "$SECOND" >/dev/null; done
ok 'five more jobs of a crash that is done' wait_for 20 logged_times "$SECOND" 6
touch "$DATA/pending/$FIRST"
for _ in 1 2 3 4 5; do redis XADD corral:jobs '*' crash "$FIRST" >/dev/null; done
ok 'five jobs of a crash that is pending again' wait_for 30 logged_times "$FIRST" 6
is "$(sql 'SELECT count(*) FROM crash_events')" 2 'make no event'
is "$(consistent)" 0 'and count nothing'

# --- Regression ---------------------------------------------------------------------------------------------------

sql "UPDATE crash_groups SET status = 'resolved', resolved_at = now()"
THIRD=$(uuid)
upload "$THIRD" "$WORK/core"
ok 'a crash after its group was resolved' wait_for 20 stored "$THIRD"
is "$(sql 'SELECT status FROM crash_groups')" regressed 'makes it regressed'
sql "UPDATE crash_groups SET status = 'resolved', resolved_at = now() + interval '1 hour'"
upload "$(uuid)" "$WORK/core"
four() { [ "$(sql 'SELECT event_count FROM crash_groups')" = 4 ]; }
ok 'a crash from before the resolution' wait_for 20 four
is "$(sql 'SELECT status FROM crash_groups')" resolved 'leaves it resolved'

# --- Crashes that cannot be analysed ------------------------------------------------------------------------------

ALONE=$(uuid)
request -H "$AUTH" -F "meta=$(meta "$ALONE" ',"core_problem":"the disk was full"');type=application/json" "$CRASHES"
ok 'a crash without a core is an event' wait_for 20 stored "$ALONE"
is "$(problem_of "$ALONE")" 'the disk was full' 'that says why there is no stack'
is "$(stack_titles "$ALONE")" 'SIGSEGV in nullderef' 'grouped by program and signal'

GARBAGE=$(uuid)
{ head -c 64 "$WORK/core" && head -c 100000 /dev/urandom; } >"$WORK/garbage"
upload "$GARBAGE" "$WORK/garbage"
is "$STATUS" 202 'a core of garbage behind a good header is accepted'
ok 'and is an event' wait_for 20 stored "$GARBAGE"
like "$(problem_of "$GARBAGE")" '[a-z]' 'that has a problem'
is "$(sql "SELECT stack_id IS NULL AND flags & 4 = 4 FROM crash_events WHERE crash_id = '$GARBAGE'")" t 'and no stack'

CUT=$(uuid)
head -c 20000 "$WORK/core" >"$WORK/cut"
upload "$CUT" "$WORK/cut"
ok 'a core that ends early is an event' wait_for 20 stored "$CUT"
like "$(problem_of "$CUT")" '[a-z]' 'that has a problem'

GONE=$(uuid)
touch "$DATA/pending/$GONE"
redis XADD corral:jobs '*' crash "$GONE" >/dev/null
dead() { redis XRANGE corral:dead - + | grep -q "$1"; }
ok 'a crash whose blob is gone becomes a dead letter' wait_for 20 dead "$GONE"
ok 'and is not brought back for ever' wait_for 5 done_with "$GONE"

POISON=$(uuid)
stack stop workerd
upload "$POISON" "$WORK/core"
queued() { [ "$(redis XLEN corral:jobs)" -ge 1 ]; }
ok 'a job waits' wait_for 20 queued
ENTRY=$(redis XREADGROUP GROUP workers ghost COUNT 1 STREAMS corral:jobs '>' | sed -n 2p)
redis XCLAIM corral:jobs workers ghost 0 "$ENTRY" RETRYCOUNT 5 IDLE 100000 >/dev/null
stack start workerd
ok 'a job that killed its worker five times is an event' wait_for 30 stored "$POISON"
like "$(problem_of "$POISON")" 'was begun 5 times and never finished' 'that says so'

# --- Hostile modules, analyses that hang or want too much --------------------------------------------------------

# What ends an analysis is short here, for as long as these last.
WORKERD_CONF=$STACK/conf/workerd.conf
cp "$WORKERD_CONF" "$WORK/workerd.conf"
with_limits() { # LINE...: workerd with these for its last settings
    stack stop workerd
    { cat "$WORK/workerd.conf" && printf '%s\n' "$@"; } >"$WORKERD_CONF"
    stack start workerd
    stack ready workerd
}
workers() { pgrep -P "$(pgrep -P "$(cut -d ' ' -f 1 "$STACK/pid/workerd")")"; } # children of the daemon's pool
put_module() { # BUILD_ID FILE
    request -H "$AUTH" -X PUT --data-binary "@$2" "$CORRAL_INGEST_URL/api/v1/modules/$1/executable"
}
# A worker's child is its zygote; that one's are the jobs in hand.
children() { for worker in $WORKERS; do for zygote in $(pgrep -P "$worker"); do pgrep -P "$zygote"; done; done; }
no_child() { [ -z "$(children)" ]; }
a_child() { [ -n "$(children)" ]; }

ok 'workerd with tight limits' with_limits 'job_timeout = 3s' 'job_memory = 512M' 'index_timeout = 3s' 'index_memory = 512M'
WORKERS=$(workers)
for file in tests/corpus/hostile/*.elf; do
    for offset in 0 0x1000 0x2000; do
        ID=$(uuid)
        build_id=$(tests/lib/hostile-core file "$file" $offset "$WORK/module" "$WORK/hostile")
        put_module "$build_id" "$WORK/module"
        upload "$ID" "$WORK/hostile"
        ok "${file##*/} as a module, at $offset: an event" wait_for 10 stored "$ID"
        like "$(log_of "$ID")" 'attempt=1' "${file##*/} as a module, at $offset: at once"
    done
done

SLOW=$(uuid)
build_id=$(tests/lib/hostile-core hang "$WORK/module" "$WORK/hostile")
put_module "$build_id" "$WORK/module"
is "$STATUS" 201 'a module whose symbols take libdw hours to sort'
upload "$SLOW" "$WORK/hostile"
ok 'is an event' wait_for 10 stored "$SLOW"
like "$(log_of "$SLOW")" 'attempt=1' 'at once'

# Eight gigabytes take their time, long enough to be stopped in the middle.
HANGS=$(uuid)
{ cat "$WORK/core" && head -c 8G /dev/zero; } | zstd -q -1 >"$WORK/bomb"
BEGAN=${EPOCHREALTIME/./}
upload "$HANGS" "$WORK/bomb" ',"encoding":"zstd"'
is "$STATUS" 202 'a core that is 8 GiB when it is decompressed'
ok 'a child has it in hand' wait_for 5 a_child
ok 'and hangs' kill -STOP "$(children)"
BESIDE=$(uuid)
upload "$BESIDE" "$WORK/core"
ok 'the crash beside it is an event' wait_for 10 stored "$BESIDE"
is "$(events "$HANGS")" 0 '… and did not wait for it'
# The second try, without variables, hangs as well.
stopped_and_stored() {
    local pids
    pids=$(children)
    [ -z "$pids" ] || kill -STOP "$pids" 2>/dev/null
    stored "$HANGS"
}
ok 'its crash is an event' wait_for 20 stopped_and_stored
ok 'about when job_timeout is over twice' in_time $(((${EPOCHREALTIME/./} - BEGAN) / 1000)) 14000
is "$(problem_of "$HANGS")" 'the analysis took too long' 'that says why'
like "$(log_of "$HANGS")" 'result=no_stack .*attempt=1' 'at the first attempt'

BOMB=$(uuid)
upload "$BOMB" "$WORK/bomb" ',"encoding":"zstd"'
ok 'the same, left alone, is an event' wait_for 15 stored "$BOMB"
ok 'their children are gone' wait_for 5 no_child
is "$(workers)" "$WORKERS" 'and their workers live'

LARGE=$(uuid)
tests/lib/hostile-core wide "$WORK/hostile"
if grep -q __asan_init "$BIN/corral-workerd"; then
    skip 'AddressSanitizer takes more address space than any limit' 'job_memory'
else
    ok 'workerd with hardly any memory' with_limits 'job_memory = 64M'
    upload "$LARGE" "$WORK/hostile"
    ok 'a core that needs more than job_memory is an event' wait_for 20 stored "$LARGE"
    like "$(problem_of "$LARGE")" 'memory' 'that says why'
fi
ok 'workerd as before' with_limits

# --- A worker dies in the middle ----------------------------------------------------------------------------------

# The transaction of the test holds the table, so that the worker waits in the middle of its job. Its consumer name ends in its pid.
/usr/lib/postgresql/15/bin/psql -X -q -h "$(cat "$STACK/sockets")" -U postgres -d corral >/dev/null 2>&1 \
    <<<"BEGIN; LOCK TABLE crash_groups IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600);" &
HOLDER=$!
held() { [ "$(sql "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'crash_groups'::regclass")" = 1 ]; }
wait_for 10 held
KILLED=$(uuid)
upload "$KILLED" "$WORK/core"
waits() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'")" = 1 ]; }
ok 'a worker waits inside of its transaction' wait_for 20 waits
VICTIM=$(redis XPENDING corral:jobs workers - + 1 | sed -n 2p)
ok 'kill -9 for it' kill -KILL "${VICTIM##*:}"
sql "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'crash_groups'::regclass" >/dev/null
wait "$HOLDER"
ok 'another one takes the job over' wait_for 30 stored "$KILLED"
ok 'and is done with it' wait_for 10 done_with "$KILLED"
like "$(log_of "$KILLED")" 'attempt=2' 'at the second attempt'
both_alive() { curl -fsS "$WORKERD_URL/metrics" | grep -qx 'corral_workers 2'; }
ok 'the dead worker is replaced' wait_for 10 both_alive

# --- A zygote dies ------------------------------------------------------------------------------------------------

zygotes() { for worker in $(workers); do pgrep -P "$worker"; done; }
upload "$(uuid)" "$WORK/core"
has_zygote() { [ -n "$(zygotes)" ]; }
ok 'a zygote runs' wait_for 10 has_zygote
BEFORE=$(workers)
# shellcheck disable=SC2046
ok 'kill -9 for all of them' kill -KILL $(zygotes)
AGAIN=$(uuid)
upload "$AGAIN" "$WORK/core"
ok 'the next crash is an event' wait_for 10 stored "$AGAIN"
like "$(log_of "$AGAIN")" 'result=stack .*attempt=1' 'with its stack, at the first attempt'
is "$(workers)" "$BEFORE" 'the workers live'

# --- PostgreSQL comes and goes ------------------------------------------------------------------------------------

stack kill postgres
DURING=$(uuid)
upload "$DURING" "$WORK/core"
is "$STATUS" 202 'a crash while PostgreSQL is down'
at_work() { grep -q "waiting for PostgreSQL.* crash_id=$DURING" "$STACK/log/workerd.log"; }
ok 'its worker waits' wait_for 20 at_work
not_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' "$WORKERD_URL/readyz")" = 503 ]; }
ok 'workerd says that it is not ready' not_ready
stack start postgres
ok 'PostgreSQL is back' stack ready postgres
ok 'the event is there' wait_for 30 stored "$DURING"
like "$(log_of "$DURING")" 'attempt=1' 'and no attempt was spent'
is "$(consistent)" 0 'counters agree with events'

# --- What a repeat costs ------------------------------------------------------------------------------------------

bytes() { sql "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace = 'public'::regnamespace"; }
total() { sql 'SELECT count(*) FROM crash_events'; }
reaches() { [ "$(total)" -ge "$1" ]; } # NUMBER

# One curl sends them all: N crashes of one kind from one host.
repeat() { # N
    local n target
    target=$(($(total) + $1))
    for ((n = 0; n < $1; n++)); do
        meta "$(uuid)" ',"core_problem":"the disk was full"' >"$WORK/meta.$n"
        [ "$n" = 0 ] || echo next
        printf 'url = "%s"\nheader = "%s"\nform = "meta=<%s;type=application/json"\noutput = "%s"\nsilent\n' \
            "$CRASHES" "$AUTH" "$WORK/meta.$n" "$WORK/.answer"
    done >"$WORK/curl.conf"
    curl -K "$WORK/curl.conf"
    wait_for 60 reaches "$target"
}

ok 'a first hundred, so that all pages are there' repeat 100
BEFORE=$(bytes)
ok 'a thousand repeats' repeat 1000
A_REPEAT=$((($(bytes) - BEFORE) / 1000))
diag "bytes of PostgreSQL per repeat of a known crash, indexes included: $A_REPEAT"
ok 'a repeat costs at most 250 bytes' test "$A_REPEAT" -le 250
is "$(consistent)" 0 'two workers on one hot group lost no count'
is "$(sql "SELECT count(*) FROM crash_groups WHERE event_count >= 1100")" 1 'all are of one group'

# --- Migrations ---------------------------------------------------------------------------------------------------

OWNER="host=$(cat "$STACK/sockets") dbname=corral user=postgres"
ok 'migrating again does nothing' "$BIN/corral-workerd" --migrate --database "$OWNER"
/usr/lib/postgresql/15/bin/createdb -h "$(cat "$STACK/sockets")" -U postgres second
SECOND_DB="host=$(cat "$STACK/sockets") dbname=second user=postgres"
"$BIN/corral-workerd" --migrate --database "$SECOND_DB" >"$WORK/one" 2>&1 &
ONE=$!
"$BIN/corral-workerd" --migrate --database "$SECOND_DB" >"$WORK/two" 2>&1 &
TWO=$!
wait "$ONE"
is $? 0 "two migrations at once: one"
wait "$TWO"
is $? 0 "two migrations at once: the other"
is "$(cat "$WORK/one" "$WORK/two" | grep -c '^applied 0001')" 1 'only one of them did it'
sql "UPDATE schema_migrations SET sha256 = repeat('0', 64) WHERE version = 1"
not_ok 'a migration that was changed is refused' "$BIN/corral-workerd" --migrate --database "$OWNER"
like "$(cat "$WORK/.output")" 'applied with another content' 'and says so'
sql "DELETE FROM schema_migrations; INSERT INTO schema_migrations (version, name, sha256) VALUES (9999, '9999_later', '')"
not_ok 'a database of a newer version is refused' "$BIN/corral-workerd" --migrate --database "$OWNER"
like "$(cat "$WORK/.output")" 'does not know' 'and says so'

done_testing
