#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# Stacks are grouped anew by another algorithm, other rules, or a person's decision, and events follow: groups keep their numbers, states and
# counts, nothing is counted twice whatever is killed in between, and a dry run says before what becomes of groups.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need jq

EVENTS=100000 GROUPS_MADE=60 STACKS=500
RULES=$WORK/rules.d
mkdir -p "$STACK/conf" "$RULES"
printf '%s\n' "grouping_rules = $RULES" 'workers = 1' 'heal_rate = 5000' >"$STACK/conf/workerd.extra"
stack_up
stack stop sender
stack stop workerd
CONF=$STACK/conf/workerd.conf
PSQL=(/usr/lib/postgresql/15/bin/psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$(cat "$STACK/sockets")" -U postgres -d corral)

# --- Material ---------------------------------------------------------------------------------------------------------------

# Stacks as the first version left them, whose keys nobody knows: those of one group have their two innermost functions in common. Groups 1
# to 10 are pairs that share what is below those; half of group 30's crashes are of another signal. In group 20 and those from 31 on each
# stack has addresses of its own.
material() {
    "${PSQL[@]}" <<SQL
TRUNCATE crash_groups, stacks, hosts, programs, grouping_requests CASCADE;
SELECT ensure_event_partition(d::date) FROM generate_series(now() - interval '3 days', now(), interval '1 day') AS d;
INSERT INTO hosts (hostname, first_seen, last_seen) SELECT 'host' || i, now(), now() FROM generate_series(1, 50) AS i;
INSERT INTO programs (executable, version) SELECT '/usr/bin/app' || i, '1' FROM generate_series(1, $GROUPS_MADE) AS i;
INSERT INTO crash_groups (title, title_rank, executable, signal, status, first_seen, last_seen, resolved_at)
SELECT format('SIGSEGV in crash_%s() a.c:3', i), 3, '/usr/bin/app' || i, 11,
       (ARRAY['new', 'ongoing', 'resolved', 'muted'])[1 + i % 4], now(), now(), CASE WHEN i % 4 = 2 THEN now() END
FROM generate_series(1, $GROUPS_MADE) AS i ORDER BY i;
INSERT INTO group_fingerprints (fingerprint, group_id, algorithm, quality)
SELECT sha256(convert_to('first ' || id, 'UTF8')), id, 1, 2 FROM crash_groups;
CREATE TEMP TABLE made AS SELECT s, 1 + s % $GROUPS_MADE AS g FROM generate_series(1, $STACKS) AS s;
INSERT INTO stacks (digest, frames, functions)
SELECT sha256(convert_to('stack ' || s, 'UTF8')), (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'function', f, 'file', '/src/a.c', 'line', 2 + n, 'module', '/usr/bin/app' || g, 'build_id', lpad(to_hex(g), 40, 'a'),
           'offset', '0x' || to_hex(4096 * n + CASE WHEN n > 2 OR (n = 2 AND (g = 20 OR g > 30)) THEN s ELSE 0 END), 'trust', 'cfi', 'verdict', CASE WHEN n < 3 THEN 'kept' END)) ORDER BY n)
       FROM unnest(ARRAY['crash_' || g, 'caller_' || g, CASE WHEN g <= 10 THEN 'shared_' || (g + 1) / 2 END,
                         CASE WHEN g <= 10 THEN 'common_' || (g + 1) / 2 END, 'deep_' || s, 'main']) WITH ORDINALITY AS f (f, n) WHERE f IS NOT NULL),
       ARRAY['crash_' || g, 'caller_' || g] FROM made ORDER BY s;
CREATE TEMP TABLE e AS SELECT i, 1 + (i * 7919 + i / 3) % $STACKS AS s, 1 + (i * 31) % 50 AS h,
       date_trunc('milliseconds', now() - interval '2 days' + i * interval '1.5 seconds') AS at FROM generate_series(1, $EVENTS) AS i;
