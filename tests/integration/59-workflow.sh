#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 300
# What people do with groups, and what crashes and time do to what they did: resolved in a version, muted until something, assigned,
# labelled, discussed; one at a time, many at once, by two people at once. Crashes come in through the daemons.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl jq

# shellcheck disable=SC2119
stack_up
ok 'no sender in this test' stack stop sender
AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
WRITE="Authorization: Bearer $CORRAL_TOKEN"

# --- Helpers --------------------------------------------------------------------------------------------------------

# Crashes without a core: the program is their group.
crash() { # PROGRAM VERSION: ID of a crash that has been stored
    ID=$(uuid)
    request -H "$AUTH" -F "meta={\"crash_id\":\"$ID\",\"hostname\":\"web1\",\"executable\":\"$1\",\"version\":\"$2\",\"pid\":1,\"signal\":11,\"core_problem\":\"none\"};type=application/json" \
        "$CORRAL_INGEST_URL/api/v1/crashes"
    wait_for 20 stored "$ID"
}
stored() { [ "$(sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'")" = 1 ]; }
group_of() { sql "SELECT id FROM crash_groups WHERE executable = '$1'"; } # PROGRAM
status_of() { sql "SELECT status FROM crash_groups WHERE id = $1"; }      # GROUP
told() { sql "SELECT count(*) FROM group_activity WHERE group_id = $1 AND kind = '$2'"; } # GROUP KIND
act() { # GROUP ACTION [FIELD=VALUE...]: STATUS, BODY
    local group=$1 action=$2 args=()
    shift 2
    for field; do args+=(--data-urlencode "$field"); done
    request -H "$WRITE" -X POST "${args[@]}" "$CORRAL_URL/api/v1/groups/G-$group/$action"
}
looked_again() { [ "$(status_of "$1")" = "$2" ]; } # GROUP STATUS

ok 'crashes of two programs' crash /usr/bin/one 1.9
crash /usr/bin/one 1.10
crash /usr/bin/two ''
ONE=$(group_of /usr/bin/one) TWO=$(group_of /usr/bin/two)
is "$(sql "SELECT string_agg(version, ' ' ORDER BY version_order) FROM programs WHERE executable = '/usr/bin/one'")" '1.9 1.10' \
    'versions sort by their numbers'

# --- Resolved in a version ------------------------------------------------------------------------------------------

act "$ONE" resolve in=1.11
is "$STATUS $(jq -r '.status, .wakes.from_version' <<<"$BODY" | paste -sd ' ')" '200 resolved 1.11' 'resolved in a version'
crash /usr/bin/one 1.10
crash /usr/bin/one ''
is "$(status_of "$ONE") $(sql "SELECT event_count FROM crash_groups WHERE id = $ONE")" 'resolved 4' 'older versions, and unknown ones, crash on'
crash /usr/bin/one 1.11
is "$(status_of "$ONE") $(told "$ONE" regressed)" 'regressed 1' 'that version brings it back'
is "$(sql "SELECT detail ->> 'version', detail ->> 'event' = '$ID' FROM group_activity WHERE kind = 'regressed'")" '1.11|t' 'which is told with the crash'
act "$ONE" resolve in=next
is "$STATUS $(jq -r .wakes.after_version <<<"$BODY")" '200 1.11' 'resolved in the next version'
crash /usr/bin/one 1.11
is "$(status_of "$ONE")" resolved 'the present one does not count'
crash /usr/bin/one 2.0-rc1
is "$(status_of "$ONE")" regressed 'a later one does'
act "$TWO" resolve in=next
is "$STATUS $(jq -r .status <<<"$BODY")" '400 400' 'without any version there is no next one'
like "$BODY" 'no next one' '... which is said'
act "$TWO" resolve
crash /usr/bin/two ''
is "$(status_of "$TWO")" regressed 'resolved at once: any crash brings it back'

# --- Muted ----------------------------------------------------------------------------------------------------------

act "$TWO" mute until=2
is "$STATUS $(jq -c '[.status, .wakes.event_count, .wakes.events_left]' <<<"$BODY")" '200 ["muted",2,2]' 'muted until two more crashes'
crash /usr/bin/two ''
is "$(status_of "$TWO")" muted 'the first'
crash /usr/bin/two ''
is "$(status_of "$TWO") $(told "$TWO" ongoing)" 'ongoing 1' 'the second wakes it'
act "$ONE" mute until=next
crash /usr/bin/one 2.0-rc1
is "$(status_of "$ONE")" muted 'muted until a later version: the same one'
crash /usr/bin/one 2.0
is "$(status_of "$ONE")" ongoing '... and a later one'
act "$ONE" mute
crash /usr/bin/one 3.0
is "$(status_of "$ONE")" muted 'muted for good'
act "$ONE" reopen
is "$STATUS $(jq -r .status <<<"$BODY")" '200 ongoing' 'and opened by hand'

# What time does is looked at once a minute, and when the worker starts.
act "$ONE" mute until=7d
act "$TWO" mute until=3/24h
sql "UPDATE group_rests SET until = now() WHERE group_id = $ONE"
sql "INSERT INTO crash_groups (title, first_seen, last_seen, event_count) VALUES ('old', now() - interval '8 days', now(), 700),
    ('calm', now() - interval '9 days', now() - interval '2 days', 700)"
OLD=$(sql "SELECT id FROM crash_groups WHERE title = 'old'") CALM=$(sql "SELECT id FROM crash_groups WHERE title = 'calm'")
sql "INSERT INTO group_hours SELECT $OLD, date_trunc('hour', now()) - i * interval '1 hour', 1 FROM generate_series(24, 190) AS i;
     INSERT INTO group_hours VALUES ($OLD, date_trunc('hour', now()), 500)"
sql "UPDATE crash_groups SET status = 'escalating' WHERE id = $CALM"
ok 'the worker starts again' stack restart workerd
ok 'a time that is over ends a mute' wait_for 20 looked_again "$ONE" ongoing
ok 'so do so many crashes within a time' wait_for 20 looked_again "$TWO" ongoing
ok 'a group that is calm is not escalating' wait_for 20 looked_again "$CALM" ongoing
ok 'what was new a week ago is not' wait_for 20 looked_again "$OLD" escalating
is "$(sql "SELECT kind FROM group_activity WHERE group_id = $OLD ORDER BY id" | paste -sd ' ')" 'ongoing escalating' '... and what crashes much more than it did escalates'

# --- Who, what, where -----------------------------------------------------------------------------------------------

ok 'a second user' "$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-user vera --role triager
act "$ONE" assign to=vera
is "$STATUS $(jq -r .assignee <<<"$BODY")" '200 vera' 'assigned'
act "$ONE" assign to=nemo
is "$STATUS" 400 'not to somebody unknown'
act "$ONE" assign to=me
is "$STATUS" 400 'nor to a program'
act "$ONE" label 'label=needs repro'
act "$ONE" label label=parser
act "$ONE" label label=parser
act "$ONE" unlabel 'label=needs repro'
is "$(jq -c .labels <<<"$BODY") $(told "$ONE" labelled)" '["parser"] 2' 'labels'
act "$ONE" link url=https://tracker.example/17
is "$(jq -c .links <<<"$BODY")" '["https://tracker.example/17"]' 'a link'
act "$ONE" link 'url=javascript:alert(1)'
is "$STATUS $(sql 'SELECT count(*) FROM group_links')" '400 1' 'which must be one'
act "$ONE" comment $'text=two\nlines <b>'
is "$(jq -r '.activity[0].kind, .activity[0].text' <<<"$BODY")" $'commented\ntwo\nlines <b>' 'a comment'
is "$(sql "SELECT count(*) FROM audit_log WHERE action = 'group.comment' AND detail = '{}'")" 1 'is in the audit log without its text'

# --- Two at once ----------------------------------------------------------------------------------------------------

request -H "$WRITE" "$CORRAL_URL/api/v1/groups/G-$ONE"
ETAG=$(sed -n 's/^ETag: //Ip' <<<"$HEADERS")
like "$ETAG" '^"[0-9]+-[0-9a-f]+"$' 'a group has an ETag'
request -H "$WRITE" -H "If-Match: W/$ETAG" -X POST -d to=nobody "$CORRAL_URL/api/v1/groups/G-$ONE/assign"
is "$STATUS" 200 'who has seen the latest may change it'
request -H "$WRITE" -H "If-Match: $ETAG" -X POST "$CORRAL_URL/api/v1/groups/G-$ONE/resolve"
is "$STATUS $(status_of "$ONE")" '412 ongoing' 'who has not may not'

# --- Many -----------------------------------------------------------------------------------------------------------

request -H "$WRITE" -H 'Content-Type: application/json' --data "{\"action\":\"resolve\",\"in\":\"next\",\"ids\":[\"G-$ONE\",\"G-$TWO\",\"G-4711\",\"x\"]}" \
    "$CORRAL_URL/api/v1/groups/act"
is "$STATUS $(jq -c '[.results[].result]' <<<"$BODY")" '200 ["done","refused","not_found","not_found"]' 'each of many has its own result'
is "$(status_of "$ONE") $(status_of "$TWO")" 'resolved ongoing' 'and what could be done is done'
for body in '{"action":"resolve","ids":[1]}' '{"action":"resolve"}' '[]' '{"action":{}}' '{'; do
    request -H "$WRITE" -H 'Content-Type: application/json' --data "$body" "$CORRAL_URL/api/v1/groups/act"
    case "$STATUS $body" in
    '400 '*) ;;
    *) diag "$body: $STATUS" ;;
    esac
