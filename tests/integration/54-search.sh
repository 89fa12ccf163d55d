#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 180
# The query language over crashes of several programs: each field finds what a plain filter over all rows finds, of groups and of events;
# mistakes are shown where they are; and events are analysed again by query, each once, whatever is killed.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need gdb
need jq
need mandoc

# --- Every field is explained and tested ----------------------------------------------------------------------------

mapfile -t FIELDS < <(sed -nE 's/^ *\[SEARCH_[A-Z]+\] = *\{"([a-z]+)".*/\1/p' common/search/fields.c)
ok 'there are fields' test ${#FIELDS[@]} -gt 20
mandoc -T ascii -O width=78 docs/man/corral-query.7 | col -b >"$WORK/manual"
for field in "${FIELDS[@]}"; do
    ok "$field: is in corral-query(7)" grep -qE "^[[:space:]]+$field:" "$WORK/manual"
done

# --- Material -------------------------------------------------------------------------------------------------------

mkdir -p "$STACK/conf"
printf '%s\n' 'heal_rate = 5' 'claim_idle = 2s' >"$STACK/conf/workerd.extra"
stack_up
stack stop sender
AUTH="Authorization: Bearer $(cat "$STACK/tokens/ingest")"
CRASHES=$CORRAL_INGEST_URL/api/v1/crashes

# Programs that die of different things in functions of different names; the third one's is never uploaded.
program() { # NAME BUILD-ID STATEMENT FUNCTION
    printf '%s\n' '#include <stdlib.h>' 'int volatile *nowhere, zero;' \
        "__attribute__((noinline)) static int $4(int n) { $3; return n; }" \
        "__attribute__((noinline)) static int $1_work(int n) { return $4(n) + 1; }" \
        "int main(int argc, char **argv) { return $1_work(argc) + (argv[0] ? abs(argc) : 0); }" >"$WORK/$1.c"
    gcc -g -O1 -fno-optimize-sibling-calls -Wl,--build-id="0x$2" -o "$WORK/$1" "$WORK/$1.c" &&
        gdb -batch -nx -ex run -ex "generate-core-file $WORK/$1.core" "$WORK/$1" >"$WORK/gdb.log" 2>&1
    [ -s "$WORK/$1.core" ]
}
id_of() { printf "%.0s$1" {1..40}; } # DIGIT: a build-id
put() { request -H "$AUTH" -X PUT --data-binary "@$2" "$CORRAL_INGEST_URL/api/v1/modules/$1/executable"; }
stored() { [ "$(sql "SELECT count(*) FROM crash_events WHERE crash_id = '$1'")" = 1 ]; }
CRASH=
crash() { # NAME HOST SIGNAL VERSION [MEMBERS]: CRASH is then its id
    CRASH=$(uuid)
    printf '{"crash_id":"%s","hostname":"%s","executable":"%s","version":"%s","pid":4711,"signal":%s%s}' \
        "$CRASH" "$2" "$WORK/$1" "$4" "$3" "${5:-}" >"$WORK/meta"
    request -H "$AUTH" -F "meta=<$WORK/meta;type=application/json" \
        -F "core=@$WORK/$1.core;type=application/octet-stream" "$CRASHES"
    wait_for 20 stored "$CRASH"
}

ok 'a program that reads where nothing is' program shop "$(id_of a)" 'n += *nowhere' price_of
ok 'one that aborts' program bank "$(id_of b)" 'abort()' pay_out
ok 'one that divides by zero' program mill "$(id_of c)" 'n /= zero' grind
put "$(id_of a)" "$WORK/shop"
put "$(id_of b)" "$WORK/bank"
SHOP=',"unit":"shop.service","kernel":"6.1.0-30-amd64","architecture":"x86_64","distribution":"Debian GNU/Linux 12 (bookworm)"'
SHOP+=',"package":"shop","package_version":"1.0-1","cpu_model":"AMD EPYC 7","tags":{"image":"registry/shop:1"}'
ok 'a crash of the first' crash shop web1 11 1.0 "$SHOP"
FIRST=$CRASH
ok 'of another version elsewhere' crash shop web2 11 1.1 "${SHOP//6.1.0-30/6.1.0-31}"
ok 'of the second' crash bank db_1 6 2.0 ',"unit":"bank.service","kernel":"5.10.0","architecture":"aarch64"'
ok 'of the third, of which little is known' crash mill web1 8 3.0
sql "UPDATE crash_groups SET status = 'muted' WHERE signal = 6;
     UPDATE crash_groups SET split_hint = '{}' WHERE signal = 8;
     UPDATE crash_groups SET first_seen = first_seen - interval '30 days' WHERE signal = 8;
     UPDATE crash_events SET problem_id = (SELECT min(id) FROM problems) WHERE problem_id = 0 AND signal = 8 AND EXISTS (SELECT FROM problems)"
sql "UPDATE crash_groups SET assignee = (SELECT min(id) FROM users) WHERE signal = 8;
     INSERT INTO group_labels SELECT id, 'needs repro' FROM crash_groups WHERE signal = 6;
     INSERT INTO group_links (group_id, url) SELECT id, 'https://tracker.example/4711' FROM crash_groups WHERE signal = 6;
     INSERT INTO group_activity (group_id, actor, kind) SELECT id, 'user:x', 'commented' FROM crash_groups WHERE signal = 8"
OWNER=$(sql 'SELECT name FROM users ORDER BY id LIMIT 1')
is "$(searched_wrong)" 0 'what is counted for searches agrees with the events'
is "$(sql 'SELECT count(*) FROM environments')" 4 'a row for each combination'

# --- Groups, beside a plain filter ----------------------------------------------------------------------------------

# A row for each event with everything that it is asked by, joined from the tables themselves.
sql "CREATE VIEW flat AS
     SELECT e.*, g.title, g.status, g.event_count, g.host_count, g.first_seen, g.last_seen, g.split_hint, g.title_rank, h.hostname,
            p.executable, p.version, s.functions, s.files, s.modules, s.build_ids, s.cause, v.unit, v.image, v.kernel, v.architecture,
            v.distribution, v.package, v.package_version, v.cpu, x.problem,
            (SELECT array_agg(encode(f.fingerprint, 'hex')) FROM group_fingerprints f WHERE f.group_id = g.id) AS keys
     FROM crash_events e JOIN crash_groups g ON g.id = e.group_id JOIN hosts h ON h.id = e.host_id JOIN programs p ON p.id = e.program_id
     LEFT JOIN stacks s ON s.id = e.stack_id LEFT JOIN environments v ON v.id = e.environment_id LEFT JOIN problems x ON x.id = e.problem_id"
plain() { sql "SELECT DISTINCT group_id FROM flat WHERE $1 ORDER BY 1"; } # CONDITION
found() { # QUERY
    request -G -H "Authorization: Bearer $(cat "$STACK/tokens/admin")" --data-urlencode "q=$1" -d status=all "$CORRAL_URL/api/v1/groups"
    printf '%s' "$BODY" | jq -r '.groups[].id | ltrimstr("G-")' | sort -n
}
GROUP=$(sql "SELECT group_id FROM crash_events WHERE crash_id = '$FIRST'")
KEY=$(sql "SELECT left(keys[1], 12) FROM flat WHERE crash_id = '$FIRST'")
CAUSE=$(sql "SELECT cause FROM flat WHERE crash_id = '$FIRST'")
PROBLEM=$(sql 'SELECT left(min(problem), 8) FROM problems')
like "$CAUSE" '^[a-z]' 'the rule of a cause is in the database'

ROWS="price_of => 'price_of' = ANY (functions)
PRICE => 'price_of' = ANY (functions)
sigabrt => title LIKE 'SIGABRT%'
is:open => status <> 'muted'
is:muted => status = 'muted'
signal:SIGSEGV => signal = 11
signal:[abrt,8] => signal IN (6, 8)
exe:shop => executable = '$WORK/shop'
exe:\"${WORK##*/}/bank\" => executable = '$WORK/bank'
exe:/*/mill => executable = '$WORK/mill'
exe:opt/shop => false
comm:shop => executable LIKE '%/shop'
version:1.* => version LIKE '1.%'
func:price_of => 'price_of' = ANY (functions)
func:*_work => array_to_string(functions, ' ') LIKE '%\\_work%'
func:pay => false
file:shop.c => array_to_string(files, ' ') LIKE '%/shop.c%'
module:libc.so* => array_to_string(modules, ' ') LIKE '%/libc.so%'
buildid:aaaa => array_to_string(build_ids, ' ') LIKE '%aaaa%'
buildid:$(id_of c) => '$(id_of c)' = ANY (build_ids)
cause:$CAUSE => cause = '$CAUSE'
problem:\"$PROBLEM\" => strpos(problem, '$PROBLEM') > 0
host:web1 => hostname = 'web1'
host:db_1 => hostname = 'db_1'
host:web_ => false
host:WEB* => hostname LIKE 'web%'
host:[web2,db_1] => hostname IN ('web2', 'db_1')
unit:shop.service => unit = 'shop.service'
image:*/shop:1 => image = 'registry/shop:1'
kernel:6.1.0-31* => kernel LIKE '6.1.0-31%'
arch:aarch64 => architecture = 'aarch64'
distro:debian => distribution LIKE 'Debian%'
pkg:shop => package = 'shop'
pkg:shop=1.0* => package = 'shop' AND package_version LIKE '1.0%'
pkg:shop=2* => false
cpu:epyc => cpu LIKE '%EPYC%'
has:core => stack_id IS NOT NULL AND flags & 40 = 0
has:symbols => title_rank >= 2
has:hint => split_hint IS NOT NULL
symbols:missing => title_rank < 2
symbols:[full,partial] => title_rank >= 2
count:2 => event_count = 2
count:>1 => event_count > 1
count:<=1 => event_count <= 1
hosts:>=2 => host_count >= 2
first:<7d => first_seen > now() - interval '7 days'
first:>7d => first_seen < now() - interval '7 days'
last:$(date -u +%F) => last_seen >= date_trunc('day', now())
last:<2000-01-01 => false
owner:$OWNER => signal = 8
owner:none => signal <> 8
label:\"needs repro\" => signal = 6
label:[other,needs*] => signal = 6
bug:4711 => signal = 6
bug:https://tracker.example/4711 => signal = 6
bug:471 => false
has:bug => signal = 6
has:comment => signal = 8
fp:$KEY => group_id = $GROUP
id:G-$GROUP => group_id = $GROUP
id:$FIRST => group_id = $GROUP
host:web1 version:1.1 => group_id = $GROUP
exe:shop func:price_of is:new => executable LIKE '%/shop'"
while read -r row; do
    query=${row%% => *} condition=${row#* => }
    is "$(found "$query")" "$(plain "$condition")" "groups: $query"
    [[ $query = *' '* ]] && continue
    is "$(found "!$query")" "$(sql "SELECT id FROM crash_groups WHERE merged_into IS NULL AND id NOT IN (SELECT group_id FROM flat WHERE $condition) ORDER BY 1")" "groups: !$query"
done <<<"$ROWS"
is "$(while read -r row; do
    [[ $row = *' => false' || $row = sigabrt* || -n $(plain "${row#* => }") ]] || echo "$row"
done <<<"$ROWS")" '' 'each of them has something to find, but where it says that there is nothing'
is "$(for field in "${FIELDS[@]}"; do grep -q "^$field:" <<<"$ROWS" || echo "$field"; done)" '' 'every field was asked for'

# --- The list of events, beside the same filter ---------------------------------------------------------------------

ADMIN=$(cat "$STACK/tokens/admin")
events() { # CURL-ARGUMENT...: BODY is a page of the list
    request -G -H "Authorization: Bearer $ADMIN" "$@" "$CORRAL_URL/api/v1/events"
}
listed() { # QUERY
    events --data-urlencode "q=$1"
    [ "$STATUS" = 200 ] || diag "$STATUS: $BODY"
    printf '%s' "$BODY" | jq -r '.events[].id'
}
flat_events() { sql "SELECT crash_id FROM flat WHERE $1 ORDER BY received_at DESC, crash_id DESC"; } # CONDITION
while read -r row; do
    query=${row%% => *} condition=${row#* => }
    case $query in # a group may meet two terms by two events
        *symbols:*) continue ;;
        "id:$FIRST") condition="crash_id = '$FIRST'" ;;
        'host:web1 version:1.1') condition=false ;;
    esac
    is "$(listed "$query")" "$(flat_events "$condition")" "events: $query"
    [[ $query = *' '* ]] && continue
    is "$(listed "!$query")" "$(flat_events "($condition) IS NOT TRUE")" "events: !$query"
