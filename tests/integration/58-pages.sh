#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dashboard's pages about symbols, releases, hosts and Corral itself, over a made-up fleet (tests/browser/fixture); compression,
# validators, masked tokens and chosen colours, as a client without a browser sees them.
# LIMIT: 300
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need curl jq zstd gzip

# shellcheck disable=SC2119
stack_up
ok 'only dashd and the database are needed' stack stop ingestd workerd sender
OWNER="host=$(cat "$STACK/sockets") user=postgres dbname=corral"
if ! tests/browser/fixture "$OWNER" "$STACK/data" >"$WORK/ids" 2>"$WORK/.output"; then
    diag "$(cat "$WORK/.output")"
    bail 'the fixture is loaded'
fi
PASSWORD=$(cat "$STACK/password")
JAR=$WORK/admin.jar
LIBC=89abcdef0123456789abcdef0123456789abcdef

page() { # PATH [CURL-ARGUMENT...]: as the admin
    request -b "$JAR" "${@:2}" "$CORRAL_URL$1"
}

header() { # NAME: its value in HEADERS
    sed -n "s/^$1: //Ip" <<<"$HEADERS" | tr -d '\r'
}

has() { # TEXT: in BODY
    [[ $BODY == *"$1"* ]]
}

request -c "$JAR" -H 'Sec-Fetch-Site: same-origin' --data-urlencode name=admin --data-urlencode "password=$PASSWORD" "$CORRAL_URL/login"
is "$STATUS" 303 'the admin signs in'

# --- Nobody sees them without signing in --------------------------------------------------------------------------------

for path in /symbols "/symbols/$LIBC" /releases /hosts /hosts/web-01.example.net /system; do
    request "$CORRAL_URL$path"
    is "$STATUS" 303 "$path: nobody who is not signed in"
done
request "$CORRAL_URL/api/v1/symbols/missing"
is "$STATUS" 401 'nor the API'

# --- Symbols ----------------------------------------------------------------------------------------------------------

page /symbols
is "$STATUS" 200 'what is missing has a page'
like "$(grep -m 1 'class="what"' <<<"$BODY")" 'libc\.so\.6' 'the module with most events is first'
ok 'with the command that fixes it' has "corralctl symbols upload &#34;\$(debuginfod-find debuginfo $LIBC)&#34;"
ok 'and what debuginfod said' has 'not found'
ok 'a path is quoted for the shell' has 'corralctl symbols upload &#39;&#34;&#39;'
page '/symbols?q=VENDOR'
is "$(grep -c 'class="what"' <<<"$BODY")" 1 'a part of the path finds one, in any case'
page '/symbols?q=89abcd'
is "$(grep -c 'class="what"' <<<"$BODY")" 1 'so does the beginning of its build-id'
page '/symbols?q=nothing-like-it'
ok 'what finds nothing says so' has 'No module here has'
page '/symbols?cursor=wrong'
is "$STATUS" 400 'a cursor that no page gave is refused'

page "/symbols/$LIBC"
ok 'a module says how many events it would heal' has "<b>$(sql "SELECT to_char(events, 'FM999,999') FROM missing_modules WHERE build_id = '$LIBC'") events</b>"
mkdir -p "$STACK/data/modules/89/$LIBC"
head -c 4096 /dev/zero >"$STACK/data/modules/89/$LIBC/debuginfo"
page "/symbols/$LIBC"
ok 'a file that is there is shown with its size' has '4.0 KiB'
page "/symbols/$(printf 'ab%.0s' {1..20})"
is "$STATUS" 404 'an unknown build-id has no page'
page '/symbols/..%2f..%2fetc'
is "$STATUS" 404 'nor has what is none'

page /api/v1/symbols/missing
is "$(jq -r '.modules | length' <<<"$BODY")" "$(sql 'SELECT count(*) FROM missing_modules')" 'the API lists the same'
is "$(jq -c '[.modules[].event_count]' <<<"$BODY")" "$(sql "SELECT '[' || string_agg(events::text, ',' ORDER BY events DESC) || ']' FROM missing_modules")" \
    'in the same order, with the numbers of the view'
is "$(jq -r ".modules[] | select(.build_id == \"$LIBC\") | .debuginfod_answer" <<<"$BODY")" not_found 'with the answer of debuginfod'

# --- Releases and hosts -----------------------------------------------------------------------------------------------

