#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 120
# What people decide about groups on the dashboard is done by the workers, and is what the preview said: crashes of one program are
# split by the function further out, merged with others, analysed again, and all of it is undone.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need gdb jq

mkdir -p "$STACK/conf"
printf '%s\n' 'heal_delay = 300ms' >"$STACK/conf/workerd.extra"
# shellcheck disable=SC2119
stack_up
stack stop sender

AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
CRASHES=$CORRAL_INGEST_URL/api/v1/crashes
ID=$(printf 'a%.0s' {1..40})

# --- Material -------------------------------------------------------------------------------------------------------

cat >"$WORK/app.c" <<'C'
int volatile *nowhere;
#define CALL __attribute__((noinline)) static int
CALL evict(int n) { return *nowhere + n; }
CALL cache_put(int n) { return evict(n) + 1; }
CALL from_request(int n) { return cache_put(n) * 2; }
CALL from_timer(int n) { return cache_put(n) * 3; }
CALL parse(int n) { return *nowhere * n; }
CALL load(int n) { return parse(n) * 4; }
int main(int argc, char **argv)
{
    return *argv[1] == 'r' ? from_request(argc) : *argv[1] == 't' ? from_timer(argc) : load(argc) + 1;
}
C
core() { # LETTER
    gdb -batch -nx -ex "run $1" -ex "generate-core-file $WORK/core.$1" "$WORK/app" >>"$WORK/gdb.log" 2>&1
    [ -s "$WORK/core.$1" ]
}
stored() { [ "$(sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'")" = 1 ]; }
crash() { # LETTER HOST
    local id
    id=$(uuid)
    request -H "$AUTH" -F "meta={\"crash_id\":\"$id\",\"hostname\":\"$2\",\"executable\":\"$WORK/app\",\"version\":\"1.0\",\"signal\":11};type=application/json" \
        -F "core=@$WORK/core.$1;type=application/octet-stream" "$CRASHES"
    wait_for 20 stored "$id"
}
group_of() { # FUNCTION: the groups whose stacks have it
    sql "SELECT string_agg(DISTINCT group_id::text, ' ') FROM group_stacks m JOIN stacks s ON s.id = m.stack_id WHERE s.functions @> ARRAY['$1']"
}
facts_of() { sql "SELECT event_count, host_count, (SELECT count(*) FROM group_stacks WHERE group_id = id), status FROM crash_groups WHERE id = $1"; }

ok 'a program' gcc -g -O1 -fno-optimize-sibling-calls -Wl,--build-id="0x$ID" -o "$WORK/app" "$WORK/app.c"
request -H "$AUTH" -X PUT --data-binary "@$WORK/app" "$CORRAL_INGEST_URL/api/v1/modules/$ID/executable"
is "$STATUS" 201 'known to the server'
for letter in r t p; do ok "dies by way $letter" core "$letter"; done
for host in web-1 web-2 web-3; do crash r "$host"; done
for host in web-1 db-1; do crash t "$host"; done
for host in web-1 db-2; do crash p "$host"; done
CACHE=$(group_of evict)
PARSE=$(group_of parse)
is "$(facts_of "$CACHE")" '5|4|2|new' 'two ways into one function are one group'
is "$(facts_of "$PARSE")" '2|2|1|new' 'another function is another'

# --- Helpers --------------------------------------------------------------------------------------------------------

request -c "$WORK/jar" -H 'Sec-Fetch-Site: same-origin' --data-urlencode "name=admin" --data-urlencode "password@$STACK/password" "$CORRAL_URL/login"
page() { request -b "$WORK/jar" "${@:2}" "$CORRAL_URL$1"; } # PATH [CURL-ARGUMENT...]
CSRF=$(curl -sS -b "$WORK/jar" "$CORRAL_URL/" | sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p' | head -n 1)
REQUEST=
ended() { api "$REQUEST" | jq -e '.state == "done" or .state == "failed"'; }
do_it() { # DESCRIPTION PATH [FIELD...]: what a person asks for on a page, until it is done
    page "$2" -H 'Sec-Fetch-Site: same-origin' -d "csrf=$CSRF" "${@:3}"
    REQUEST=$(sed -n 's/^Location: //Ip' <<<"$HEADERS")
    like "$STATUS $REQUEST" '^303 /grouping-requests/[0-9]+$' "$1 is asked for"
    ok '… and comes to its end' wait_for 30 ended
    is "$(api "$REQUEST" | jq -r '[.state, .problem] | join(" ")')" 'done ' '… a good one'
    page "$REQUEST"
    like "$STATUS $BODY" '^200 .*st-done' '… which its page tells'
}
decision() { sql "SELECT max(id) FROM grouping_decisions WHERE undone_at IS NULL"; }
consistent() { # groups whose counts are not those of their events
    sql "SELECT count(*) FROM crash_groups g WHERE merged_into IS NULL AND (event_count <> (SELECT count(*) FROM crash_events e WHERE e.group_id = g.id)
         OR host_count <> (SELECT count(DISTINCT host_id) FROM crash_events e WHERE e.group_id = g.id))"
}

# --- Split ----------------------------------------------------------------------------------------------------------

api "/groups/G-$CACHE/split" >"$WORK/split.json"
is "$(jq -r '.choices[] | select(.by == "frame-1") | [.camps[] | "\(.value) \(.event_count) \(.stack_count)"] | join(", ")' "$WORK/split.json")" \
    'from_request 3 1, from_timer 2 1' 'the preview of a split'
do_it 'a split' "/groups/G-$CACHE/split" -d by=frame-1
TIMER=$(group_of from_timer)
is "$(group_of from_request)" "$CACHE" 'the larger camp keeps its group'
like "$TIMER" "^[0-9]+$" 'the other has one of its own'
unlike " $CACHE $PARSE " " $TIMER " '… a new one'
is "$(facts_of "$CACHE" | cut -d '|' -f 1,3) $(facts_of "$TIMER" | cut -d '|' -f 1,3)" '3|1 2|1' 'with as many events as was said'
is "$(consistent)" 0 'and all counts agree'
crash t web-9
is "$(facts_of "$TIMER" | cut -d '|' -f 1)" 3 'a crash to come is told apart in the same way'
page "/groups/G-$CACHE"
like "$BODY" 'Split by the first frame behind those that count' 'the group has it in its history'
is "$(api "/groups/G-$CACHE" | json '[.similar[].id] | index("G-'"$TIMER"'") != null')" true 'and the two are similar'
do_it 'an undo' "/groups/G-$CACHE/undo" -d "decision=$(decision)"
is "$(group_of evict) $(facts_of "$CACHE" | cut -d '|' -f 1,2,3)" "$CACHE 6|5|2" 'they are one again'
page "/groups/G-$TIMER"
is "$STATUS $(sed -n 's/^Location: //Ip' <<<"$HEADERS")" "303 /groups/G-$CACHE" 'to which the other leads'
page "/groups/G-$CACHE"
like "$BODY" '; undone ' 'which the history tells'
is "$(consistent)" 0 'and all counts agree'

# --- Merge ----------------------------------------------------------------------------------------------------------

curl -fsS -X POST -H "Authorization: Bearer $CORRAL_TOKEN" "$CORRAL_URL/api/v1/groups/G-$PARSE/resolve" >/dev/null
api "/groups/G-$PARSE/merge?into=G-$CACHE" >"$WORK/merge.json"
said() { jq -r ".$1 | [.event_count, .host_count, .stack_count, .status] | join(\"|\")" "$WORK/merge.json"; }
is "$(said group) $(said into)" "$(facts_of "$PARSE") $(facts_of "$CACHE")" 'the preview of a merge'
TITLE=$(jq -r .result.title "$WORK/merge.json")
SEEN=$(jq -r '.result | [.first_seen, .last_seen] | join(" ")' "$WORK/merge.json")
BEFORE=$(sql "SELECT status, title FROM crash_groups WHERE id = $CACHE")
do_it 'a merge' "/groups/G-$PARSE/merge" -d "into=G-$CACHE"
is "$(facts_of "$CACHE")" "$(said result)" 'is what the preview said'
is "$(api "/groups/G-$CACHE" | json .title)" "$TITLE" 'with the title that it said'
is "$(api "/groups/G-$CACHE" | json '[.first_seen, .last_seen] | join(" ")')" "$SEEN" 'and the times'
page "/groups/G-$PARSE"
is "$STATUS $(sed -n 's/^Location: //Ip' <<<"$HEADERS")" "303 /groups/G-$CACHE" 'the address of what was merged leads there'
is "$(api "/groups/G-$PARSE" | json .id)" "G-$CACHE" 'that of the API as well'
page "/groups/G-$CACHE"
like "$BODY" "Merged G-$PARSE into this" 'the group has it in its history'
is "$(consistent)" 0 'and all counts agree'
do_it 'an undo' "/groups/G-$CACHE/undo" -d "decision=$(decision)"
is "$(facts_of "$PARSE" | cut -d '|' -f 1,2,3) $(facts_of "$CACHE" | cut -d '|' -f 1,2,3)" '2|2|1 6|5|2' 'they are two again'
is "$(sql "SELECT status, title FROM crash_groups WHERE id = $CACHE")" "$BEFORE" 'the survivor is as it was'
is "$(facts_of "$PARSE" | cut -d '|' -f 4)" resolved 'and so is the other'
is "$(consistent)" 0 'and all counts agree'

# --- Analyse again --------------------------------------------------------------------------------------------------

do_it 'analysing the events of a group again' "/groups/G-$PARSE/reprocess"
reanalysed() { sql "SELECT count(*) FROM event_reanalyses r JOIN crash_events e USING (crash_id, received_at) WHERE e.group_id = $1"; }
is "$(reanalysed "$PARSE") $(api "$REQUEST" | json '"\(.done) of \(.total)"')" '2 2 of 2' 'is done with each'
do_it 'analysing those with a build-id again' "/groups/G-$CACHE/reprocess" -d "build_id=$ID"
is "$(sql "SELECT count(DISTINCT action) FROM audit_log WHERE action IN ('group.merge.ask', 'group.split.ask', 'group.undo.ask', 'group.reprocess.ask')
    AND actor = 'user:admin'")" 4 'all of it is written down'

done_testing