done <<<"$ROWS"
is "$(listed symbols:missing)" "$(flat_events "coalesce(functions, '{}') = '{}'")" 'events: symbols:missing'

# The last page's cursor leads on, over days that are far apart.
sql "SELECT ensure_event_partition((now() - interval '40 days')::date);
     UPDATE crash_events SET received_at = received_at - interval '40 days' WHERE crash_id = '$FIRST'"
walked() { # CURL-ARGUMENT...: all ids, a page after the other
    local cursor='' pages=0
    while ((++pages < 20)); do
        events -d limit=1 -d "cursor=$cursor" "$@"
        printf '%s' "$BODY" | jq -r '.events[].id'
        cursor=$(printf '%s' "$BODY" | jq -r '.next_cursor // empty')
        [ -n "$cursor" ] || return
    done
}
is "$(walked)" "$(flat_events true)" 'page after page, to the oldest'
is "$(walked -d 'q=exe:shop')" "$(flat_events "executable LIKE '%/shop'")" '... of a query'
is "$(walked -d from=now-30d)" "$(flat_events "crash_id <> '$FIRST'")" '... since a time'
is "$(walked -d to=now-30d)" "$FIRST" '... until one'
events -d limit=1 -d 'q=host:web1'
like "$(sed -n 's/^link: //Ip' <<<"$HEADERS")" '^</api/v1/events\?q=host%3Aweb1&limit=1&cursor=[0-9]+\.[0-9a-f-]{36}>; rel="next"' 'a header says where the next page is'
for wrong in 'limit=0' 'cursor=12' 'cursor=12.x' 'from=yesterday' 'from=2026-11-21&to=2026-11-20' 'q=fnc:x'; do
    events -d "$wrong"
    is "$STATUS" 400 "refused: $wrong"
