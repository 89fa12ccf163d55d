#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 240
# Crashes of stripped programs whose debug information comes late: each event is analysed again, its group keeps number,
# state and history, groups that turn out to be one are merged, and every count stays exact, whatever is killed in between.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need gdb
need jq

mkdir -p "$STACK/conf"
printf '%s\n' 'heal_delay = 300ms' 'claim_idle = 2s' >"$STACK/conf/workerd.extra"
stack_up
stack stop sender

DATA=$STACK/data
AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
CRASHES=$CORRAL_INGEST_URL/api/v1/crashes
WORKERD_URL=http://$(sed -n 's/^listen = //p' "$STACK/conf/workerd.conf")

# --- Material -------------------------------------------------------------------------------------------------------

cat >"$WORK/app.c" <<'C'
#include <stdlib.h>
int volatile *nowhere;
__attribute__((noinline)) static int evict(int n) { return *nowhere + n; }
__attribute__((noinline)) static int cache_put(int n) { return evict(n) + 1; }
__attribute__((noinline)) static int serve(int n) { return cache_put(n) * 2; }
int main(int argc, char **argv) { return serve(argc) + (argv[0] ? abs(argc) : 0); }
C

# What is installed, its debug information, and the core of its crash, in a folder NAME. Builds differ in their build-id alone.
program() { # NAME BUILD-ID [FLAG...]
    mkdir -p "$WORK/$1"
    gcc -g -O1 -fno-optimize-sibling-calls -Wl,--build-id="0x$2" "${@:3}" -o "$WORK/$1/app" "$WORK/app.c" &&
        objcopy --only-keep-debug "$WORK/$1/app" "$WORK/$1/debug" &&
        strip --strip-all "$WORK/$1/app" &&
        gdb -batch -nx -ex run -ex "generate-core-file $WORK/$1/core" "$WORK/$1/app" >"$WORK/gdb.log" 2>&1
    [ -s "$WORK/$1/core" ]
}
id_of() { printf "%.0s$1" {1..40}; } # DIGIT: a build-id

