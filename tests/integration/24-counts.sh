#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 120
# Crashes that their hosts only counted: each report counts once, whatever is delivered twice or killed on the way, in the group of the
# crash that it is like, or else in one that is made of what is known.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl gcore redis-cli

mkdir -p "$STACK/conf"
# Quicker than in production, so that what a dead worker left is taken over within the test's time.
printf '%s\n' 'claim_idle = 2s' 'module_grace = 20s' >"$STACK/conf/workerd.extra"
printf '%s\n' 'want_none_after = 1000' >"$STACK/conf/ingestd.extra"
stack_up
ok 'no sender in this test' stack stop sender

DATA=$STACK/data
AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
CRASHES=$CORRAL_INGEST_URL/api/v1/crashes

# --- Material -------------------------------------------------------------------------------------------------------

sleep 1000 &
VICTIM=$!
ok 'a core of a living process' gcore -o "$WORK/core" "$VICTIM"
kill "$VICTIM"
mv "$WORK/core.$VICTIM" "$WORK/core"

crash() { # ID [MEMBERS]: a crash with a core
    request -H "$AUTH" -F "meta={\"crash_id\":\"$1\",\"hostname\":\"web1\",\"executable\":\"/usr/bin/sleep\",\"signal\":11${2:-}};type=application/json" \
        -F "core=@$WORK/core;type=application/octet-stream" "$CRASHES"
}

NOW=$(date -u +%Y-%m-%dT%H:%M:%SZ)
tally() { # ID NUMBER [MEMBERS]: so many crashes that were counted
    request -H "$AUTH" -F "meta={\"crash_id\":\"$1\",\"hostname\":\"web2\",\"executable\":\"/usr/bin/sleep\",\"comm\":\"sleep\",\"signal\":11,\
\"timestamp\":\"$NOW\",\"fidelity\":\"count\",\"occurrences\":$2,\"core_problem\":\"over the limit of this kind\"${3:-}};type=application/json" "$CRASHES"
}