done
sql "UPDATE crash_events SET received_at = received_at + interval '40 days' WHERE crash_id = '$FIRST'"

# What the groups that match have in common.
facets() { # FACETS QUERY
    request -G -H "Authorization: Bearer $ADMIN" -d status=all -d "facets=$1" --data-urlencode "q=$2" "$CORRAL_URL/api/v1/groups"
    printf '%s' "$BODY" | jq -c '.facets'
}
is "$(facets host,version 'exe:shop')" \
    '{"version":[{"value":"1.0","groups":1},{"value":"1.1","groups":1}],"host":[{"value":"web1","groups":1},{"value":"web2","groups":1}]}' \
    'facets: the values of the groups that match'
is "$(facets host '' | jq -c '.host[0]')" '{"value":"web1","groups":2}' '... the most frequent first'
is "$(facets signal,exe,status,unit,kernel,distro exe:bank)" "{\"status\":[{\"value\":\"muted\",\"groups\":1}],\"signal\":[{\"value\":\"SIGABRT\",\"groups\":1}],\"exe\":[{\"value\":\"$WORK/bank\",\"groups\":1}],\"unit\":[{\"value\":\"bank.service\",\"groups\":1}],\"kernel\":[{\"value\":\"5.10.0\",\"groups\":1}],\"distro\":[]}" '... of every field'
request -G -H "Authorization: Bearer $ADMIN" -d facets=colour "$CORRAL_URL/api/v1/groups"
is "$STATUS" 400 '... and of no other'