put() { # BUILD-ID KIND FILE
    request -H "$AUTH" -X PUT --data-binary "@$3" "$CORRAL_INGEST_URL/api/v1/modules/$1/$2"
}
meta() { # ID PROGRAM HOST [MEMBERS]
    printf '{"crash_id":"%s","hostname":"%s","executable":"%s","version":"1.0","pid":4711,"signal":11%s}' "$1" "$3" "$2" "${4:-}"
}
CRASH=
crash() { # NAME [HOST]: uploads its core; CRASH is then its id
    CRASH=$(uuid)
    request -H "$AUTH" -F "meta=$(meta "$CRASH" "$WORK/$1/app" "${2:-web1}");type=application/json" \
        -F "core=@$WORK/$1/core;type=application/octet-stream" "$CRASHES"
    wait_for 20 stored "$CRASH"
}
stored() { [ "$(sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'")" = 1 ]; }
group_of() { sql "SELECT group_id FROM crash_events WHERE crash_id = '$1'"; }
names_of() { sql "SELECT array_to_string(s.functions, ' ') FROM crash_events e JOIN stacks s ON s.id = e.stack_id WHERE e.crash_id = '$1'"; }
healed() { [[ $(names_of "$1") == 'evict cache_put serve main'* ]]; }
is_quiet() { [ -z "$(find "$DATA/arrived" "$DATA/healing" -type f)" ]; }
title_of() { sql "SELECT title FROM crash_groups WHERE id = $1"; }
column() { sql "SELECT $1 FROM crash_groups WHERE id = $2"; }
missing() { sql "SELECT status, events, groups FROM missing_modules WHERE build_id = '$1'"; }

# Stacks that no event shows. A healer that is killed may leave one, which the next one uses: it counts nothing.
left_over() { sql 'SELECT count(*) FROM stacks s WHERE NOT EXISTS (SELECT FROM group_stacks g WHERE g.stack_id = s.id)'; }
consistent() { echo $(($(counted_wrong) + $(left_over) + $(searched_wrong))); }
counted_wrong() { # every counter agrees with the events: 0
    sql "WITH e AS (SELECT e.*, coalesce(c.crashes, 1) AS n FROM crash_events e LEFT JOIN event_counts c USING (crash_id, received_at))
         SELECT (SELECT count(*) FROM crash_groups g WHERE
             event_count <> (SELECT coalesce(sum(n), 0) FROM e WHERE e.group_id = g.id)
          OR host_count <> (SELECT count(DISTINCT host_id) FROM e WHERE e.group_id = g.id)
          OR event_count <> (SELECT coalesce(sum(events), 0) FROM group_hours h WHERE h.group_id = g.id)
          OR event_count <> (SELECT coalesce(sum(events), 0) FROM group_hosts h WHERE h.group_id = g.id)
          OR event_count <> (SELECT coalesce(sum(events), 0) FROM group_programs p WHERE p.group_id = g.id)
          OR (merged_into IS NULL AND first_seen <> (SELECT min(received_at) FROM e WHERE e.group_id = g.id))
          OR (merged_into IS NULL AND last_seen <> (SELECT max(received_at) FROM e WHERE e.group_id = g.id))
          OR moving)
         + (SELECT count(*) FROM (SELECT group_id, stack_id, count(*) AS n, count(*) FILTER (WHERE flags & 32 <> 0) AS gone
                                  FROM crash_events WHERE stack_id IS NOT NULL GROUP BY 1, 2) a
            FULL JOIN group_stacks b USING (group_id, stack_id) WHERE n IS DISTINCT FROM events OR gone IS DISTINCT FROM without_core)
         + (SELECT count(*) FROM group_hosts h JOIN (SELECT group_id, host_id, min(received_at) AS f, max(received_at) AS l
            FROM crash_events GROUP BY 1, 2) x USING (group_id, host_id) WHERE f <> first_seen OR l <> last_seen)"
}

A=$(id_of a) B=$(id_of b) C=$(id_of c) D=$(id_of d)
ok 'two builds of one program' program one "$A"
ok '... and the other' program two "$B"
put "$A" executable "$WORK/one/app"
put "$B" executable "$WORK/two/app"

# --- Without debug information --------------------------------------------------------------------------------------

ok 'the marks of what came before any crash are done with' wait_for 10 is_quiet
crash one
E1=$CRASH G1=$(group_of "$CRASH")
crash one web2
E2=$CRASH
crash two web3
E3=$CRASH G2=$(group_of "$CRASH")
like "$(title_of "$G1")" '^SIGSEGV in app\+0x[0-9a-f]+$' 'a stripped program: its group is named after an offset'
unlike "$G1" "^$G2$" 'another build of it: another group'
is "$(missing "$A")" 'stripped|2|1' 'what is missing, and how many events it would heal: also repeats of a known stack'
is "$(missing "$B")" 'stripped|1|1' '... of the other build'
TALLY=$(uuid)
request -H "$AUTH" -F "meta=$(meta "$TALLY" "$WORK/one/app" web2 ",\"fidelity\":\"count\",\"occurrences\":17,\"core_problem\":\"over the limit\",\"like\":\"$E1\"");type=application/json" "$CRASHES"
ok 'a report of crashes that were only counted' wait_for 20 stored "$TALLY"
is "$(group_of "$TALLY") $(column event_count "$G1")" "$G1 19" '... which counts for the group'
curl -fsS -X POST -H "Authorization: Bearer $CORRAL_TOKEN" "$CORRAL_URL/api/v1/groups/G-$G1/resolve" >/dev/null
is "$(column status "$G1")" resolved 'somebody resolves the group'
resolved_at=$(column resolved_at "$G1")
is "$(consistent)" 0 'all counts agree'