INSERT INTO environments (digest, unit, image, kernel, architecture, distribution, package, package_version, cpu)
SELECT sha256(i::text::bytea), 'unit' || i, '', '', '', '', '', '', '' FROM generate_series(1, 5) i;
INSERT INTO crash_events (crash_id, received_at, crashed_at, group_id, stack_id, host_id, program_id, signal, flags, environment_id)
SELECT ('01a20000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, at, at, gs.g, st.id, h.id, p.id,
       CASE WHEN gs.g = 30 AND st.s % 120 = 29 THEN 6 ELSE 11 END, CASE WHEN i % 5 = 0 THEN 32 ELSE 0 END, i % 6
FROM e JOIN made gs ON gs.s = e.s JOIN (SELECT row_number() OVER (ORDER BY id) AS s, id FROM stacks) st ON st.s = e.s
JOIN (SELECT row_number() OVER (ORDER BY id) AS n, id FROM hosts) h ON h.n = e.h
JOIN (SELECT row_number() OVER (ORDER BY id) AS n, id FROM programs) p ON p.n = gs.g;
INSERT INTO group_hours SELECT group_id, date_trunc('hour', received_at), count(*) FROM crash_events GROUP BY 1, 2;
INSERT INTO group_hosts SELECT group_id, host_id, count(*), min(received_at), max(received_at) FROM crash_events GROUP BY 1, 2;
INSERT INTO group_programs SELECT group_id, program_id, count(*), min(received_at), max(received_at) FROM crash_events GROUP BY 1, 2;
INSERT INTO group_environments SELECT group_id, environment_id, count(*), min(received_at), max(received_at) FROM crash_events
WHERE environment_id <> 0 GROUP BY 1, 2;
INSERT INTO group_stacks SELECT group_id, stack_id, count(*), count(*) FILTER (WHERE flags & 32 <> 0) FROM crash_events GROUP BY 1, 2;
UPDATE crash_groups g SET event_count = e.n, host_count = e.h, first_seen = e.f, last_seen = e.l FROM
    (SELECT group_id, count(*) AS n, count(DISTINCT host_id) AS h, min(received_at) AS f, max(received_at) AS l FROM crash_events GROUP BY 1) e
WHERE g.id = e.group_id;
UPDATE crash_groups SET resolved_at = last_seen + interval '1 hour' WHERE resolved_at IS NOT NULL;
ANALYZE;
SQL
}

