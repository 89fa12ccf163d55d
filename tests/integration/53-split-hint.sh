#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 150
# A group of several bugs says so and by what to split it, one of one bug reached by several ways does not; one click splits it, another
# dismisses the hint until other crashes come. What came out of a split has it in its history, and splits of splits are undone.
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
ID=$(printf 'b%.0s' {1..40})

# --- Material -------------------------------------------------------------------------------------------------------

# Three ways into evict() crash in it at three lines; two ways into parse() at one. Behind each way there are several.
cat >"$WORK/app.c" <<'C'
int volatile *nowhere, *elsewhere, *far_away;
#define CALL __attribute__((noinline)) static int
CALL evict(int n, int way)
{
    if (way == 'r')
        return *nowhere + n;
    if (way == 't')
        return *elsewhere * n;
    return *far_away - n;
}
CALL cache_put(int n, int way) { return evict(n, way) + 1; }
CALL from_request(int n) { return cache_put(n, 'r') * 2; }
CALL handle_get(int n) { return from_request(n) + 2; }
CALL handle_put(int n) { return from_request(n) + 3; }
CALL handle_post(int n) { return from_request(n) + 4; }
CALL from_timer(int n) { return cache_put(n, 't') * 3; }
CALL tick_fast(int n) { return from_timer(n) + 5; }
CALL tick_slow(int n) { return from_timer(n) + 6; }
CALL from_signal(int n) { return cache_put(n, 's') * 4; }
CALL reload_all(int n) { return from_signal(n) + 7; }
CALL reload_one(int n) { return from_signal(n) + 8; }
CALL parse(int n) { return *nowhere * n; }
CALL load(int n) { return parse(n) * 4; }
CALL open_file(int n) { return load(n) + 9; }
CALL open_first(int n) { return open_file(n) + 10; }
CALL open_again(int n) { return open_file(n) + 11; }
CALL import(int n) { return load(n) + 12; }
CALL import_mail(int n) { return import(n) + 13; }
CALL import_news(int n) { return import(n) + 14; }
int main(int argc, char **argv)
{
    int (*const ways[])(int) = {handle_get, handle_put, handle_post, tick_fast, tick_slow, reload_all, reload_one,
                                open_first, open_again, import_mail, import_news};
    return ways[argv[1][0] - 'a'](argc) + 1;
}
C
core() { # LETTER
    gdb -batch -nx -ex "run $1" -ex "generate-core-file $WORK/core.$1" "$WORK/app" >>"$WORK/gdb.log" 2>&1
    [ -s "$WORK/core.$1" ]
}
stored() { [ "$(sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'")" = 1 ]; }
crash() { # LETTER...
    local id letter
    for letter in "$@"; do
        id=$(uuid)
        request -H "$AUTH" -F "meta={\"crash_id\":\"$id\",\"hostname\":\"web-1\",\"executable\":\"$WORK/app\",\"version\":\"1.0\",\"signal\":11};type=application/json" \
            -F "core=@$WORK/core.$letter;type=application/octet-stream" "$CRASHES"
        wait_for 20 stored "$id"
    done
}
group_of() { # FUNCTION: the groups whose stacks have it
    sql "SELECT string_agg(DISTINCT group_id::text, ' ') FROM group_stacks m JOIN stacks s ON s.id = m.stack_id WHERE s.functions @> ARRAY['$1']"
}
looked() { [ "$(sql 'SELECT count(*) FROM hints_due')" = 0 ]; }
hint() { # GROUP: by what, and the camps with their events
    sql "SELECT coalesce((split_hint -> 'selector')::text || ' ' || (SELECT string_agg(c ->> 'value' || ' ' || (c ->> 'events'), ' ' ORDER BY c ->> 'value')
         FROM jsonb_array_elements(split_hint -> 'camps') AS c), 'none') FROM crash_groups WHERE id = $1"
}

ok 'a program' gcc -g -O1 -fno-optimize-sibling-calls -Wl,--build-id="0x$ID" -o "$WORK/app" "$WORK/app.c"
request -H "$AUTH" -X PUT --data-binary "@$WORK/app" "$CORRAL_INGEST_URL/api/v1/modules/$ID/executable"
is "$STATUS" 201 'known to the server'
for letter in a b c d e f g h i j k; do core $letter || diag "no core $letter"; done
crash a b d e h i j k

# --- What is flagged --------------------------------------------------------------------------------------------------