# --- Debug information arrives ----------------------------------------------------------------------------------------

put "$A" debuginfo "$WORK/one/debug"
is "$STATUS" 201 'the debug information is uploaded'
ok 'within seconds the event has names' wait_for 10 healed "$E1"
ok '... and so has the other' wait_for 10 healed "$E2"
is "$(group_of "$E1") $(group_of "$E2") $(group_of "$TALLY")" "$G1 $G1 $G1" 'they are of the same group'
like "$(title_of "$G1")" '^SIGSEGV in evict\(\) app.c:3$' '... which is named after a function now'
is "$(column status "$G1") $(column resolved_at "$G1")" "resolved $resolved_at" '... and resolved as before'
is "$(sql "SELECT count(*) FROM group_fingerprints WHERE group_id = $G1")" 2 '... and has one more key'
is "$(column event_count "$G1") $(column host_count "$G1")" '19 2' '... and all its counts'
is "$(sql 'SELECT count(*) FROM stacks')" 2 'the stack of before is gone: one for each build'
is "$(missing "$A")" '' 'nothing is missing of it any more'
is "$(consistent)" 0 'all counts agree'
EVENT=$(api "/events/$E1")
is "$(json '.reanalysed.build_ids[0]' <<<"$EVENT")" "$A" 'the API says why'
like "$(json '.reanalysed.at' <<<"$EVENT")" '^20' '... and when'
is "$(json '[.stack[].function] | .[0:4] | join(" ")' <<<"$EVENT")" 'evict cache_put serve main' '... and shows the new stack'
is "$(api "/events/$E1/analysis" | json '.threads[0].frames[0].function')" evict 'so does the analysis'
request -c "$WORK/cookies" "$CORRAL_URL/login"
request -b "$WORK/cookies" -c "$WORK/cookies" -d name=admin --data-urlencode "password@$STACK/password" \
    -d "csrf=$(sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p' <<<"$BODY")" "$CORRAL_URL/login"
request -b "$WORK/cookies" "$CORRAL_URL/events/$E1"
like "$BODY" "Analysed again .* after symbols for app \(build-id $A\) arrived" 'the page says it'
request -b "$WORK/cookies" "$CORRAL_URL/"
is "$STATUS" 200 'the overview is there'

# --- Two groups that are one ------------------------------------------------------------------------------------------

# Events beyond those that move in one transaction, which only the database knows.
sql "INSERT INTO crash_events (crash_id, received_at, crashed_at, group_id, host_id, program_id, flags)
     SELECT gen_random_uuid(), e.received_at + i * interval '1 microsecond', e.crashed_at, e.group_id, e.host_id, e.program_id, 32
     FROM crash_events e, generate_series(1, 2500) AS i WHERE e.crash_id = '$E3';
     UPDATE group_hours SET events = events + 2500 WHERE group_id = $G2;
     UPDATE group_hosts h SET events = events + 2500, last_seen = (SELECT max(received_at) FROM crash_events WHERE group_id = $G2) WHERE group_id = $G2;
     UPDATE group_programs SET events = events + 2500 WHERE group_id = $G2;
     UPDATE crash_groups SET event_count = event_count + 2500, last_seen = (SELECT max(received_at) FROM crash_events WHERE group_id = $G2) WHERE id = $G2"