consistent() { echo $(($(counted_wrong) + $(searched_wrong))); }
counted_wrong() { # every counter agrees with the events: 0
    sql "SELECT (SELECT count(*) FROM crash_groups g LEFT JOIN (SELECT group_id, count(*) AS n, count(DISTINCT host_id) AS h,
                 min(received_at) AS f, max(received_at) AS l FROM crash_events GROUP BY 1) e ON e.group_id = g.id
             WHERE event_count <> coalesce(n, 0) OR host_count <> coalesce(h, 0) OR (n > 0 AND (f <> first_seen OR l <> last_seen)) OR moving
                OR (n > 0 AND merged_into IS NOT NULL))
         + (SELECT abs($EVENTS - count(*)) FROM crash_events)
         + (SELECT count(*) FROM (SELECT group_id, stack_id, count(*) AS n, count(*) FILTER (WHERE flags & 32 <> 0) AS gone
                                  FROM crash_events GROUP BY 1, 2) a
            FULL JOIN group_stacks b USING (group_id, stack_id) WHERE n IS DISTINCT FROM events OR gone IS DISTINCT FROM without_core)
         + (SELECT count(*) FROM (SELECT group_id, date_trunc('hour', received_at) AS hour, count(*) AS n FROM crash_events GROUP BY 1, 2) a
            FULL JOIN group_hours b USING (group_id, hour) WHERE n IS DISTINCT FROM events)
         + (SELECT count(*) FROM (SELECT group_id, host_id, count(*) AS n, min(received_at) AS f, max(received_at) AS l FROM crash_events GROUP BY 1, 2) a
            FULL JOIN group_hosts b USING (group_id, host_id) WHERE n IS DISTINCT FROM events OR f <> first_seen OR l <> last_seen)
         + (SELECT count(*) FROM (SELECT group_id, program_id, count(*) AS n, min(received_at) AS f, max(received_at) AS l FROM crash_events GROUP BY 1, 2) a
            FULL JOIN group_programs b USING (group_id, program_id) WHERE n IS DISTINCT FROM events OR f <> first_seen OR l <> last_seen)
         + (SELECT count(*) FROM stack_lineages)
         + (SELECT count(*) FROM group_stacks g JOIN stacks s ON s.id = g.stack_id JOIN group_fingerprints f ON f.fingerprint = s.key
            WHERE f.group_id <> g.group_id)"
}
# All that people see of groups: number, title, state, counts, and which stacks.
groups() {
    sql "SELECT g.id, g.title, g.status, g.resolved_at, g.event_count, g.host_count, g.first_seen, g.last_seen, g.merged_into,
            (SELECT md5(string_agg(format('%s %s', stack_id, events), ' ' ORDER BY stack_id)) FROM group_stacks s WHERE s.group_id = g.id),
            (SELECT md5(string_agg(format('%s %s', hour, events), ' ' ORDER BY hour)) FROM group_hours s WHERE s.group_id = g.id)
         FROM crash_groups g ORDER BY g.id"
}
column() { sql "SELECT $1 FROM crash_groups WHERE id = $2"; }
ended() { [ "$(sql "SELECT count(*) FROM grouping_requests WHERE state IN ('waiting', 'running')")" = 0 ]; }
last_regroup() { sql "SELECT state, total = done FROM grouping_requests WHERE kind = 'regroup' ORDER BY id DESC LIMIT 1"; }
asked() { sql "SELECT count(*) FROM grouping_requests WHERE kind = 'regroup'"; }
ASKED=0
regrouped() { [ "$(asked)" -gt "$ASKED" ] && ended && [ "$(sql "SELECT count(DISTINCT grouped) FILTER (WHERE grouped <> ''), count(*) FILTER (WHERE grouped = '') FROM stacks")" = '1|0' ]; }
ask() { # KIND DETAIL: does it, and prints state and problem
    local id
    id=$(sql "INSERT INTO grouping_requests (actor, kind, detail) VALUES ('user:eve', '$1', '$2') RETURNING id")
    wait_for 60 ended >&2
    sql "SELECT state || coalesce(': ' || problem, '') FROM grouping_requests WHERE id = $id"
}
decision() { sql 'SELECT max(id) FROM grouping_decisions'; }
dump() { /usr/lib/postgresql/15/bin/pg_dump -h "$(cat "$STACK/sockets")" -U postgres --data-only corral 2>/dev/null | grep -vE '^(SELECT pg_catalog.setval|.(un)?restrict )' | md5sum; }
healer() { pgrep -x -P "$(pgrep -P "$(cut -d ' ' -f 1 "$STACK/pid/workerd")")" corral-healer; }
start_workerd() { ASKED=$(asked); stack start workerd; stack ready workerd; }
restart_workerd() { ASKED=$(asked); stack restart workerd; }

# --- A new algorithm -----------------------------------------------------------------------------------------------------------

ok "$EVENTS events, $STACKS stacks, $GROUPS_MADE groups of the first version" material
is "$(consistent)" 0 'all counts agree'
BEFORE=$(groups)
HISTORY=$(dump)
"$BIN/corral-workerd" --regroup --dry-run -c "$CONF" >"$WORK/dry" 2>&1
is "$?" 3 'a dry run says that groups would change: two signals are two classes of crash'
is "$(grep -c '^split G-30 ' "$WORK/dry")" 1 '... of one group, and says which'
is "$(dump)" "$HISTORY" '... and changes nothing'
OTHER_SIGNAL=$(sql 'SELECT count(*) FROM crash_events WHERE signal = 6')
like "$(grep '^split' "$WORK/dry")" ": $OTHER_SIGNAL events\$" '... with how many events'