# Groups by the hours in which they crashed.
ids_between() { # FROM TO
    request -G -H "Authorization: Bearer $ADMIN" -d status=all -d "from=$1" -d "to=$2" "$CORRAL_URL/api/v1/groups"
    printf '%s' "$BODY" | jq -r '.groups[].id | ltrimstr("G-")' | sort -n
}
is "$(ids_between now-1h now)" "$(plain true)" 'groups that crashed of late'
is "$(ids_between now-60d now-30d)" '' 'none did so long ago'

# --- Mistakes and what is pasted ------------------------------------------------------------------------------------

found 'is:open fnc:x' >/dev/null
is "$STATUS" 400 'a mistake is refused by the API'
like "$(printf '%s' "$BODY" | jq -r .detail)" 'from byte 9 on: there is no field fnc.* did you mean func\?' '... with its place and what may be meant'

# --- Events, by query -----------------------------------------------------------------------------------------------

request_left() { "$BIN/corral-workerd" --reanalyse -c "$STACK/conf/workerd.conf" --query "$1" | sed -n 's/^request \([0-9]*\) left.*/\1/p'; }
state_of() { sql "SELECT state, total, done FROM grouping_requests WHERE id = $1"; } # REQUEST
ended() { [[ $(state_of "$1") = done* || $(state_of "$1") = failed* ]]; }
again() { sql "SELECT count(*) FROM event_reanalyses WHERE at >= (SELECT began_at FROM grouping_requests WHERE id = $1)"; } # REQUEST