stored() { [ "$(sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'")" = 1 ]; }               # ID
group_of() { sql "SELECT group_id FROM crash_events WHERE crash_id = '$1'"; }                           # ID
count_of() { sql "SELECT event_count FROM crash_groups WHERE id = (SELECT group_id FROM crash_events WHERE crash_id = '$1')"; } # ID
title_of() { sql "SELECT title FROM crash_groups WHERE id = (SELECT group_id FROM crash_events WHERE crash_id = '$1')"; }       # ID
done_with() { [ ! -e "$DATA/pending/$1" ]; }                                                            # ID
log_of() { grep "msg=job crash_id=$1" "$STACK/log/workerd.log"; }                                       # ID
nothing_pending() { [ -z "$(ls "$DATA/pending")" ]; }
# So that a like that does not come is not waited for any longer: the record's own clock says when it was received.
age() { # ID: of its receipt, two minutes more
    sed -i "s/\"received_at\":\"[^\"]*\"/\"received_at\":\"$(date -u -d '2 minutes ago' +%Y-%m-%dT%H:%M:%S.000000Z)\"/" \
        "$(find "$DATA/crashes" -mindepth 4 -maxdepth 4 -name "$1")/meta.json"
}

consistent() { echo $(($(counted_wrong) + $(searched_wrong))); }
counted_wrong() { # the counters agree with the events, each taken as often as it says
    sql "WITH e AS (SELECT e.*, coalesce(c.crashes, 1) AS n FROM crash_events e LEFT JOIN event_counts c USING (crash_id, received_at))
         SELECT count(*) FROM crash_groups g WHERE
             event_count <> (SELECT sum(n) FROM e WHERE e.group_id = g.id)
          OR host_count <> (SELECT count(DISTINCT host_id) FROM e WHERE e.group_id = g.id)
          OR event_count <> (SELECT sum(events) FROM group_hours h WHERE h.group_id = g.id)
          OR event_count <> (SELECT sum(events) FROM group_hosts h WHERE h.group_id = g.id)
          OR event_count <> (SELECT sum(events) FROM group_programs p WHERE p.group_id = g.id)
          OR EXISTS (SELECT FROM e WHERE (flags & 8 <> 0) <> (n <> 1 OR crash_id IN (SELECT crash_id FROM event_counts)))"
}

# --- Like one that is there -----------------------------------------------------------------------------------------

FIRST=$(uuid)
crash "$FIRST"
ok 'a crash with a core is an event' wait_for 20 stored "$FIRST"
TALLY=$(uuid)
tally "$TALLY" 41 ",\"like\":\"$FIRST\",\"first_at\":\"$(date -u -d "$NOW -3 hours" +%Y-%m-%dT%H:%M:%SZ)\""
is "$STATUS" 202 'a report of 41 like it is accepted'
ok 'it is an event' wait_for 20 stored "$TALLY"
is "$(group_of "$TALLY")" "$(group_of "$FIRST")" 'of the same group'
is "$(count_of "$FIRST")" 42 'which has 42 crashes now'
is "$(sql 'SELECT host_count FROM crash_groups')" 2 'of two hosts'
is "$(sql 'SELECT count(*), sum(events), min(events) FROM group_hours')" '4|42|10' 'spread over the hours since the first of them'
is "$(sql "SELECT flags & 8, stack_id IS NULL, pid IS NULL FROM crash_events WHERE crash_id = '$TALLY'")" '8|t|t' 'the event says that it was counted, and has no stack'
is "$(sql 'SELECT crashes FROM event_counts')" 41 'and stands for 41'
like "$(log_of "$TALLY")" 'result=counted' 'the log says so'
tally "$TALLY" 41 ",\"like\":\"$FIRST\""
is "$STATUS" 200 'the same report again: 200'
touch "$DATA/pending/$TALLY"
for _ in 1 2 3 4 5; do redis XADD corral:jobs '*' crash "$TALLY" >/dev/null; done
repeated() { [ "$(log_of "$TALLY" | grep -c result=repeated)" -ge 5 ]; }
ok 'five more jobs of it' wait_for 20 repeated
is "$(count_of "$FIRST") $(consistent)" '42 0' 'count nothing'

sql "UPDATE crash_groups SET status = 'resolved', resolved_at = now()"
LATER=$(uuid)
tally "$LATER" 2 ",\"like\":\"$FIRST\""
ok 'a report after the group was resolved' wait_for 20 stored "$LATER"
is "$(sql 'SELECT status FROM crash_groups')" regressed 'makes it regressed'
ONE=$(uuid)
tally "$ONE" 1 ",\"like\":\"$FIRST\""
ok 'a report of one' wait_for 20 stored "$ONE"
is "$(count_of "$FIRST") $(consistent)" '45 0' 'counts one'

# --- Like one that comes later --------------------------------------------------------------------------------------

LATE=$(uuid)
EARLY=$(uuid)
tally "$EARLY" 7 ",\"like\":\"$LATE\""
put_back() { log_of "$1" | grep -q result=put_back; } # ID
ok 'a report like a crash that is not there yet is put back' wait_for 10 put_back "$EARLY"
ok 'it stays pending' test -e "$DATA/pending/$EARLY"
BESIDE=$(uuid)
crash "$BESIDE"
ok 'no worker waits for it' wait_for 5 stored "$BESIDE"
crash "$LATE" ',"executable":"/usr/bin/other"'
is "$STATUS" 400 'no key comes twice'
request -H "$AUTH" -F "meta={\"crash_id\":\"$LATE\",\"hostname\":\"web1\",\"executable\":\"/usr/bin/late\",\"signal\":6,\"core_problem\":\"none was kept\"}" "$CRASHES"
is "$STATUS" 202 'then that crash comes'
ok 'the report is an event' wait_for 20 stored "$EARLY"
is "$(group_of "$EARLY")" "$(group_of "$LATE")" 'of its group'
is "$(count_of "$LATE")" 8 'with its number'

# --- Like one that never comes --------------------------------------------------------------------------------------

NEVER=$(uuid)
UNKNOWN=$(uuid)
tally "$UNKNOWN" 9 ",\"like\":\"$NEVER\",\"pc_module\":\"/usr/lib/libzap.so.1\",\"pc_build_id\":\"aabb01\",\"pc_offset\":4660"
ok 'a report like a crash that never comes is put back' wait_for 10 put_back "$UNKNOWN"
age "$UNKNOWN"
ok 'but not for ever' wait_for 20 stored "$UNKNOWN"
is "$(title_of "$UNKNOWN") $(count_of "$UNKNOWN")" 'SIGSEGV in libzap.so.1+0x1234 9' 'its group is made of where the program counter was'
MISSED=$(uuid)
tally "$MISSED" 3
ok 'a report that nothing else is known of' wait_for 20 stored "$MISSED"
is "$(title_of "$MISSED") $(count_of "$MISSED")" 'SIGSEGV in sleep 3' 'is grouped by program, signal and reason'
BARE=$(uuid)
request -H "$AUTH" -F "meta={\"crash_id\":\"$BARE\",\"executable\":\"/usr/bin/x\",\"signal\":11,\"fidelity\":\"meta\",\"core_problem\":\"over the limit\",\"pc_module\":\"/usr/lib/libzap.so.1\",\"pc_build_id\":\"aabb01\",\"pc_offset\":4660}" "$CRASHES"
ok 'a crash of which only metadata was kept' wait_for 20 stored "$BARE"
is "$(group_of "$BARE")" "$(group_of "$UNKNOWN")" 'is of the group of its program counter, too'
is "$(sql "SELECT modules FROM stacks JOIN crash_events ON stack_id = stacks.id WHERE crash_id = '$BARE'")" '{/usr/lib/libzap.so.1}' 'which is its stack of one frame'
WRONG=$(uuid)
tally "$WRONG" 4 ',"like":"nonsense"'
ok 'a report like something that is no crash id' wait_for 20 stored "$WRONG"
is "$(group_of "$WRONG")" "$(group_of "$MISSED")" 'is grouped as if it said nothing'
tally "$(uuid)" 0
is "$STATUS" 422 'a report of none is refused'
tally "$(uuid)" 99999999999
is "$STATUS" 422 'and one of too many'
is "$(consistent)" 0 'counters agree with events'

# --- Killed in the middle -------------------------------------------------------------------------------------------

# Every report is sent until it was answered, as the sender does it, while workerd, ingestd and Redis die around it.
deliver() { # TALLIES: of 1 to 20 crashes each; their sum goes to SUM
    local n id number
    SUM=0
    for ((n = 0; n < $1; n++)); do
        id=$(uuid)
        number=$((1 + RANDOM % 20))
        SUM=$((SUM + number))
        until tally "$id" "$number" ",\"like\":\"$FIRST\"" && [[ $STATUS =~ ^20[02]$ ]]; do sleep 0.05; done
        if ((RANDOM % 3 == 0)); then tally "$id" "$number" ",\"like\":\"$FIRST\""; fi
    done >/dev/null
    echo "$SUM" >"$WORK/sum"
}
BEFORE=$(count_of "$FIRST")
deliver 60 &
DELIVERY=$!
while kill -0 "$DELIVERY" 2>/dev/null; do
    stack kill workerd
    stack start workerd
    stack kill ingestd
    stack start ingestd
    redis FLUSHALL >/dev/null
done
wait "$DELIVERY"
ok 'all are worked off' wait_for 60 nothing_pending
is "$(count_of "$FIRST")" "$((BEFORE + $(cat "$WORK/sum")))" 'each crash was counted once'
is "$(consistent)" 0 'counters agree with events'

# --- What the server would like -------------------------------------------------------------------------------------

wanted() { json .want.core <<<"$BODY"; }
ok 'ingestd restarts' stack restart ingestd
A=$(uuid)
crash "$A" ',"kind":"0a","fidelity":"slim"'
is "$(wanted)" full 'of a kind that it has no full core of: a full one'
crash "$A" ',"kind":"0a","fidelity":"slim"'
is "$STATUS $(wanted)" '200 full' 'the same crash again: the same'
crash "$(uuid)" ',"kind":"0a","fidelity":"full"'
is "$(wanted)" slim 'when one is on its way: slim ones'
request -H "$AUTH" -H 'Upload-Offset: 0' -H 'Upload-Complete: ?1' -T "$WORK/core" "$CRASHES/$A/core"
is "$STATUS" 204 'the full core comes'
crash "$(uuid)" ',"kind":"0a","fidelity":"slim"'
is "$(wanted)" slim 'then, too'
tally "$(uuid)" 1000 ",\"kind\":\"0a\",\"like\":\"$FIRST\""
is "$(wanted)" none 'after a thousand within an hour: none'
crash "$(uuid)" ',"kind":"0b"'
is "$(wanted)" full 'of another kind: a full one'

# --- Quota ----------------------------------------------------------------------------------------------------------

echo 'quota_crashes = 3' >>"$STACK/conf/ingestd.conf"
ok 'ingestd restarts with a quota of 3 a minute' stack restart ingestd
for _ in 1 2 3; do
    tally "$(uuid)" 5
    is "$STATUS" 202 'within it: 202'
done
tally "$(uuid)" 5
is "$STATUS" 429 'over it: 429'
like "$HEADERS" 'Retry-After: [0-9]+' 'which says when to try again'
like "$(json .detail <<<"$BODY")" quota_crashes 'and why'
request -H "Authorization: Bearer $CORRAL_TOKEN" -F "meta={\"crash_id\":\"$(uuid)\",\"core_problem\":\"x\"}" "$CRASHES"
is "$STATUS" 202 'another token has its own'

# --- What people see ------------------------------------------------------------------------------------------------

is "$(api "/groups/$(group_of "$UNKNOWN")" | json '.event_count, (.hours | add)')" "$(printf '10\n10')" 'the group counts crashes, not reports'
is "$(api "/events/$UNKNOWN" | json '.crashes, .fidelity')" "$(printf '9\ncount')" 'the event says that it stands for 9'
done_testing