is "$(consistent)" 0 'a group of many events'
put "$B" debuginfo "$WORK/two/debug"
ok 'the other build is healed' wait_for 10 healed "$E3"
moved() { [ "$(sql "SELECT count(*) FROM crash_events WHERE group_id = $G2")" = 0 ] && [ "$(sql 'SELECT count(*) FROM crash_groups WHERE moving')" = 0 ]; }
ok '... its events follow' wait_for 20 moved
is "$(column merged_into "$G2")" "$G1" 'its group is the older one now'
is "$(column event_count "$G1") $(column host_count "$G1") $(column status "$G1")" '2520 3 resolved' '... which has all counts and its state'
is "$(sql "SELECT count(*) FROM group_fingerprints WHERE group_id = $G1")" 3 '... and all keys'
is "$(consistent)" 0 'all counts agree'
request -b "$WORK/cookies" "$CORRAL_URL/groups/G-$G2"
is "$STATUS" 303 'the old address leads on'
like "$HEADERS" "Location: [^ ]*/groups/G-$G1" '... to the one that has survived'
is "$(api "/groups/G-$G2" | json .id)" "G-$G1" '... in the API, too'
is "$(api '/groups?status=all' | json '.groups | length')" 1 'lists have one group'
is "$(sql "SELECT detail ->> 'into' FROM audit_log WHERE action = 'group.merge' AND subject = 'G-$G2'")" "G-$G1" 'the audit log says so'
crash two
is "$(group_of "$CRASH") $(column status "$G1")" "$G1 regressed" 'the next crash comes to that group, and it has regressed'
is "$(consistent)" 0 'all counts agree'

# --- Killed in the middle ---------------------------------------------------------------------------------------------

ok 'a third build' program three "$C" -DTHIRD
put "$C" executable "$WORK/three/app"
ok 'the marks are done with' wait_for 10 is_quiet
for _ in {1..24}; do crash three; done >/dev/null
E4=$CRASH
WORKERD_CONF=$STACK/conf/workerd.conf
stack stop workerd
echo 'heal_rate = 8' >>"$WORKERD_CONF"
stack start workerd
stack ready workerd
is "$(missing "$C")" 'stripped|24|1' 'many events lack one file'
healer() { pgrep -x -P "$(pgrep -P "$(cut -d ' ' -f 1 "$STACK/pid/workerd")")" corral-healer; }
count_healed() { sql "SELECT count(*) FROM event_reanalyses r JOIN crash_events e USING (crash_id, received_at) WHERE '$C' = ANY (r.build_ids)"; }
at_least() { [ "$(count_healed)" -ge "$1" ]; }
put "$C" debuginfo "$WORK/three/debug"
ok 'some are healed' wait_for 20 at_least 3
HEALER=$(healer)
ok 'kill -9 for the healer' kill -KILL "$HEALER"
is "$(counted_wrong)" 0 'all counts agree in the middle'
ok 'another one goes on' wait_for 20 at_least 9
stack kill postgres
stack start postgres
ok 'PostgreSQL is killed and comes back' stack ready postgres
ok 'it goes on' wait_for 20 at_least 14
stack kill workerd
stack start workerd
ok 'all of workerd is killed and comes back' stack ready workerd
ok 'all are healed' wait_for 30 at_least 24
sed -i '/^heal_rate/d' "$WORKERD_CONF"
stack restart workerd
ok 'the marks are done with' wait_for 20 is_quiet
is "$(sql "SELECT count(*), count(DISTINCT e.group_id), count(DISTINCT e.stack_id) FROM event_reanalyses r JOIN crash_events e USING (crash_id, received_at) WHERE '$C' = ANY (r.build_ids)")" '24|1|1' 'each once'
is "$(group_of "$E4")" "$G1" 'they are of the oldest group'
is "$(consistent)" 0 'all counts agree'
is "$(sql "SELECT count(*) FROM stack_modules s JOIN modules m ON m.id = s.module_id WHERE m.build_id = '$C'")" 0 'nothing is missing'

# --- Cores that are gone, and by hand -----------------------------------------------------------------------------------