sql "UPDATE crash_events SET signal = 11" # from here on it is one group
"$BIN/corral-workerd" --regroup --dry-run -c "$CONF" >"$WORK/dry" 2>&1
is "$?" 0 'where all would stay as it is, its exit status says so'
BEGAN=${EPOCHREALTIME/./}
start_workerd
ok 'stacks are grouped anew when the daemon starts' wait_for 60 regrouped
diag "grouped anew without any change in $(((${EPOCHREALTIME/./} - BEGAN) / 1000)) ms, the start of the daemon included"
is "$(last_regroup)" 'done|t' '... and the request says how far it is'
is "$(groups)" "$BEFORE" 'every group has its number, title, state and counts'
is "$(consistent)" 0 'all counts agree'
is "$(sql 'SELECT count(*) FROM group_fingerprints WHERE algorithm < 2')" 0 'keys of the old algorithm are gone'
is "$(sql 'SELECT count(DISTINCT fingerprint), count(DISTINCT group_id) FROM group_fingerprints JOIN stacks ON key = fingerprint')" \
    "$GROUPS_MADE|$GROUPS_MADE" 'each group has one key'

# --- New rules -------------------------------------------------------------------------------------------------------------------

echo 'nobody skip - function nobody_has_this' >"$RULES/site.rules"
restart_workerd
ok 'other rules: stacks are grouped anew' wait_for 60 regrouped
is "$(groups)" "$BEFORE" 'rules that are about nothing change nothing'
OLD_NAME=$(sql 'SELECT max(grouped) FROM stacks')
rm "$RULES/site.rules"
restart_workerd
ok 'and back again' wait_for 60 regrouped
unlike "$(sql 'SELECT max(grouped) FROM stacks')" "^$OLD_NAME\$" '... by another name'
is "$(groups)" "$BEFORE" '... which changes nothing either'
stack stop workerd

# --- Rules that merge and split ---------------------------------------------------------------------------------------------------

# Three pairs become one group each; a group falls into as many as it has stacks.
{
    echo 'pairs skip - function crash_1 caller_1 crash_2 caller_2 crash_3 caller_3 crash_4 caller_4 crash_5 caller_5 crash_6 caller_6'
    echo 'apart skip - function caller_20'
} >"$WORK/new.rules"
HISTORY=$(dump)
"$BIN/corral-workerd" --regroup --dry-run --rules "$WORK/new.rules" -c "$CONF" >"$WORK/dry" 2>&1
is "$?" 3 'a dry run by other rules'
is "$(dump)" "$HISTORY" '... changes nothing'
is "$(grep -c '^merge ' "$WORK/dry")" 3 '... and says which groups would be merged'
PARTS=$(sql 'SELECT count(*) FROM group_stacks WHERE group_id = 20')
is "$(grep -c '^split G-20 ' "$WORK/dry")" $((PARTS - 1)) '... and which would be split'
like "$(grep -A1 '^merge ' "$WORK/dry")" 'by memory: shared_[123] < common_[123]; before by crash_' '... and by which frames'
like "$(tail -n 1 "$WORK/dry")" "^$STACKS stacks, of which $STACKS .* 3 groups merged into another, 1 split, $((PARTS - 1)) made; [0-9]+ events move\$" '... and sums it up'

# What it says will be: number and events of each group, new ones by their events alone.
foretold() {
    local from to n _
    declare -A count
    while IFS='|' read -r from n; do count[$from]=$n; done < <(sql 'SELECT id, event_count FROM crash_groups')
    while read -r _ from to n; do
        count[$from]=$((count[$from] - n)) count[$to]=$((${count[$to]:-0} + n))
    done < <(sed -nE 's/^(merge|split) G-([0-9]+) .* (into|off to) (G-|new group )([0-9]+) .*: ([0-9]+) events?$/\1 \2 \4\5 \6/p' "$WORK/dry" |
        sed -E 's/G-//; s/new group /new/')
    for from in "${!count[@]}"; do
        case $from in
        new* | 6[1-9] | [7-9]? | ???*) echo "new ${count[$from]}" ;;
        *) echo "$from ${count[$from]}" ;;
        esac
    done | sort
}
happened() { sql "SELECT CASE WHEN id <= $GROUPS_MADE THEN id::text ELSE 'new' END || ' ' || event_count FROM crash_groups" | sort; }
FORETOLD=$(foretold)