CACHE=$(group_of evict)
PARSE=$(group_of parse)
is "$(sql "SELECT count(*) FROM group_stacks WHERE group_id = $CACHE") $(sql "SELECT count(*) FROM group_stacks WHERE group_id = $PARSE")" '4 4' \
    'two groups of four ways each'
ok 'both have been looked at' wait_for 30 looked
is "$(hint "$CACHE")" '{"frame": 1} from_request 2 from_timer 2' 'two bugs in one function are told apart by its caller'
is "$(hint "$PARSE")" none 'one bug that is reached by two ways is not'
is "$(api "/groups/G-$CACHE" | json '[.may_be_several, .split_hint.selector.frame, (.split_hint.camps | length), .split_hint.witnesses[]] | join(" ")')" \
    'true 1 2 place' 'the API tells it, with what else differs'
is "$(api '/groups' | json '[.groups[] | select(.may_be_several) | .id] | join(" ")')" "G-$CACHE" 'and the list of groups'

request -c "$WORK/jar" -H 'Sec-Fetch-Site: same-origin' --data-urlencode "name=admin" --data-urlencode "password@$STACK/password" "$CORRAL_URL/login"
page() { request -b "$WORK/jar" "${@:2}" "$CORRAL_URL$1"; } # PATH [CURL-ARGUMENT...]
CSRF=$(curl -sS -b "$WORK/jar" "$CORRAL_URL/" | sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p' | head -n 1)
page "/groups/G-$CACHE"
like "$BODY" 'These may be different bugs' 'its page says so'
like "$BODY" 'and with it in where in that function it crashed' 'and why'
page /groups
is "$(grep -c '>several?<' <<<"$BODY")" 1 'the list marks it'

# --- Grouping anew ----------------------------------------------------------------------------------------------------

sql "UPDATE crash_groups SET split_hint = NULL"
sql "INSERT INTO grouping_requests (actor, kind) VALUES ('test', 'regroup')"
regrouped() { [ "$(sql "SELECT count(*) FROM grouping_requests WHERE state <> 'done'")" = 0 ] && looked; }
ok 'all is grouped anew' wait_for 30 regrouped
is "$(hint "$CACHE") $(hint "$PARSE")" '{"frame": 1} from_request 2 from_timer 2 none' 'and the hint is there again'

# --- Dismissal --------------------------------------------------------------------------------------------------------

page "/groups/G-$CACHE/one-bug" -H 'Sec-Fetch-Site: same-origin' -d "csrf=$CSRF"
is "$STATUS $(sed -n 's/^Location: //Ip' <<<"$HEADERS")" "303 /groups/G-$CACHE" 'somebody says that it is one bug'
is "$(hint "$CACHE") $(sql "SELECT actor FROM audit_log WHERE action = 'group.one-bug' AND subject = 'G-$CACHE'")" 'none user:admin' \
    'the hint is gone, and that is written down'
page "/groups/G-$CACHE"
like "$BODY" 'Said to be one bug' 'the page tells it'
like "$(api "/groups/G-$CACHE" | json .one_bug_since)" '^20' 'and the API'
is "$(curl -sS -o "$WORK/again.json" -w '%{http_code}' -X POST -H "Authorization: Bearer $CORRAL_TOKEN" "$CORRAL_URL/api/v1/groups/G-$CACHE/one-bug")" 200 \
    'to say it again changes nothing'
crash c
ok 'another way of the same camp' wait_for 30 looked
is "$(hint "$CACHE")" none 'does not bring it back'
crash f g
ok 'another camp' wait_for 30 looked
is "$(hint "$CACHE")" '{"frame": 1} from_request 3 from_signal 2 from_timer 2' 'does'

# --- One click --------------------------------------------------------------------------------------------------------

REQUEST=
ended() { api "$REQUEST" | jq -e '.state == "done" or .state == "failed"'; }
do_it() { # DESCRIPTION PATH [FIELD...]: what a person asks for on a page, until it is done
    page "$2" -H 'Sec-Fetch-Site: same-origin' -d "csrf=$CSRF" "${@:3}"
    REQUEST=$(sed -n 's/^Location: //Ip' <<<"$HEADERS")
    ok "$1" wait_for 30 ended
    is "$(api "$REQUEST" | jq -r '[.state, .problem] | join(" ")')" 'done ' '… is done'
}
events_of() { sql "SELECT string_agg(event_count::text, ' ' ORDER BY event_count DESC, id) FROM crash_groups WHERE merged_into IS NULL AND event_count > 0 AND id <> $PARSE"; }
consistent() { # groups whose counts are not those of their events
    sql "SELECT count(*) FROM crash_groups g WHERE merged_into IS NULL AND event_count <> (SELECT count(*) FROM crash_events e WHERE e.group_id = g.id)"
}
do_it 'the split that it proposes' "/groups/G-$CACHE/split" -d by=frame-1
is "$(events_of) $(consistent)" '3 2 2 0' 'makes three groups, and no event is lost'
is "$(group_of from_request)" "$CACHE" 'of which the largest is the old one'
ok 'they are looked at' wait_for 30 looked
is "$(sql 'SELECT count(*) FROM crash_groups WHERE split_hint IS NOT NULL')" 0 'and none is flagged'

# --- What came out of it ----------------------------------------------------------------------------------------------

TIMER=$(group_of from_timer)
page "/groups/G-$TIMER"
like "$BODY" "Split off G-$CACHE by the first frame" 'a part has the split in its history'
like "$BODY" "action=\"/groups/G-$TIMER/undo\"" 'with its undo'
do_it 'a split of the part' "/groups/G-$TIMER/split" -d by=frame-2
is "$(events_of) $(consistent)" '3 2 1 1 0' 'makes two of it'
SMALL=$(group_of tick_slow)
is "$(api "/groups/G-$SMALL" | json '.decisions | length')" "$(api "/groups/G-$TIMER" | json '.decisions | length')" 'each of which has both in its history'
INNER=$(sql 'SELECT max(id) FROM grouping_decisions')
do_it 'its undo' "/groups/G-$SMALL/undo" -d "decision=$INNER"
is "$(events_of) $(consistent) $(group_of from_timer)" "3 2 2 0 $TIMER" 'makes one of them again'
do_it 'the undo of the first from a part' "/groups/G-$TIMER/undo" -d "decision=$((INNER - 1))"
is "$(events_of) $(consistent)" '7 0' 'makes all one'
ok 'it is looked at' wait_for 30 looked
is "$(hint "$CACHE")" none 'and not flagged for what a person has undone'

# --- Crashes without a stack ------------------------------------------------------------------------------------------

bare() { # EXECUTABLE: a crash of which there is no core
    local id
    id=$(uuid)
    request -H "$AUTH" -F "meta={\"crash_id\":\"$id\",\"hostname\":\"web-2\",\"executable\":\"$1\",\"version\":\"1.0\",\"signal\":11,\"core_problem\":\"the disk was full\"};type=application/json" "$CRASHES"
    wait_for 20 stored "$id"
}
group_of_program() { sql "SELECT string_agg(id::text, ' ') FROM crash_groups WHERE executable = '$1' AND merged_into IS NULL"; }
bare /usr/bin/bare
bare /usr/bin/bare
BARE=$(group_of_program /usr/bin/bare)
is "$(sql "SELECT count(*) FROM group_fingerprints WHERE group_id = $BARE")" 1 'a group of crashes without a stack has one key'
do_it 'a merge of it' "/groups/G-$BARE/merge" -d "into=G-$PARSE"
is "$(sql "SELECT event_count FROM crash_groups WHERE id = $PARSE") $(consistent)" '6 0' 'has all events'
do_it 'its undo' "/groups/G-$PARSE/undo" -d "decision=$(sql 'SELECT max(id) FROM grouping_decisions')"
is "$(sql "SELECT string_agg(event_count::text, ' ' ORDER BY id) FROM crash_groups WHERE id IN ($BARE, $PARSE)") $(consistent)" '4 2 0' \
    'gives back those that have no stack'

# As the first version left it: a group that is found by a key of that time, and no other.
OLD=$(printf 'corral fingerprint 1\0memory\0no usable frame\0ancient\00011\0\0' | sha256sum | cut -d ' ' -f 1)
sql "WITH g AS (INSERT INTO crash_groups (title, executable, signal, first_seen, last_seen) VALUES ('SIGSEGV in ancient', '/usr/bin/ancient', 11, now(), now())
     RETURNING id) INSERT INTO group_fingerprints (fingerprint, group_id, algorithm, quality) SELECT decode('$OLD', 'hex'), id, 1, 0 FROM g"
bare /usr/bin/ancient
is "$(sql "SELECT count(*), max(event_count) FROM crash_groups WHERE executable = '/usr/bin/ancient'")" '1|1' 'a crash finds the group that the first version made'

done_testing
