#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# corralctl demo over a real server: what it says is there is there, in the lists and on the pages' REST; it is there once; and
# --remove takes it away, and nothing of anybody else.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need jq

need_file_cores
# shellcheck disable=SC2119
stack_up
export HOME=$WORK/home
mkdir -p "$HOME"

OUT='' ERR='' RC=''
ctl() { # ARGUMENT...: sets OUT, ERR, RC
    "$BIN/corralctl" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
    RC=$?
    OUT=$(cat "$WORK/out") ERR=$(cat "$WORK/err")
}
ends() { # STATUS DESCRIPTION
    is "$RC" "$1" "$2" || diag "stdout: ${OUT:0:500} stderr: ${ERR:0:500}"
}
jq_out() { jq -er "$1" <<<"$OUT"; } # FILTER

# What tells one group from another here, and how many rows each table has that tells of crashes.
TABLES='crash_groups crash_events event_counts hosts programs environments group_hours group_hosts group_programs group_environments
    group_stacks group_fingerprints group_labels group_links group_activity group_rests group_names stack_lineages missing_modules'
counts() {
    local table
    for table in $TABLES; do
        sql "SELECT '$table', count(*) FROM $table"
    done
}
folders() { find "$STACK/data" -mindepth 1 -name '????????-????-7???-????-????????????' | wc -l; }
group_of() { sql "SELECT DISTINCT 'G-' || g.group_id FROM group_programs g JOIN programs p ON p.id = g.program_id WHERE p.executable LIKE '%/$1'"; }
status_of() { api "/groups/$(group_of "$1")" | jq -r .status; }

# --- Before ---------------------------------------------------------------------------------------------------------