done
is "$STATUS" 400 'a broken body is refused'
request -c "$WORK/jar" -H 'Sec-Fetch-Site: same-origin' --data-urlencode name=admin --data-urlencode "password=$(cat "$STACK/password")" "$CORRAL_URL/login"
CSRF=$(curl -sS -b "$WORK/jar" "$CORRAL_URL/groups/G-$ONE" | sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p' | head -n 1)
request -b "$WORK/jar" -d "csrf=$CSRF&action=reopen&id=G-$ONE&id=G-$TWO&back=/groups%3Fstatus%3Dall" "$CORRAL_URL/groups/act"
is "$STATUS $(sed -n 's/^Location: //Ip' <<<"$HEADERS") $(status_of "$ONE")" '303 /groups?status=all ongoing' 'a form for many'
request -b "$WORK/jar" -d "csrf=$CSRF&action=mute&id=G-$ONE&id=G-4711&back=//evil.example" "$CORRAL_URL/groups/act"
is "$STATUS" 409 'says when not all was done'
like "$BODY" 'G-4711' '... of which groups'
unlike "$BODY" 'evil' '... and does not lead away'
like "$BODY" 'value="G-4711" checked' '... which stay ticked'
like "$BODY" 'name="action" value="resolve next"' '... beside what can be done with them'
request -b "$WORK/jar" "$CORRAL_URL/groups?status=all"
like "$BODY" "form=\"bulk\" name=\"id\" value=\"G-$TWO\"" 'each row of the list can be ticked'
bulk() { request -b "$WORK/jar" -d "csrf=$CSRF&id=G-$TWO&back=/groups" "$@" "$CORRAL_URL/groups/act"; } # CURL-ARGUMENT...
bulk --data-urlencode 'action=mute 7d'
is "$STATUS $(status_of "$TWO") $(sql "SELECT round(extract(epoch FROM until - now()) / 86400) FROM group_rests WHERE group_id = $TWO")" \
    '303 muted 7' 'a button says for how long'
bulk --data-urlencode 'action=assign me'
bulk -d action=label --data-urlencode 'label=<b>'
request -b "$WORK/jar" "$CORRAL_URL/groups?status=all&q=owner:me+label:%3Cb%3E"
like "$BODY" "value=\"G-$TWO\"" 'what was said of it is found'
like "$BODY" 'q=label%3A%22%3Cb%3E%22">&lt;b&gt;</a>' '... and stands in the row'
is "$(request -H "$WRITE" "$CORRAL_URL/api/v1/groups?status=all&q=owner:admin"; jq -c '.groups[0] | [.assignee, .labels]' <<<"$BODY")" '["admin",["<b>"]]' '... of the API, too'
bulk -d action=unlabel --data-urlencode 'label=<b>'
bulk --data-urlencode 'action=assign nobody'
bulk -d action=resolve -d in=9.9
is "$STATUS $(sql "SELECT version FROM group_rests WHERE group_id = $TWO")" '303 9.9' 'a field of its own says it as well'
bulk -d action=reopen
request -b "$WORK/jar" "$CORRAL_URL/groups/G-$ONE"
like "$BODY" 'lines &lt;b&gt;' 'a comment is text'
like "$BODY" 'Muted. Until somebody reopens it' 'the page says what the group waits for'

# --- Merged ---------------------------------------------------------------------------------------------------------

act "$TWO" label label=second
act "$ONE" merge "into=G-$TWO"
merged() { [ "$(sql "SELECT merged_into FROM crash_groups WHERE id = $ONE")" = "$TWO" ]; }
ok 'one group is merged into the other' wait_for 20 merged
request -H "$WRITE" "$CORRAL_URL/api/v1/groups/G-$TWO"
is "$(jq -c '[.labels, .links]' <<<"$BODY")" '[["parser","second"],["https://tracker.example/17"]]' 'labels and links come along'
is "$(jq '[.activity[] | select(.kind == "commented")] | length' <<<"$BODY")" 1 'and what was said'
act "$ONE" comment text=late
is "$STATUS $(sql "SELECT group_id FROM group_activity WHERE detail ->> 'text' = 'late'")" "200 $TWO" 'the old number leads to the new group'

# --- Removed --------------------------------------------------------------------------------------------------------

crash /usr/bin/three 1.0
THREE=$(group_of /usr/bin/three)
KEPT=$(sql "SELECT count(*) FROM crash_events e JOIN crash_groups g ON g.id = e.group_id WHERE g.executable <> '/usr/bin/three'")
cores() { find "$STACK/data/crashes" -mindepth 4 -maxdepth 4 | wc -l; }
FOLDERS=$(cores)
WEAK=$("$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-token write weak 2>/dev/null)
request -H "Authorization: Bearer $WEAK" -X POST "$CORRAL_URL/api/v1/groups/G-$THREE/remove"
is "$STATUS" 403 'only an administrator removes'
act "$TWO" remove
is "$STATUS $(jq -r .kind <<<"$BODY")" '202 remove' 'a group is to be removed'
gone() { [ "$(sql "SELECT count(*) FROM crash_groups WHERE id IN ($ONE, $TWO)")" = 0 ]; }
ok 'it goes' wait_for 20 gone
is "$(sql "SELECT count(*) FROM crash_events WHERE group_id IN ($ONE, $TWO)")" 0 'with its events, those of the group that was merged into it among them'
is "$(sql "SELECT (SELECT count(*) FROM group_activity WHERE group_id IN ($ONE, $TWO)) + (SELECT count(*) FROM programs WHERE executable IN ('/usr/bin/one', '/usr/bin/two'))")" 0 \
    'its history and its programs'
is "$(cores) $(sql 'SELECT count(*) FROM hosts')" '1 1' 'and its files; what others have stays'
unlike "$KEPT $FOLDERS" '^0 | 1$' '... where there was more'
request -H "$WRITE" "$CORRAL_URL/api/v1/groups/G-$TWO"
is "$STATUS $(sql "SELECT count(*) FROM audit_log WHERE action = 'group.removed'")" '404 1' 'which the audit log has'
crash /usr/bin/two ''
is "$(status_of "$(group_of /usr/bin/two)")" new 'the next crash founds a new group'

done_testing