cp "$WORK/new.rules" "$RULES/site.rules"
sql 'SELECT pg_stat_reset()' >/dev/null
BEGAN=${EPOCHREALTIME/./}
start_workerd
for i in {1..12}; do
    if PID=$(healer); then kill -KILL "$PID"; fi
    sleep "0.0$((i * 5 % 10))5"
done
ok 'the healer is killed again and again, and it comes to an end' wait_for 120 regrouped
diag "merged and split in $(((${EPOCHREALTIME/./} - BEGAN) / 1000)) ms"
is "$(happened)" "$FORETOLD" 'what happened is what was foretold'
is "$(consistent)" 0 'all counts agree'
is "$(sql 'SELECT string_agg(id::text, $$ $$ ORDER BY id) FROM crash_groups WHERE merged_into IS NOT NULL' | wc -w)" 3 'merged groups lead to another'
GONE=$(sql 'SELECT id, merged_into FROM crash_groups WHERE merged_into IS NOT NULL ORDER BY id LIMIT 1')
is "$(api "/groups/G-${GONE%|*}" | json .id)" "G-${GONE#*|}" '... under their old address'
is "$(sql "SELECT count(DISTINCT status) FROM crash_groups WHERE id > $GROUPS_MADE OR id = 20")" 1 'what was split off has the state of what it was'
like "$(column title 20)" '^SIGSEGV in crash_20\(\) a.c:3$' 'the largest part keeps number and name'
AFTER=$(groups)
is "$(sql "SELECT count(*) FROM crash_groups WHERE id <= $GROUPS_MADE AND id NOT IN (1, 2, 3, 4, 5, 6, 20) AND merged_into IS NULL")" $((GROUPS_MADE - 7)) 'the others are as they were'
stack restart workerd
is "$("$BIN/corral-workerd" --regroup -c "$CONF" | cut -d ' ' -f 1)" request 'it is asked for by hand'
ok '... which is done' wait_for 60 ended
is "$(groups)" "$AFTER" 'nothing changes any more'

# --- Merging by hand -----------------------------------------------------------------------------------------------------------------

BEFORE=$(groups)
A=41 B=42
SUM=$(($(column event_count $A) + $(column event_count $B)))
PREVIEW=$(sql "INSERT INTO grouping_requests (actor, kind, detail) VALUES ('user:eve', 'merge', '{\"group\": $A, \"into\": $B, \"preview\": true}') RETURNING id")
ok 'somebody asks what a merge would do' wait_for 20 ended
is "$(sql "SELECT (SELECT sum((g ->> 'events')::int) FROM jsonb_array_elements(detail -> 'result' -> 'groups') g) FROM grouping_requests WHERE id = $PREVIEW")" "$SUM" 'the answer has the numbers'
is "$(groups)" "$BEFORE" '... and nothing is done'
is "$(ask merge "{\"group\": $A, \"into\": $B}")" 'done' 'two groups are merged'
is "$(column merged_into $A) $(column event_count $B) $(column event_count $A)" "$B $SUM 0" '... into the one that was named'
is "$(consistent)" 0 'all counts agree'
is "$(ask merge "{\"group\": $A, \"into\": $B}")" 'failed: they are one group already' 'a second time it says so'
is "$(ask merge '{"group": 41, "into": 4711}')" 'failed: there is no such group' '... and of a group that is none'
is "$(ask undo "{\"decision\": $(decision)}")" 'done' 'it is undone'
is "$(groups)" "$BEFORE" 'everything is as before'
is "$(consistent)" 0 'all counts agree'
is "$(ask undo "{\"decision\": $(decision)}")" 'failed: it was undone already' 'a second time it says so'