ctl demo --dry-run --json
is "$RC $(jq_out '"\(.state) \(.groups | length) \(.host_count) \(.version_count)"')" '0 planned 8 6 3' '--dry-run says what there would be'
PLANNED_CRASHES=$(jq_out .crash_count)
ctl demo --dry-run --json --seed 2
ok 'another seed is another past' test "$(jq_out .crash_count)" != "$PLANNED_CRASHES"
is "$(sql 'SELECT count(*) FROM crash_events')" 0 'and nothing is sent'
ctl demo --remove
ends 3 'there is nothing to remove'
WRITE=$("$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-token write demo-write 2>/dev/null)
CORRAL_TOKEN=$WRITE ctl demo
ends 4 'a token of another scope'
like "$ERR" 'needs a token of the scope admin' 'is told which one it takes'
is "$(counts | awk '{ n += $NF } END { print n + 0 }')" 0 'and still nothing is there'

# --- Filled ---------------------------------------------------------------------------------------------------------

begun=$SECONDS
ctl demo --json
ends 0 'demo'
diag "it took $((SECONDS - begun)) s"
is "$ERR" '' 'with nothing to complain of'
is "$(jq_out '"\(.state) \(.groups | length)"')" 'there 8' 'says what is there'
CRASHES=$(jq_out .crash_count)
is "$CRASHES" "$PLANNED_CRASHES" 'which is what was planned'
is "$(sql 'SELECT sum(event_count) FROM crash_groups WHERE merged_into IS NULL')" "$CRASHES" 'all of it is counted'
is "$(sql 'SELECT count(*) FROM crash_groups WHERE merged_into IS NULL')" 8 'a group for each program, and no other'
is "$(sql 'SELECT count(*) FROM hosts') $(sql "SELECT count(*) FROM hosts WHERE hostname LIKE 'demo-%'")" '6 6' 'six hosts, all marked'
is "$(sql "SELECT count(DISTINCT version) FROM programs WHERE version <> ''")" 3 'three versions'
is "$(sql "SELECT count(*) FROM group_labels WHERE label = 'demo'")" 8 'all groups are labelled'
DAYS=$(sql "SELECT count(DISTINCT hour::date) FROM group_hours")
ok "thirty days: $DAYS" test "$DAYS" -ge 29 -a "$DAYS" -le 32
is "$(sql "SELECT count(*) FROM group_hours WHERE hour > now()")" 0 'none of them in the future'

while read -r program function file; do
    ctl show "$(group_of "$program")" --json
    is "$RC $(jq_out "[.stack[] | select(.function != null and (.function | test(\"$function\")) and (.file // \"\" | endswith(\"$file\")) and .line > 0)] | length > 0")" \
        '0 true' "$program has functions and lines"
    ok 'and one that was seen in its main' jq -e '[.stack[].function | strings | test("^main")] | any' <<<"$OUT"
done <<'EOT'
session-cache session_age client/demo/session-cache.c
image-thumbs release_pixels client/demo/image-thumbs.c
json-walk depth_of client/demo/json-walk.c
job-queue queue_push client/demo/job-queue.c
ledger balance client/demo/ledger.cc
rate-meter packets_per_second client/demo/rate-meter.c
chat-relay deliver client/demo/chat-relay.c
lock-order watch_progress client/demo/lock-order.c
EOT
like "$(api "/groups/$(group_of job-queue)" | jq -r .title)" 'queue_push' 'titles say where'
EVENT=$(sql "SELECT crash_id FROM crash_events e JOIN programs p ON p.id = e.program_id WHERE p.executable LIKE '%/lock-order'
    AND stack_id IS NOT NULL LIMIT 1")
ok 'all threads of the deadlock are there' jq -e '.threads | length == 6 and ([.[].frames[].function | strings] | index("take_second") != null)' \
    <<<"$(api "/events/$EVENT/analysis")"
is "$(sql "SELECT h.hostname FROM group_hosts g JOIN hosts h ON h.id = g.host_id WHERE h.hostname <> '' GROUP BY 1
    ORDER BY count(*) FILTER (WHERE g.last_seen > now() - interval '11 days') DESC, 1 LIMIT 1")" demo-db-2 'the host with bad memory is in most groups of late'

# --- The story ------------------------------------------------------------------------------------------------------

is "$(status_of session-cache)" regressed 'one was resolved and is back'
is "$(api "/groups/$(group_of session-cache)" | jq -r '.activity[] | select(.kind == "regressed") | .version')" 2.4.0 'with the third version'
is "$(status_of rate-meter)" resolved 'one is resolved'
is "$(status_of ledger)" muted 'one is muted'
is "$(api "/groups/$(group_of chat-relay)" | jq -r '"\(.assignee != null) \(.labels | join(" ")) \(.links | length) \([.activity[] | select(.kind == "commented")] | length)"')" \
    "$(sql 'SELECT count(*) > 0 FROM users' | sed 's/t/true/; s/f/false/') customer demo memory-safety 1 2" 'one is assigned, labelled, linked and discussed'
ok 'the worker looks at states when it starts' stack restart workerd
escalating() { [ "$(status_of job-queue)" = escalating ]; }
ok 'one escalates' wait_for 90 escalating
is "$(status_of lock-order)" new 'one is new'
is "$(api '/groups?status=escalating' | jq -r '[.groups[].id] | join(" ")')" "$(group_of job-queue)" 'which its list has'
is "$(api '/groups?status=open' | jq '.groups | length')" 6 'as that of open ones'
is "$(status_of json-walk) $(status_of image-thumbs)" 'ongoing ongoing' 'the others are known'

# --- Twice ----------------------------------------------------------------------------------------------------------

counts >"$WORK/counts"
ctl demo
ends 5 'a second time'
like "$ERR" 'already' 'it is there already'
counts >"$WORK/counts.2"
ok 'and is not doubled' cmp "$WORK/counts" "$WORK/counts.2"

# --- Removed --------------------------------------------------------------------------------------------------------

ctl demo --remove --dry-run --json
is "$RC $(jq_out length)" '0 8' '--remove --dry-run'
ctl demo --remove
ends 0 '--remove'
left() { counts | awk '$NF != "0" && $NF !~ /[|]0$/'; }
is "$(left)" '' 'leaves nothing in any table'
is "$(folders)" 0 'and no folder'
ctl groups --status all
ends 3 'the list is empty'

# --- Beside others --------------------------------------------------------------------------------------------------

CRASHER=$ROOT/build/crashers/nullderef
make_core "$WORK/null" "$CRASHER"
ctl submit "$WORK/null/core" --host demo-web-1
ends 0 "somebody's own crash, on a host that has such a name"
OWN=${OUT##*/}
own_is_there() { api "/events/$OWN" | jq -e '.state == "complete"'; }
ok 'is analysed' wait_for 60 own_is_there
OWN_GROUP=$(api "/events/$OWN" | jq -r .group)
ctl label "$OWN_GROUP" demo # the label alone says nothing
counts >"$WORK/own"
ctl demo
ends 5 'a server with other groups is refused'
like "$ERR" 'groups of its own \(1\).*--force' 'unless it is forced'
ctl demo --force --json
is "$RC $(jq_out '.groups | length')" '0 8' '--force'
is "$(sql 'SELECT count(*) FROM crash_groups')" 9 'puts it beside'
ctl demo --remove
ends 0 '--remove'
counts >"$WORK/own.2"
ok 'leaves what was there as it was' diff "$WORK/own" "$WORK/own.2"
is "$(folders)" 1 'with its folder'
ctl show "$OWN_GROUP" --json
is "$RC $(jq_out .event_count)" '0 1' 'and its group'

# A program of the demo that crashed on somebody's own host: the demo's crashes of it come into that group, which is kept.
make_core "$WORK/rate" "$BUILD/lib/corral/demo/rate-meter"
ctl submit "$WORK/rate/core" --host app-1
OWN=${OUT##*/}
ok 'a program of the demo, on another host' wait_for 60 own_is_there
OWN_GROUP=$(api "/events/$OWN" | jq -r .group)
ctl demo --dry-run --remove
ends 3 'is no part of it'
ctl demo --force
ends 0 'demo'
ctl demo --remove --json
is "$RC $(jq_out length)" '0 7' 'a group with a crash from elsewhere is kept'
ctl show "$OWN_GROUP" --json
ok 'as it is' jq -e '[.hosts[].host] | index("app-1") != null' <<<"$OUT"
done_testing