ok 'a fourth build' program four "$D"
put "$D" executable "$WORK/four/app"
crash four
E5=$CRASH
crash four
E6=$CRASH
find "$DATA/crashes" -path "*/$E5/core.zst" -delete
put "$D" debuginfo "$WORK/four/debug"
ok 'one of two events is healed' wait_for 10 healed "$E6"
without_core() { [ "$(sql "SELECT flags & 48 FROM crash_events WHERE crash_id = '$1'")" = 48 ]; }
ok 'the other has no core any more' wait_for 10 without_core "$E5"
is "$(api "/events/$E5" | json .reanalysed.problem)" 'its core is no longer kept' '... and says so'
is "$(missing "$D")" '' '... and is not counted among those that would be healed'
is "$(consistent)" 0 'all counts agree'
again() { # EVENT TIME: it was analysed again since
    [ "$(sql "SELECT count(*) FROM event_reanalyses WHERE crash_id = '$1' AND at > '$2'")" = 1 ]
}
now() { sql 'SELECT now()'; }
BEFORE=$(now)
ok 'an event can be asked for by hand' "$BIN/corral-workerd" --reanalyse -c "$WORKERD_CONF" --crash "$E6"
ok '... and is analysed again' wait_for 10 again "$E6" "$BEFORE"
BEFORE=$(now)
ok 'all can' "$BIN/corral-workerd" --reanalyse -c "$WORKERD_CONF" --all
ok '... and are' wait_for 20 again "$E1" "$BEFORE"
ok 'so can those that lacked a build-id' "$BIN/corral-workerd" --reanalyse -c "$WORKERD_CONF" --build-id "$D"
not_ok 'nonsense is refused' "$BIN/corral-workerd" --reanalyse -c "$WORKERD_CONF" --build-id ../../etc
ok 'the marks are done with' wait_for 30 is_quiet
is "$(consistent)" 0 'all counts agree'

# --- Events that are of another bug than their group ----------------------------------------------------------------------

# Two crashes of something else fell into the group while nothing was known of them, as those do that die at one offset of a library.
swallow() { # GROUP OTHER: everything of the other becomes the group's
    local counters='events = t.events + excluded.events, first_seen = least(t.first_seen, excluded.first_seen), last_seen = greatest(t.last_seen, excluded.last_seen)'
    sql "BEGIN;
         UPDATE group_fingerprints SET group_id = $1 WHERE group_id = $2;
         UPDATE crash_events SET group_id = $1 WHERE group_id = $2;
         INSERT INTO group_stacks SELECT $1, stack_id, events, without_core FROM group_stacks WHERE group_id = $2;
         DELETE FROM group_stacks WHERE group_id = $2;
         INSERT INTO group_hours AS t SELECT $1, hour, events FROM group_hours WHERE group_id = $2
             ON CONFLICT (group_id, hour) DO UPDATE SET events = t.events + excluded.events;
         INSERT INTO group_hosts AS t SELECT $1, host_id, events, first_seen, last_seen FROM group_hosts WHERE group_id = $2
             ON CONFLICT (group_id, host_id) DO UPDATE SET $counters;
         INSERT INTO group_programs AS t SELECT $1, program_id, events, first_seen, last_seen FROM group_programs WHERE group_id = $2
             ON CONFLICT (group_id, program_id) DO UPDATE SET $counters;
         INSERT INTO group_environments AS t SELECT $1, environment_id, events, first_seen, last_seen FROM group_environments WHERE group_id = $2
             ON CONFLICT (group_id, environment_id) DO UPDATE SET $counters;
         UPDATE crash_groups g SET event_count = g.event_count + o.event_count, last_seen = greatest(g.last_seen, o.last_seen),
             host_count = (SELECT count(*) FROM group_hosts WHERE group_id = g.id) FROM crash_groups o WHERE g.id = $1 AND o.id = $2;
         DELETE FROM crash_groups WHERE id = $2;
         COMMIT"
}
O=$(id_of 9)
sed -i -e 's/evict/lookup/g' -e 's/cache_put/cache_get/g' "$WORK/app.c"
ok 'a program that crashes elsewhere' program other "$O"
sed -i -e 's/lookup/evict/g' -e 's/cache_get/cache_put/g' "$WORK/app.c"
put "$O" executable "$WORK/other/app"
crash other web7
E7=$CRASH
crash other web2
E8=$CRASH
swallow "$G1" "$(group_of "$E7")"
ALL=$(column event_count "$G1") TITLE=$(title_of "$G1")
is "$(consistent)" 0 'two of its crashes are in the group of another bug'
put "$O" debuginfo "$WORK/other/debug"
looked_up() { [[ $(names_of "$1") == 'lookup cache_get serve main'* ]]; }
ok 'they are healed' wait_for 10 looked_up "$E7"
ok '... both' wait_for 10 looked_up "$E8"
unlike "$(group_of "$E7")" "^$G1$" 'and are a group of their own'
is "$(group_of "$E8")" "$(group_of "$E7")" '... together'
like "$(title_of "$(group_of "$E7")")" '^SIGSEGV in lookup\(\) ' '... with a name of its own'
is "$(column event_count "$G1") $(title_of "$G1")" "$((ALL - 2)) $TITLE" '... while the other one has what it had'
is "$(consistent)" 0 'all counts agree'