# --- Splitting by hand ---------------------------------------------------------------------------------------------------------------

G=50
PARTS=$(sql "SELECT count(*) FROM group_stacks WHERE group_id = $G")
LARGEST=$(sql "SELECT max(events) FROM group_stacks WHERE group_id = $G")
sql "INSERT INTO grouping_requests (actor, kind, detail) VALUES ('user:eve', 'split', '{\"group\": $G, \"selector\": {\"frame\": 1}, \"preview\": true}')"
ok 'somebody asks what a split would do' wait_for 20 ended
is "$(sql "SELECT jsonb_array_length(detail -> 'result' -> 'values'), detail #>> '{result,values,0,events}' FROM grouping_requests ORDER BY id DESC LIMIT 1")" \
    "$PARTS|$LARGEST" 'the answer has the parts'
is "$(groups)" "$BEFORE" '... and nothing is done'
is "$(ask split "{\"group\": $G, \"selector\": {\"signal\": true}}")" 'failed: all its crashes are alike in that' 'what does not tell them apart does not split them'
is "$(ask split "{\"group\": $G, \"selector\": {\"frame\": 1}}")" 'done' 'a group is split by the frame behind those that counted'
is "$(column event_count $G)" "$LARGEST" 'the largest part keeps the number'
is "$(sql 'SELECT count(*) FROM crash_groups WHERE event_count > 0')" $(($(wc -l <<<"$BEFORE") - 3 + PARTS - 1)) 'the others are groups of their own'
is "$(consistent)" 0 'all counts agree'
SPLIT=$(decision)
echo '# another text' >>"$RULES/site.rules"
APART=$(groups)
restart_workerd
ok 'stacks are grouped anew' wait_for 60 regrouped
is "$(groups)" "$APART" 'the split holds'
echo 'caller skip - function caller_50' >>"$RULES/site.rules"
restart_workerd
ok 'other rules give its stacks other keys' wait_for 60 regrouped
is "$(sql "SELECT count(*) FROM crash_groups WHERE event_count > 0 AND title LIKE '%crash_50()%'")" "$PARTS" '... and it still holds'
is "$(consistent)" 0 'all counts agree'
sed -i '/caller_50/d' "$RULES/site.rules"
restart_workerd
ok 'the rules are as before' wait_for 60 regrouped
is "$(ask undo "{\"decision\": $SPLIT}")" 'done' 'the split is undone'
is "$(groups | grep "^$G|")" "$(grep "^$G|" <<<"$BEFORE")" 'the group is as it was'
is "$(groups | head -n $GROUPS_MADE)" "$(head -n $GROUPS_MADE <<<"$BEFORE")" '... and so are all others'
is "$(consistent)" 0 'all counts agree'
is "$(sql 'SELECT count(*) FROM key_splits')" 0 'nothing of the decision is left'

# --- A decision outlives rules ---------------------------------------------------------------------------------------------------------

BEFORE=$(groups)
is "$(ask merge '{"group": 55, "into": 56}')" 'done' 'two groups are merged'
MERGED=$(groups)
printf '%s\n' 'other skip - function caller_55 caller_56' >>"$RULES/site.rules"
restart_workerd
ok 'rules that would split both' wait_for 60 regrouped
is "$(groups)" "$MERGED" 'do not split what was merged by hand'
sed -i '/caller_55/d' "$RULES/site.rules"
restart_workerd
ok 'the rules are as before' wait_for 60 regrouped
is "$(ask undo "{\"decision\": $(decision)}")" 'done' 'the merge is undone'
is "$(groups)" "$BEFORE" 'everything is as before'
is "$(consistent)" 0 'all counts agree'