page /releases
is "$(grep -c 'class="what"' <<<"$BODY")" "$(sql 'SELECT count(DISTINCT executable) FROM programs p JOIN group_programs s ON s.program_id = p.id')" 'each program has a row'
page '/releases?exe=/usr/sbin/ordersd&after=2.5.0-1'
introduced=$(sql "SELECT count(*) FROM group_programs s JOIN programs p ON p.id = s.program_id WHERE p.executable = '/usr/sbin/ordersd' GROUP BY group_id
    HAVING bool_and(version = '2.5.0-1')" | wc -l)
ok 'a version tells what it brought' has "<b>New in it</b> <span class=\"muted\">$introduced</span>"
gone=$(sql "SELECT group_id FROM group_programs s JOIN programs p ON p.id = s.program_id WHERE p.executable = '/usr/sbin/ordersd' GROUP BY group_id
    HAVING NOT bool_or(version = '2.5.0-1')" | wc -l)
ok 'and what is probably fixed in it' has "probably fixed</b> <span class=\"muted\">$gone</span>"
page '/releases?exe=/usr/sbin/ordersd&after=2.4.1-1&before=2.4.0-1'
ok 'two versions are compared' has '2.4.1-1 against 2.4.0-1'
page '/releases?exe=/nowhere'
is "$STATUS" 404 'a program that never crashed has no versions'

page /hosts
is "$(grep -c 'class="what"' <<<"$BODY")" "$(sql 'SELECT count(*) FROM hosts')" 'each host has a row'
page /hosts/web-01.example.net
ok 'a host shows its kernel' has 6.1.0-28-amd64
is "$(grep -c 'class="what"' <<<"$BODY")" "$(sql "SELECT least(50, count(*)) FROM group_hosts s JOIN hosts h ON h.id = s.host_id WHERE hostname = 'web-01.example.net'")" \
    'and what crashes on it'
page /hosts
hostile=$(sed -n 's/.*href="\(\/hosts?name=[^"]*\)".*/\1/p' <<<"$BODY")
page "$hostile"
is "$STATUS" 200 'a host with a hostile name has a page'
page /hosts/nobody
is "$STATUS" 404 'a host that never crashed has none'

# --- Corral itself ----------------------------------------------------------------------------------------------------

page /system
ok 'a daemon that is stopped is away' has '<td>corral-workerd</td><td><span class="st st-failed">away</span>'
ok 'what is configured is told from what is not' has '<code>session_lifetime</code></td><td><code>7 days</code></td><td class="whole">default</td>'
ok 'reasons for crashes without a stack are listed' has 'The core ends after 40 of 96 MiB'
ok 'the daemons start' stack start ingestd workerd
page /system
ok 'and are seen to be ready' has '<td>corral-workerd</td><td><span class="st st-done">ready</span>'
ok 'as is Redis' has '<td>Redis</td><td><span class="st st-done">ready</span>'
"$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-user eve --role viewer >"$WORK/eve" 2>/dev/null
request -c "$WORK/eve.jar" -H 'Sec-Fetch-Site: same-origin' --data-urlencode name=eve --data-urlencode "password=$(tail -n 1 "$WORK/eve")" "$CORRAL_URL/login"
request -b "$WORK/eve.jar" "$CORRAL_URL/system"
is "$STATUS" 200 'a viewer sees the page'
not_ok 'but no configuration' has session_lifetime
ok 'PostgreSQL is stopped' stack stop postgres
page /system
is "$STATUS" 503 'without PostgreSQL nobody can be known'
ok 'PostgreSQL is back' stack start postgres
# Each thread of dashd has a connection of its own, and waits a moment before it tries again.
all_threads() {
    for _ in 1 2 3 4 5 6 7 8; do
        page /system
        [ "$STATUS" = 200 ] || return 1
    done
}
ok 'and all threads of dashd have found it' wait_for 10 all_threads

# --- Bytes on their way -------------------------------------------------------------------------------------------------

plain=$(curl -sS -b "$JAR" "$CORRAL_URL/groups" | wc -c)
for coding in gzip zstd; do
    curl -sS -b "$JAR" -D "$WORK/head" -H "Accept-Encoding: $coding" -o "$WORK/body.$coding" "$CORRAL_URL/groups"
    ok "a page comes in $coding" grep -qi "^content-encoding: $coding" "$WORK/head"
    ok 'at a fifth of its length' [ "$(stat -c %s "$WORK/body.$coding")" -lt $((plain / 5)) ]
done
ok 'which is the page' grep -q '</html>' <(gzip -dc "$WORK/body.gzip")
ok 'in both' grep -q '</html>' <(zstd -dcq "$WORK/body.zstd")
page /groups -H 'Accept-Encoding: gzip' -H 'Sec-Fetch-Site: cross-site'
is "$(header Content-Encoding)" '' 'what another site asks for is not compressed'
is "$(header Vary)" Accept-Encoding 'and caches are told what it depends on'

page /api/v1/groups
tag=$(header ETag)
page /api/v1/groups -H "If-None-Match: $tag"
is "$STATUS" 304 'the same rows are not sent twice'
sql "UPDATE crash_groups SET title = title || '!' WHERE id = 1" >/dev/null
page /api/v1/groups -H "If-None-Match: $tag"
is "$STATUS" 200 'others are'

# --- Forms ------------------------------------------------------------------------------------------------------------

csrf() { curl -sS -b "$JAR" "$CORRAL_URL/hosts" | sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p' | head -n 1; }
first=$(csrf)
ok 'two answers hold different tokens' [ "$first" != "$(csrf)" ]
ok 'neither of which is the session'"'"'s' [ "$(sql "SELECT count(*) FROM sessions WHERE position(csrf in '$first') > 0")" = 0 ]
page /theme --data-urlencode "csrf=$first" --data-urlencode theme=dark --data-urlencode 'next=/hosts?q=web'
is "$STATUS $(header Location)" '303 /hosts?q=web' 'either is good for a form'
is "$(header Set-Cookie | cut -d';' -f1)" corral_colours=dark 'which chooses colours'
page /theme --data-urlencode "csrf=$first" --data-urlencode theme=dark --data-urlencode 'next=//evil.example'
is "$(header Location)" / 'and leads nowhere else'
page /theme --data-urlencode "csrf=${first}00" --data-urlencode theme=dark
is "$STATUS" 403 'one that was changed is none'
printf '%s\tFALSE\t/\tFALSE\t0\tcorral_colours\tdark\n' 127.0.0.1 >>"$JAR"
page /hosts
ok 'pages are drawn in the chosen colours' has '<html lang="en" class="dark">'

done_testing