EVENT_ROWS="host:web1 => hostname = 'web1'
!func:price_of => NOT ('price_of' = ANY (coalesce(functions, '{}')))
version:1.1 kernel:6.1.0-31* => version = '1.1'
price_of is:new => 'price_of' = ANY (functions)
symbols:missing => coalesce(functions, '{}') = '{}'
cause:$CAUSE => cause = '$CAUSE'
id:$FIRST => crash_id = '$FIRST'
host:nosuch => false"
while read -r row; do
    query=${row%% => *}
    expected=$(sql "SELECT count(*) FROM flat WHERE flags & 40 = 0 AND (${row#* => })")
    R=$(request_left "$query")
    ok "a request: $query" wait_for 20 ended "$R"
    is "$(state_of "$R") $(again "$R")" "done|$expected|$expected $expected" "... analyses again what a plain filter finds: $expected"
done <<<"$EVENT_ROWS"
is "$(searched_wrong)" 0 'all counts agree'
"$BIN/corral-workerd" --reanalyse -c "$STACK/conf/workerd.conf" --query 'fnc:x' >"$WORK/out" 2>&1
is $? 2 'a query with a mistake is refused'
like "$(head -n 3 "$WORK/out" | tr '\n' '~')" 'did you mean func\?~fnc:x~\^\^\^~' '... and shown'

# By the API, for whoever may: 202, and a right of its own kind.
ask_again() { # TOKEN QUERY
    request -H "Authorization: Bearer $1" --data-urlencode "query=$2" "$CORRAL_URL/api/v1/reprocess"
}
add_token() { "$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-token "$1" "test-$1" 2>/dev/null; } # SCOPE
ask_again "$(add_token read)" 'host:web2'
is "$STATUS" 403 'who only reads may not ask for it'
WRITE=$(add_token write)
ask_again "$WRITE" 'host:web2'
is "$STATUS" 202 'who may change may'
R=$(printf '%s' "$BODY" | jq .id)
is "$(printf '%s' "$BODY" | jq -r .query)" 'host:web2' '... and sees for what'
ok '... it is done' wait_for 20 ended "$R"
is "$(state_of "$R")" "done|1|1" '... for what matches'
is "$(sql "SELECT count(*) FROM audit_log WHERE action = 'events.reprocess.ask' AND detail ->> 'query' = 'host:web2'")" 1 '... and written down'
ask_again "$WRITE" 'hots:web2'
is "$STATUS" 400 'a mistake is refused'
ask_again "$WRITE" ' '
is "$STATUS" 400 'and so is what would be everything'

for n in 1 2 3 4 5 6 7 8; do crash shop "web$n" 11 1.0 "$SHOP" || fail "crash $n"; done
N=$(sql "SELECT count(*) FROM flat WHERE executable LIKE '%/shop'")
R=$(request_left 'exe:shop')
some_done() { [ "$(sql "SELECT done FROM grouping_requests WHERE id = $R")" -ge 2 ]; }
ok 'a longer request is at work' wait_for 20 some_done
stack kill workerd
BEFORE=$(again "$R")
ok '... and was cut off in the middle' test "$BEFORE" -lt "$N"
stack start workerd
ok 'it is taken up again' wait_for 60 ended "$R"
is "$(again "$R")" "$N" 'every event was analysed again'
like "$(state_of "$R")" "^done\\|($N\\|$N|$((N - 1))\\|$((N - 1)))\$" 'and counted once, less the one whose count was killed'
is "$(searched_wrong)" 0 'all counts agree'
done_testing