# Cut off in the middle of a merge of many events and of its undoing.
ID=$(sql "INSERT INTO grouping_requests (actor, kind, detail) VALUES ('user:eve', 'merge', '{\"group\": 57, \"into\": 58}') RETURNING id")
for _ in {1..5}; do if PID=$(healer); then kill -KILL "$PID"; fi; sleep 0.15; done
ok 'a merge that is cut off' wait_for 60 ended
is "$(sql "SELECT state FROM grouping_requests WHERE id = $ID") $(consistent)" 'done 0' '... comes to its end'
ID=$(sql "INSERT INTO grouping_requests (actor, kind, detail) VALUES ('user:eve', 'undo', '{\"decision\": $(decision)}') RETURNING id")
for _ in {1..5}; do if PID=$(healer); then kill -KILL "$PID"; fi; sleep 0.15; done
ok 'and so does its undoing' wait_for 60 ended
is "$(groups)" "$BEFORE" 'everything is as before'
is "$(consistent)" 0 'all counts agree'

# --- All of it ---------------------------------------------------------------------------------------------------------------------------

stack stop workerd
echo 'all skip - function crash_* caller_*' >"$RULES/site.rules"
"$BIN/corral-workerd" --regroup --dry-run -c "$CONF" >"$WORK/dry" 2>&1
FORETOLD=$(foretold)
BEGAN=${EPOCHREALTIME/./}
start_workerd
ok 'rules that move nearly everything' wait_for 120 regrouped
diag "$(sed -nE 's/.* ([0-9]+ events move)/\1/p' "$WORK/dry"): $(((${EPOCHREALTIME/./} - BEGAN) / 1000)) ms"
is "$(happened)" "$FORETOLD" '... as it was foretold'
is "$(consistent)" 0 'all counts agree'
rm "$RULES/site.rules"
restart_workerd
ok 'and back again' wait_for 120 regrouped
is "$(consistent)" 0 'all counts agree'

# --- While crashes come in ---------------------------------------------------------------------------------------------------------------

# Each of ten places crashes time and again, while the healer is killed under the regrouping that moves everything.
AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
crash() { # NUMBER
    curl -fsS --max-time 20 -o "$WORK/answer" -H "$AUTH" "$CORRAL_INGEST_URL/api/v1/crashes" -F "meta=$(printf \
        '{"crash_id":"%s","hostname":"host%s","executable":"/usr/bin/app70","version":"1","signal":11,"fidelity":"meta","core_problem":"over the limit","pc_module":"/usr/bin/app70","pc_build_id":"%s","pc_offset":%d}' \
        "$(uuid)" "$1" aabb01 $((4096 + $1 % 10)));type=application/json"
}
stored() { [ "$(sql "SELECT count(*) FROM crash_events e JOIN programs p ON p.id = e.program_id WHERE executable = '/usr/bin/app70'")" = "$1" ]; }
for i in {1..10}; do crash "$i"; done
ok 'crashes of ten new places' wait_for 30 stored 10
stack stop workerd
echo 'all skip - function crash_* caller_*' >"$RULES/site.rules"
start_workerd
for i in {11..70}; do
    crash "$i"
    if [ $((i % 9)) = 0 ] && PID=$(healer); then kill -KILL "$PID"; fi
done
ok 'sixty more while everything moves' wait_for 60 stored 70
ok '... which comes to its end' wait_for 120 regrouped
EVENTS=$((EVENTS + 70))
is "$(consistent)" 0 'all counts agree'
is "$(sql "SELECT count(*), min(event_count), max(event_count) FROM crash_groups g WHERE executable = '/usr/bin/app70' AND merged_into IS NULL")" '10|7|7' \
    'each place is one group'

# --- Analysing a group again -------------------------------------------------------------------------------------------------------------

like "$("$BIN/corral-workerd" --reanalyse --group G-60 -c "$CONF")" '^request [0-9]+ left' 'a group is to be analysed again'
ok '... which is done' wait_for 120 ended
is "$(sql "SELECT state, total = done, total > 100 FROM grouping_requests ORDER BY id DESC LIMIT 1")" 'done|t|t' '... and counted'
is "$("$BIN/corral-workerd" --reanalyse --group G-4711 -c "$CONF" 2>&1)" 'corral-workerd: there is no group G-4711' 'of a group that is none it says so'
done_testing