# --- Two hosts with workers -----------------------------------------------------------------------------------------------

sed -e "s/^listen = .*/listen = unix:\/${WORK//\//\\\/}\/second/" "$WORKERD_CONF" >"$WORK/second.conf"
"$BIN/corral-workerd" -c "$WORK/second.conf" >"$WORK/second.log" 2>&1 &
SECOND=$!
is_up() { grep -q 'msg=started' "$WORK/second.log"; }
ok 'a second corral-workerd' wait_for 10 is_up
times_healed() { cat "$WORK/second.log" "$STACK/log/workerd.log" | grep -c "msg=healed crash_id=$1"; } # EVENT
BEFORE=$(now) TIMES=$(times_healed "$E1")
"$BIN/corral-workerd" --reanalyse -c "$WORKERD_CONF" --all >/dev/null
ok 'all events are asked for' wait_for 30 again "$E8" "$BEFORE"
ok '... and done' wait_for 30 is_quiet
is "$(times_healed "$E1")" $((TIMES + 1)) '... by one of the two'
kill "$SECOND"
wait "$SECOND"
is "$(consistent)" 0 'all counts agree'

# --- A module that arrives while its crash is analysed ------------------------------------------------------------------

F=$(id_of f)
ok 'a fifth build' program five "$F"
put "$F" executable "$WORK/five/app"
ok 'the marks are done with' wait_for 10 is_quiet
# The transaction of the test holds the table: the worker has analysed, and cannot store.
/usr/lib/postgresql/15/bin/psql -X -q -h "$(cat "$STACK/sockets")" -U postgres -d corral >/dev/null 2>&1 \
    <<<"BEGIN; LOCK TABLE group_hosts IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600);" &
HOLDER=$!
held() { [ "$(sql "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'group_hosts'::regclass")" = 1 ]; }
wait_for 10 held
LATE=$(uuid)
request -H "$AUTH" -F "meta=$(meta "$LATE" "$WORK/five/app" web1);type=application/json" \
    -F "core=@$WORK/five/core;type=application/octet-stream" "$CRASHES"
waits() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INTO crash_events%'")" = 1 ]; }
ok 'a worker is about to store an event' wait_for 20 waits
put "$F" debuginfo "$WORK/five/debug"
ok 'what it lacked arrives, and nobody is found who lacks it' wait_for 10 is_quiet
sql "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'group_hosts'::regclass" >/dev/null
wait "$HOLDER"
ok 'the event is stored, and healed all the same' wait_for 15 healed "$LATE"

# --- What it costs ------------------------------------------------------------------------------------------------------

metric() { curl -fsS "$WORKERD_URL/metrics" | sed -n "s/^$1 //p"; }
ok 'it is counted' test "$(metric 'corral_events_reanalysed_total{result="healed"}')" -gt 5
is "$(metric 'corral_events_reanalysed_total{result="failed"}')" 0 'none failed'
is "$(consistent)" 0 'all counts agree'
done_testing
